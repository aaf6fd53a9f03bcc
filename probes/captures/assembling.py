"""Makes a batch of what was noted of a run's events."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from probes import events
from probes.batch import CREAT_FLAGS, WIRE
from probes.captures.calls import COLUMN_CALLS, ROW_CALLS, TYPE_NAMES
from probes.captures.columns import Columns
from probes.captures.descriptors import Descriptor
from probes.captures.event_types import PARAMETERS
from probes.captures.following import Seen
from probes.captures.processes import Processes
from probes.captures.sockets import UNIX
from probes.process_rows import ProcessRows
from probes.processes import Image
from probes.strings import Dictionary
from schemas.types.syscalls import SyscallBatch

CALLS: Final = COLUMN_CALLS | ROW_CALLS
TYPE_OF_CODE: Final = np.zeros(len(PARAMETERS), dtype="<u2")
for _code, _call in CALLS.items():
    TYPE_OF_CODE[_code] = TYPE_NAMES.index(_call.name) if _call.name else 0
CREAT: Final = TYPE_NAMES.index("creat")
MAKERS: Final = [TYPE_NAMES.index(call.name) for call in events.CALLS if call.fd == events.RESULT]
DUP: Final = TYPE_NAMES.index("dup")
SOCKET: Final = TYPE_NAMES.index("socket")


MOST_TEXT: Final = 5 << 20
"""Bytes of strings in a batch: with its columns it must fit into one message (8 MiB)."""


class Source:
    """Names of where batches come from, and how many there were."""

    def __init__(self, node: str, session: str) -> None:
        self.node = node
        self.session = session
        self.batches = 0


def assemble(
    source: Source, columns: Columns, seen: Seen, processes: Processes, first_number: int
) -> Iterator[SyscallBatch]:
    """Yield a run's events as a batch, or as several where their texts are too long for one.

    `first_number` is the number of the run's first event.
    """
    batch = _batch(source, columns, seen, processes, first_number)
    if batch.count > 1 and sum(map(len, batch.strings)) > MOST_TEXT:
        for half in seen.halves():
            yield from assemble(source, columns, half, processes, first_number)
        return
    source.batches += 1
    yield batch


def _batch(source: Source, columns: Columns, seen: Seen, processes: Processes, first_number: int) -> SyscallBatch:
    rows = np.array(seen.rows, dtype=np.intp)
    dictionary = Dictionary()
    index: dict[int, int] = {}
    images: list[Image] = []
    for image in seen.images:
        if id(image) not in index:
            index[id(image)] = len(images)
            images.append(image)
    table = ProcessRows(processes, images)
    owner = np.array([index[id(image)] for image in seen.images], dtype=np.intp)
    times = columns.time[rows]
    return SyscallBatch(
        node=source.node,
        session=source.session,
        sequence=source.batches,
        first_time=int(times[0]),
        last_time=int(times[-1]),
        dropped=0,
        ignored=0,
        count=len(rows),
        types=TYPE_NAMES,
        event_number=(columns.number[rows] + first_number).astype("<u8").tobytes(),
        event_time=times.astype("<u8").tobytes(),
        event_type=TYPE_OF_CODE[columns.codes[rows]].tobytes(),
        event_process=table.row_of_image[owner].tobytes(),
        event_thread=columns.thread[rows].astype("<u4").tobytes(),
        **_number_columns(columns, rows),
        **_text_columns(columns, seen, rows, dictionary),
        **_file_columns(seen, rows, dictionary),
        **table.columns(dictionary, 0),
        strings=dictionary.strings(),
    )


def _number_columns(columns: Columns, rows: NDArray[np.intp]) -> dict[str, Any]:
    types = TYPE_OF_CODE[columns.codes[rows]]
    result, fd = columns.column("result")[rows], columns.column("fd")[rows]
    argument = columns.column("argument")[rows]
    fd = np.where(np.isin(types, MAKERS), result, fd)
    flags = np.where(types == CREAT, CREAT_FLAGS, columns.column("flags")[rows])
    return {
        "event_result": result.astype("<i8").tobytes(),
        "event_fd": np.clip(fd, -1, 0x7FFFFFFF).astype("<i4").tobytes(),
        "event_flags": flags.astype("<u8").tobytes(),
        "event_mode": columns.column("mode")[rows].astype("<u4").tobytes(),
        "event_argument": np.where(types == DUP, result, argument).astype("<i8").tobytes(),
        "event_target": columns.column("target")[rows].astype("<u4").tobytes(),
    }


def _text_columns(columns: Columns, seen: Seen, rows: NDArray[np.intp], dictionary: Dictionary) -> dict[str, Any]:
    strings = columns.dictionary.strings()
    told = {}
    for name in ("path", "path2"):
        if name in columns.found:
            used, code = np.unique(columns.found[name][rows], return_inverse=True)
            known = np.array([dictionary.code(strings[text]) for text in used], dtype="<u4")
            told[f"event_{name}"] = known[code]
    sockets = {row: file.path for row, file in seen.files.items() if file.family == UNIX and file.path}
    noted = {"event_path": sockets, "event_directory": seen.directories, "event_directory2": seen.directories2}
    for name, texts in noted.items():
        if texts:
            column = told.setdefault(name, np.zeros(len(rows), dtype="<u4"))
            found = {row: dictionary.code(text) for row, text in texts.items()}
            column[np.searchsorted(rows, list(found))] = list(found.values())
    return {name: column.tobytes() for name, column in told.items() if column.any()}


def _file_columns(seen: Seen, rows: NDArray[np.intp], dictionary: Dictionary) -> dict[str, Any]:
    """Return the columns of what is behind descriptors; those that no event has a value for are left out."""
    places = np.searchsorted(rows, list(seen.files))
    values = [_values(file, dictionary) for file in seen.files.values()]
    columns = {}
    for name, column in zip(FILE_COLUMNS, zip(*values, strict=True), strict=False):
        if any(column):
            full = np.zeros(len(rows), dtype=WIRE[name])
            full[places] = column
            columns[name] = full.tobytes()
    return columns


FILE_COLUMNS: Final = (
    *("event_file", "event_file_kind", "event_family", "event_protocol", "event_local_address", "event_local_port"),
    *("event_remote_address", "event_remote_port"),
)


def _values(file: Descriptor, dictionary: Dictionary) -> tuple[Any, ...]:
    code = dictionary.code
    path = b"" if file.family else file.path
    addresses = code(file.local), file.local_port, code(file.remote), file.remote_port
    return code(path), file.kind, file.family, file.protocol, *addresses
