"""The events of a batch one by one, for people and programs that want rows and not columns."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from schemas.types.syscalls import SyscallBatch
from streams.detection.columns import NONE, STRINGS, Columns

UNKNOWN: Final = {
    "process_vpid": 0,
    "process_ppid": 0,
    "process_sid": 0,
    "process_start": 0,
    "process_uid": NONE,
    "process_gid": NONE,
    "process_loginuid": NONE,
    "process_tty": NONE,
    "event_fd": -1,
}
"""The number in a column that means: not known, or none."""
PROCESS: Final = tuple(
    name
    for name in SyscallBatch.__struct_fields__
    if name.startswith("process_")
    and name not in ("process_count", "process_parent", "process_container", "process_known")
)


def rows(batch: SyscallBatch) -> Iterator[dict[str, Any]]:
    """Yield each event as a dictionary: id, time in ns since the epoch, type, arguments, process, container.

    What is not known is None. Bytes that are not UTF-8 are written as \\xNN. Raises InvalidBatchError.
    """
    columns = Columns(batch)
    processes = [_process(columns, row) for row in range(batch.process_count)]
    containers = [_container(columns, row) for row in range(batch.process_count)]
    for event in range(batch.count):
        process = columns.number("event_process", event) or 0
        yield {
            "id": columns.event_id(event),
            "time": columns.number("event_time", event),
            "type": columns.type_of(event),
            "count": columns.number("event_count", event) or 1,
            "node": batch.node,
            "thread": columns.number("event_thread", event),
            "result": columns.number("event_result", event),
            "fd": _value(columns, "event_fd", event),
            "flags": _value(columns, "event_flags", event),
            "mode": _value(columns, "event_mode", event),
            "path": _value(columns, "event_path", event),
            "directory": _value(columns, "event_directory", event),
            "process": processes[process],
            "container": containers[process],
        }


def _process(columns: Columns, row: int) -> dict[str, Any]:
    process = {name.removeprefix("process_"): _value(columns, name, row) for name in PROCESS}
    known = columns.number("process_known", row)
    return process | {
        "args": None if process["args"] is None else str(process["args"]).removesuffix("\0").split("\0"),
        "known": None if known is None else bool(known),
    }


def _container(columns: Columns, row: int) -> dict[str, Any] | None:
    number = columns.number("process_container", row)
    return None if number is None or number == NONE else msgspec.to_builtins(columns.containers[number])


def _value(columns: Columns, column: str, row: int) -> int | str | None:
    number = columns.number(column, row)
    if column in STRINGS:
        return columns.strings[number].decode("utf-8", "backslashreplace") if number else None
    return None if number == UNKNOWN.get(column) else number
