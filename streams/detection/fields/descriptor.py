"""Fields of the descriptor that an event is about, and of the file behind it."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from streams.detection.columns import Array, Columns
from streams.detection.descriptors import Descriptor
from streams.detection.event_types import ON_DESCRIPTORS, OPENS
from streams.detection.fields.field import Field
from streams.detection.levels import DESCRIPTOR, NUMBERS, SERVICE, Level

DESCRIPTORS: Final = OPENS | ON_DESCRIPTORS


def acted_on(columns: Columns, events: Array) -> tuple[Array, Array | None]:
    """A failed open has the descriptor -1; other events that have none have no field."""
    if "event_fd" not in columns.arrays:
        return np.zeros(len(events), np.int64), np.zeros(len(events), bool)
    values = columns.arrays["event_fd"][events]
    return values, (values >= 0) | columns.opens[columns.arrays["event_type"][events]]


def _descriptor(columns: Columns, events: Array) -> tuple[Array, Array | None]:
    """A call of dup is about the descriptor that it made."""
    values, known = acted_on(columns, events)
    made = columns.duplicates[columns.arrays["event_type"][events]]
    if made.any():
        results = columns.arrays["event_result"][events]
        made &= results >= 0
        values, known = np.where(made, results, values), known | made
    return values, known


def _field(name: str, doc: str, how: Callable[[Descriptor], Any], level: Level = DESCRIPTOR) -> Field:
    return Field(name=name, type="string", doc=doc, level=level, how=how, types=DESCRIPTORS)


FIELDS: Final = (
    Field(
        name="fd.num",
        type="number",
        doc="Descriptor that the call made or acted on; -1 for an open that failed.",
        level=NUMBERS,
        how=_descriptor,
    ),
    _field(
        "fd.name",
        "Path of the file, made absolute and normalised by its letters, where links are not followed unless the "
        "call was given a descriptor; of a socket its addresses, `10.0.0.1:40000->10.0.0.2:22` from client to "
        "server, or from its own to its peer's where the call does not tell which is which; of a unix socket its "
        "path.",
        lambda found: found.name,
    ),
    _field("fd.nameraw", "Path of the file as the program gave it.", lambda found: found.nameraw),
    _field("fd.directory", "Directory of the file; of a directory itself.", lambda found: found.directory),
    _field(
        "fd.filename",
        "Name of the file without its directory; absent if it was not opened or is a directory.",
        lambda found: found.filename,
    ),
    _field(
        "fd.type",
        "`file`, `directory` if it was opened as one or is known as one, `ipv4`, `ipv6`, `unix`, `pipe`, `memfd`, "
        "`userfaultfd`; absent if it was not opened or is not known. Devices are files.",
        lambda found: found.type,
        SERVICE,
    ),
    _field(
        "fd.typechar",
        "`f` for a file or a failed open, `d` for a directory, `4` and `6` for IP sockets, `u` for a unix socket or "
        "a userfaultfd, `p` for a pipe, `m` for a memfd.",
        lambda found: found.typechar,
        SERVICE,
    ),
)
