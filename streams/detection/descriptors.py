"""What is behind an event's descriptor: a file or a socket."""

from typing import Final

from streams.detection.columns import Columns
from streams.detection.event_types import OPENS
from streams.detection.files import File, Kind
from streams.detection.linux import AF_INET, AF_INET6, AF_UNIX, IPPROTO_RAW, O_DIRECTORY, SOCK_RAW, SOCK_TYPE
from streams.detection.sockets import UNKNOWN, Outcome, Socket, SocketKey

Descriptor = File | Socket

FILE_KINDS: Final = {1: Kind.PIPE, 2: Kind.FILE, 4: Kind.DIRECTORY, 6: Kind.FILE, 8: Kind.FILE}
"""By `event_file_kind`; devices count as files, as Falco has it."""
SOCKET_KIND: Final = 12
MEMORY: Final = "/memfd:"
"""How the kernel begins the path of a file that is only in memory."""
EINPROGRESS: Final = 115


def descriptor_of(columns: Columns, event: int) -> Descriptor:
    """Return what is behind the descriptor of an event, as far as the batch tells."""
    event_type, failed = columns.type_of(event), (columns.number("event_result", event) or 0) < 0
    if event_type in OPENS:
        return _opened(columns, event, failed=failed)
    if event_type == "socket":
        return Socket(UNKNOWN) if failed else _made(columns, event)
    if event_type in ("memfd_create", "userfaultfd"):
        kind = Kind.UNKNOWN if failed else Kind.MEMORY if event_type == "memfd_create" else Kind.FAULTS
        return File(columns.string("event_path", event), None, kind)
    if event_type == "fchdir" and not failed:
        return File(columns.string("event_directory", event), None, Kind.DIRECTORY)
    if columns.number("event_family", event) or columns.number("event_file_kind", event) == SOCKET_KIND:
        return _connected(columns, event, event_type)
    return _behind(columns, event)


def _opened(columns: Columns, event: int, *, failed: bool) -> File:
    path = columns.string("event_path", event)
    relative = path is not None and not path.startswith("/")
    directory = columns.string("event_directory", event) if relative else None
    listed = (columns.number("event_flags", event) or 0) & O_DIRECTORY
    return File(path, directory, Kind.FAILED if failed else Kind.DIRECTORY if listed else Kind.FILE)


def _behind(columns: Columns, event: int) -> File:
    path = columns.string("event_file", event)
    kind = FILE_KINDS.get(columns.number("event_file_kind", event) or 0, Kind.UNKNOWN)
    if kind is Kind.FILE and path is not None and path.startswith(MEMORY):
        kind = Kind.MEMORY
    return File(path, None, kind)


def _made(columns: Columns, event: int) -> Socket:
    """A new socket has a family and no addresses; which protocol the kernel chose is not on record."""
    family = columns.number("event_argument", event) or 0
    raw = (columns.number("event_flags", event) or 0) & SOCK_TYPE == SOCK_RAW and family in (AF_INET, AF_INET6)
    return Socket(SocketKey("socket", Outcome.DONE, family, IPPROTO_RAW if raw else 0, b"", 0, b"", 0, None))


def _connected(columns: Columns, event: int, event_type: str) -> Socket:
    result = columns.number("event_result", event) or 0
    family = columns.number("event_family", event) or 0
    return Socket(
        SocketKey(
            event_type,
            Outcome.DONE if result >= 0 else Outcome.PENDING if result == -EINPROGRESS else Outcome.FAILED,
            family,
            columns.number("event_protocol", event) or 0,
            columns.data("event_local_address", event),
            columns.number("event_local_port", event) or 0,
            columns.data("event_remote_address", event),
            columns.number("event_remote_port", event) or 0,
            columns.string("event_path", event) if family == AF_UNIX else None,
            columns.number("event_socket_flags", event) or 0,
        )
    )
