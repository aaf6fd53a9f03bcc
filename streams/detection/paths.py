"""Paths as text: joined and normalised by their letters alone, as the kernel's caller wrote them."""


def absolute(path: str, directory: str | None) -> str | None:
    """Return the path made absolute and normalised; None if it is relative to an unknown directory.

    Links are not followed: `/tmp/../etc//shadow` is `/etc/shadow`.
    """
    if not path.startswith("/"):
        if not directory or not directory.startswith("/"):
            return None
        path = f"{directory}/{path}"
    if "//" not in path and "/." not in path:
        return path.rstrip("/") or "/"
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    return "/" + "/".join(names)


def parent(path: str) -> str:
    """Return the directory of a normalised path; of `/` itself `/`."""
    return path.rpartition("/")[0] or "/"


def last_name(path: str) -> str:
    """Return the last name of a normalised path; of `/` itself `/`."""
    return path.rpartition("/")[2] or "/"
