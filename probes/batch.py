"""Turns records of the kernel into a batch of columns that stands by itself."""

from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from probes import events
from probes.kernel import Reading
from probes.processes import Image, ProcessTable
from probes.records import HEADER, NOTE_DIRECTORY, joined
from probes.ring import Chunk
from probes.strings import Dictionary, distinct_rows
from schemas.types.syscalls import Container, SyscallBatch

NONE: Final = 0xFFFFFFFF
RING_BITS: Final = 3
MAX_ANCESTORS: Final = 16
TYPE_NAMES: Final = tuple(events.NAMES.values())
TYPE_INDEX: Final = np.zeros(max(events.NAMES) + 1, dtype=np.uint16)
TYPE_INDEX[list(events.NAMES)] = np.arange(len(TYPE_NAMES))
LIFECYCLE: Final = np.zeros(max(events.NAMES) + 1, dtype=bool)
LIFECYCLE[[events.CLONE, events.EXECVE, events.PROCEXIT, *events.CHDIR]] = True


class Move(NamedTuple):
    """A process changed its directory: at which place among the events of the batch, and which it left."""

    place: int
    pid: int
    cwd_before: bytes


class Batcher:
    """Makes batches of what the kernel queued, keeping the table of processes along the way."""

    def __init__(self, node: str, session: str, table: ProcessTable) -> None:
        self._node = node
        self._session = session
        self._table = table
        self._sequence = 0

    def batch(self, reading: Reading, *, boot_offset_ns: int, dropped: int, ignored: int) -> SyscallBatch:
        """Return a batch of all records of a reading, in the order of time.

        `boot_offset_ns` turns times since boot into times since the epoch.
        """
        headers = np.concatenate([chunk.records["h"] for chunk in reading.chunks()])
        numbers = np.concatenate([_numbers(chunk, ring) for ring, chunk in enumerate(reading.chunks())])
        dictionary = Dictionary()
        paths, directories = _path_columns(reading, dictionary)
        order = np.argsort(headers["time"], kind="stable")
        moves = self._follow_processes(reading, headers, order)

        headers = headers[order]
        images, process = self._images(headers, moves)
        rows = ProcessRows(self._table, images)
        directories = np.where(np.isin(headers["type"], list(events.CHDIR)), np.uint32(0), directories[order])
        times = headers["time"] + np.uint64(boot_offset_ns)
        self._sequence += 1
        return SyscallBatch(
            node=self._node,
            session=self._session,
            sequence=self._sequence - 1,
            first_time=int(times[0]) if len(times) else 0,
            last_time=int(times[-1]) if len(times) else 0,
            dropped=dropped,
            ignored=ignored,
            count=len(headers),
            types=TYPE_NAMES,
            event_number=numbers[order].tobytes(),
            event_time=times.astype("<u8").tobytes(),
            event_type=TYPE_INDEX[headers["type"]].tobytes(),
            event_process=rows.row_of_image[process].tobytes(),
            event_thread=headers["tid"].tobytes(),
            event_result=headers["result"].tobytes(),
            event_fd=headers["fd"].tobytes(),
            event_flags=headers["flags"].tobytes(),
            event_mode=np.where(headers["type"] == events.CLONE, 0, headers["mode"]).astype("<u4").tobytes(),
            event_path=paths[order].tobytes(),
            event_directory=directories.tobytes(),
            **rows.columns(dictionary, boot_offset_ns),
            strings=dictionary.strings(),
        )

    def _follow_processes(self, reading: Reading, headers: NDArray[np.void], order: NDArray[np.intp]) -> list[Move]:
        """Bring the table of processes up to date, and return the changes of directory that happened."""
        chunks = [chunk.records for chunk in reading.chunks()]
        starts = np.cumsum([0, *map(len, chunks)])
        moves = []
        for place in np.flatnonzero(LIFECYCLE[headers["type"][order]]):
            row = order[place]
            chunk = int(np.searchsorted(starts, row, side="right")) - 1
            record = chunks[chunk][row - starts[chunk]]
            header = record["h"]
            match int(header["type"]):
                case events.EXECVE:
                    self._table.exec(record)
                case events.CLONE:
                    self._table.fork(header)
                case events.PROCEXIT:
                    self._table.exit(int(header["pid"]), int(header["start"]))
                case _:
                    moves.append(Move(int(place), int(header["pid"]), self._table.find(header).cwd))
                    self._table.change_directory(header, _directory(record))
        return moves

    def _images(self, headers: NDArray[np.void], moves: list[Move]) -> tuple[list[Image], NDArray[np.intp]]:
        """Return the distinct process images of the events, and for each event the index of its own.

        The table holds the last directory of each process; events before a change get the one of their time.
        """
        keys = np.zeros((len(headers), 4), dtype=np.uint64)
        keys[:, 0] = headers["pid"].astype(np.uint64) << np.uint64(32) | headers["exec"]
        keys[:, 1] = headers["start"]
        keys[:, 2] = headers["uid"]
        left: dict[int, list[bytes]] = {}
        for move in moves:
            left.setdefault(move.pid, []).append(move.cwd_before)
            keys[move.place + 1 :, 3] += headers["pid"][move.place + 1 :] == move.pid
        first, kind = distinct_rows(keys)
        images = []
        for row in first:
            image, moved = self._table.find(headers[row]), int(keys[row, 3])
            directories = left.get(image.pid, [])
            if moved < len(directories):
                image = msgspec.structs.replace(image, cwd=directories[moved])
            images.append(image)
        return images, kind


class ProcessRows:
    """The process table of a batch: the images of its events and their ancestors, each once."""

    def __init__(self, table: ProcessTable, images: list[Image]) -> None:
        self.images: list[Image] = []
        self._rows: dict[tuple[int, int, int | None, int, bytes], int] = {}
        self._descent: set[int] = set()
        self._table = table
        self._parents: list[int] = []
        self.row_of_image = np.array([self._add(image, MAX_ANCESTORS) for image in images], dtype="<u4")

    def _add(self, image: Image, ancestors: int) -> int:
        key = (image.pid, image.start, image.exec, image.uid, image.cwd)
        row = self._rows.get(key)
        if row is not None:
            return row
        row = self._rows[key] = len(self.images)
        self.images.append(image)
        self._parents.append(NONE)
        parent = self._table.parent(image) if ancestors and image.ppid else None
        # a pid that is used again must not make a process its own ancestor
        if parent is not None and parent.pid not in self._descent | {image.pid}:
            self._descent.add(image.pid)
            self._parents[row] = self._add(parent, ancestors - 1)
            self._descent.discard(image.pid)
        return row

    def columns(self, dictionary: Dictionary, boot_offset_ns: int) -> dict[str, Any]:
        """Return the `process_*` columns and `containers` of a batch."""
        images = self.images
        containers: dict[Container, int] = {}
        for image in images:
            if image.container:
                containers.setdefault(image.container, len(containers))

        def column(dtype: str, values: list[int]) -> bytes:
            return np.array(values, dtype=dtype).tobytes()

        def codes(texts: list[bytes]) -> bytes:
            return column("<u4", [dictionary.code(text) for text in texts])

        return {
            "process_count": len(images),
            "process_pid": column("<u4", [i.pid for i in images]),
            "process_vpid": column("<u4", [i.vpid for i in images]),
            "process_ppid": column("<u4", [i.ppid for i in images]),
            "process_parent": column("<u4", self._parents),
            "process_sid": column("<u4", [i.sid for i in images]),
            "process_start": column("<u8", [i.start + boot_offset_ns if i.start else 0 for i in images]),
            "process_uid": column("<u4", [i.uid for i in images]),
            "process_gid": column("<u4", [i.gid for i in images]),
            "process_loginuid": column("<u4", [i.loginuid for i in images]),
            "process_tty": column("<u4", [i.tty for i in images]),
            "process_cap_permitted": column("<u8", [i.cap_permitted for i in images]),
            "process_cap_effective": column("<u8", [i.cap_effective for i in images]),
            "process_cap_inheritable": column("<u8", [i.cap_inheritable for i in images]),
            "process_name": codes([i.name for i in images]),
            "process_exepath": codes([i.exepath for i in images]),
            "process_args": codes([i.args for i in images]),
            "process_cwd": codes([i.cwd for i in images]),
            "process_user": codes([i.user for i in images]),
            "process_cgroup": codes([i.cgroup for i in images]),
            "process_container": column("<u4", [containers[i.container] if i.container else NONE for i in images]),
            "process_known": column("u1", [i.known for i in images]),
            "containers": tuple(containers),
        }


def _numbers(chunk: Chunk, ring: int) -> NDArray[np.uint64]:
    """Return the events' numbers: their place in their ring, which no other event of the session has."""
    return chunk.positions << np.uint64(RING_BITS) | np.uint64(ring)


def _path_columns(reading: Reading, dictionary: Dictionary) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the codes of paths and directories of all records, in the order of the chunks."""
    small, medium, large, *execs = (chunk.records for chunk in reading.chunks())
    none = np.zeros(sum(map(len, execs)), dtype=np.uint32)
    paths = [
        dictionary.encode(small["path"], small["h"]["path_len"]),
        dictionary.encode(medium["path"], medium["h"]["path_len"]),
        _codes(dictionary, [r["path"].tobytes()[: r["h"]["path_len"]] for r in large]),
        none,
    ]
    directories = [
        np.zeros(len(small), dtype=np.uint32),
        _directory_codes(medium, dictionary),
        _codes(dictionary, [_directory(r) if r["h"]["notes"] & NOTE_DIRECTORY else b"" for r in large]),
        none,
    ]
    return np.concatenate(paths), np.concatenate(directories)


def _directory_codes(medium: NDArray[np.void], dictionary: Dictionary) -> NDArray[np.uint32]:
    """Return the codes of the directories of medium records, turning each distinct one round once."""
    walked = Dictionary()
    codes = walked.encode(medium["dir"], medium["h"]["dir_len"])
    paths = _codes(dictionary, [joined(text) for text in walked.strings()])
    return np.where(medium["h"]["notes"] & NOTE_DIRECTORY, paths[codes], np.uint32(0))


def _directory(record: np.void) -> bytes:
    header = record["h"]
    return joined(record["dir"].tobytes()[: header["dir_len"]], int(header["notes"]))


def _codes(dictionary: Dictionary, texts: list[bytes]) -> NDArray[np.uint32]:
    return np.array([dictionary.code(text) for text in texts], dtype=np.uint32)


assert HEADER.itemsize % 8 == 0, "records are read in words of 8 bytes"
