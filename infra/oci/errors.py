"""What can go wrong with artifacts, as one family: a caller that handles `OciError` has met them all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


class OciError(Exception):
    """Something about an artifact failed; the message says what, `fix` what to do, if that is known."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class NotFoundError(OciError):
    """There is no such blob, manifest or tag."""


class InvalidReferenceError(OciError):
    """A text is no reference, tag or digest."""


class InvalidContentError(OciError):
    """Content is not what it says it is: no manifest, too large, malformed."""


class MismatchError(InvalidContentError):
    """Content has another digest or size than its descriptor."""


class UnsupportedError(OciError):
    """The target cannot do what is asked."""


class UnsafePathError(OciError):
    """A name or an archive would write where it must not."""


@contextmanager
def writing(place: str | os.PathLike[str]) -> Iterator[None]:
    """Let errors of the system say where something was being written: there may be no room."""
    try:
        yield
    except OSError as error:
        if error.errno and error.filename is None:
            error.filename = os.fspath(place)
        raise
