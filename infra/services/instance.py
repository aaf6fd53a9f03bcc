"""The name that a worker keeps for all its lives."""

import os
from zlib import crc32

from infra.config import Settings


def instance_of(settings: Settings) -> str:
    """Return the name of a worker in its group: the same for each life of the worker of one home."""
    return f"{settings.node}-{crc32(os.fsencode(settings.home)):08x}"
