"""What the kernel does with a filter, told in Python: the tests hold the two against each other."""

from schemas.call_filter import CallFilter, cell_of


def is_recorded(found: CallFilter, result: int, flags: int, path: bytes) -> bool:
    """Tell whether a call passes; `flags` are those that the call was given, and creat(2) is given none."""
    cell = 1 << cell_of(result, flags)
    if not found.somewhere & cell:
        return False
    unclear = not path.startswith(b"/") or any(part in path for part in (b"//", b"/.", b"./"))
    if found.anywhere & cell or len(path) > 158 or unclear:
        return True
    fitting = [(len(beginning), cells) for beginning, cells in found.below if path.startswith(beginning)]
    return bool(fitting and max(fitting)[1] & cell)
