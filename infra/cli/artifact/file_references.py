"""Files as they are named on the command line: `path` or `path:type`, where the path may have colons too."""

from infra.cli.artifact.errors import ArtifactError


def parse_file_reference(text: str, default: str = "") -> tuple[str, str]:
    """Return path and type: what follows the last colon is the type, so `hi:txt:` is the file `hi:txt` without one.

    Raises ArtifactError.
    """
    path, colon, kind = text.rpartition(":")
    if not colon:
        path, kind = text, default
    if not path:
        raise ArtifactError(f'found empty file path in "{text}"')
    return path, kind
