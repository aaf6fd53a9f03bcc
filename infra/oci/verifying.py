"""Whether a file on this machine is the content that a descriptor speaks of."""

import os
import stat
from contextlib import suppress
from io import FileIO
from pathlib import Path

from infra.oci.descriptors import Descriptor
from infra.oci.errors import MismatchError
from infra.oci.streaming import pour
from infra.oci.sums import Sum


def is_whole(path: Path | str, descriptor: Descriptor, folder: int | None = None) -> bool:
    """Read a file, in an open folder if one is given; say whether it is what the descriptor says, and no link."""
    with suppress(OSError, MismatchError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with FileIO(handle, "r") as stream:
            status = os.fstat(handle)
            if stat.S_ISREG(status.st_mode) and status.st_size == descriptor.size:
                sum = Sum(descriptor)
                pour(stream, lambda _: None, sum, descriptor.size)
                sum.verify()
                return True
    return False
