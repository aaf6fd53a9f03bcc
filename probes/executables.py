"""What is to be known of an executable beside its path: who may write it, and where it lies."""

import stat
from typing import Final

import numpy as np

from probes.records import LAYER_LOWER, LAYER_UNKNOWN, LAYER_UPPER

KNOWN: Final = 1
WRITABLE: Final = 2
UPPER_LAYER: Final = 4
LOWER_LAYER: Final = 8
IN_MEMORY: Final = 16
LAYERS_KNOWN: Final = 32
"""Bits of `process_exe_flags`."""

CAP_DAC_OVERRIDE: Final = 1
CAP_FOWNER: Final = 3
MEMORY: Final = b"/memfd:"
"""How the kernel begins the path of a file that is only in memory."""


def executable_flags(identity: np.void, uid: int, path: bytes) -> int:
    """Return the bits of `process_exe_flags` for what the kernel told at exec.

    `uid`: the effective user of the process. Of its groups only the effective one is asked.
    """
    layer = int(identity["exe_layer"])
    flags = KNOWN | LAYERS_KNOWN * (layer != LAYER_UNKNOWN)
    flags |= {LAYER_UPPER: UPPER_LAYER, LAYER_LOWER: LOWER_LAYER}.get(layer, 0)
    return flags | WRITABLE * _is_writable(identity, uid) | IN_MEMORY * path.startswith(MEMORY)


def _is_writable(identity: np.void, uid: int) -> bool:
    """As Falco has it: an owner may give himself the right to write, but on a read-only file system nobody has it."""
    mode = int(identity["exe_mode"])
    if identity["exe_read_only"]:
        return False
    if int(identity["cap_effective"]) & (1 << CAP_DAC_OVERRIDE | 1 << CAP_FOWNER) or int(identity["exe_uid"]) == uid:
        return True
    return bool(mode & (stat.S_IWGRP if int(identity["exe_gid"]) == int(identity["gid"]) else stat.S_IWOTH))
