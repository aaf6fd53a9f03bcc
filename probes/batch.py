"""Turns records of the kernel into a batch of columns that stands by itself."""

import os
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from probes import events
from probes.event_columns import (
    Columns,
    count_column,
    directory,
    flag_column,
    kind_column,
    socket_columns,
    text_columns,
)
from probes.kernel import Reading
from probes.process_rows import ProcessRows
from probes.processes import Image, ProcessTable
from probes.records import HEADER
from probes.ring import RECORD_HEADER, Chunk
from probes.strings import Dictionary
from schemas.distinct import distinct
from schemas.types.syscalls import SyscallBatch

RING_BITS: Final = 3
CREAT_FLAGS: Final = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
"""What creat(2) is defined by."""
TYPE_NAMES: Final = tuple(events.NAMES.values())
TYPE_INDEX: Final = np.zeros(max(events.NAMES) + 1, dtype=np.uint16)
TYPE_INDEX[list(events.NAMES)] = np.arange(len(TYPE_NAMES))
LIFECYCLE: Final = np.zeros(max(events.NAMES) + 1, dtype=bool)
LIFECYCLE[[events.CLONE, events.EXECVE, events.PROCEXIT, *events.CHDIR]] = True

WIRE: Final = {
    "event_family": "<u2",
    "event_protocol": "<u2",
    "event_local_port": "<u2",
    "event_remote_port": "<u2",
    "event_file_kind": "u1",
    "event_socket_flags": "u1",
    "event_count": "<u4",
} | dict.fromkeys(
    (
        *("event_path", "event_directory", "event_path2", "event_directory2", "event_file"),
        *("event_local_address", "event_remote_address", "event_data"),
    ),
    "<u4",
)


KEEP_MOVES: Final = 10_000_000_000
"""Nanoseconds for which events may come late: calls that were counted are told when their window ends."""


class Move(NamedTuple):
    """A process changed its directory: when, in ns since boot, and which it left."""

    time: int
    pid: int
    cwd_before: bytes


class Batcher:
    """Makes batches of what the kernel queued, keeping the table of processes along the way."""

    def __init__(self, node: str, session: str, table: ProcessTable) -> None:
        self._node = node
        self._session = session
        self._table = table
        self._sequence = 0
        self._moves: list[Move] = []

    def batch(
        self, reading: Reading, *, boot_offset_ns: int, dropped: int, ignored: int, filtered: int = 0
    ) -> SyscallBatch:
        """Return a batch of all records of a reading, in the order of time.

        `boot_offset_ns` turns times since boot into times since the epoch.
        """
        chunks = reading.chunks.values()
        headers = np.concatenate([chunk.records["h"] for chunk in chunks])
        numbers = np.concatenate([_numbers(chunk, ring) for ring, chunk in enumerate(chunks)])
        order = np.argsort(headers["time"], kind="stable")
        self._follow_processes(reading, headers, order)
        dictionary = Dictionary()
        told = text_columns(reading, dictionary) | socket_columns(reading, dictionary) | kind_column(headers)
        told |= count_column(reading) | flag_column(headers)
        if "event_directory" in told:
            told["event_directory"] = np.where(np.isin(headers["type"], list(events.CHDIR)), 0, told["event_directory"])

        headers = headers[order]
        images, process = self._images(headers)
        rows = ProcessRows(self._table, images)
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
            filtered=filtered,
            count=len(headers),
            types=TYPE_NAMES,
            event_number=numbers[order].tobytes(),
            event_time=times.astype("<u8").tobytes(),
            event_type=TYPE_INDEX[headers["type"]].tobytes(),
            event_process=rows.row_of_image[process].tobytes(),
            **_number_columns(headers),
            **_on_the_wire(told, order),
            **rows.columns(dictionary, boot_offset_ns),
            strings=dictionary.strings(),
        )

    def _follow_processes(self, reading: Reading, headers: NDArray[np.void], order: NDArray[np.intp]) -> None:
        """Bring the table of processes up to date, and take note of changes of directory."""
        chunks = [chunk.records for chunk in reading.chunks.values()]
        starts = np.cumsum([0, *map(len, chunks)])
        if len(order):
            now = int(headers["time"][order[-1]])
            self._moves = [move for move in self._moves if move.time > now - KEEP_MOVES]
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
                    self._moves.append(Move(int(header["time"]), int(header["pid"]), self._table.find(header).cwd))
                    self._table.change_directory(header, directory(record))

    def _images(self, headers: NDArray[np.void]) -> tuple[list[Image], NDArray[np.intp]]:
        """Return the distinct process images of the events, and for each event the index of its own.

        The table holds the last directory of each process; events before a change get the one of their time.
        """
        keys = np.zeros((len(headers), 4), dtype=np.uint64)
        keys[:, 0] = headers["pid"].astype(np.uint64) << np.uint64(32) | headers["exec"]
        keys[:, 1] = headers["start"]
        keys[:, 2] = headers["uid"]
        left: dict[int, list[bytes]] = {}
        for move in self._moves:
            later = int(np.searchsorted(headers["time"], move.time, side="right"))
            if later:
                left.setdefault(move.pid, []).append(move.cwd_before)
                keys[later:, 3] += headers["pid"][later:] == move.pid
        codes, first = distinct(list(keys.T), len(keys))
        present = np.flatnonzero(first >= 0)
        images = []
        for row in first[present]:
            image, moved = self._table.find(headers[row]), int(keys[row, 3])
            directories = left.get(image.pid, [])
            if moved < len(directories):
                image = msgspec.structs.replace(image, cwd=directories[moved])
            images.append(image)
        number = np.zeros(len(first), dtype=np.intp)
        number[present] = np.arange(len(present))
        return images, number[codes]


def _numbers(chunk: Chunk, ring: int) -> NDArray[np.uint64]:
    """Return the events' numbers, from 1: their place in their ring, which no other event of the session has."""
    return (chunk.positions + np.uint64(RECORD_HEADER)) << np.uint64(RING_BITS) | np.uint64(ring)


def _on_the_wire(columns: Columns, order: NDArray[np.intp]) -> dict[str, Any]:
    return {name: np.ascontiguousarray(c[order], dtype=WIRE[name]).tobytes() for name, c in columns.items()}


def _number_columns(headers: NDArray[np.void]) -> dict[str, Any]:
    """Return the columns that stand in the headers themselves."""
    types = headers["type"]
    targeted = np.isin(types, list(events.TARGETS))
    no_mode = targeted | (types == events.CLONE)
    return {
        "event_thread": headers["tid"].tobytes(),
        "event_result": headers["result"].tobytes(),
        "event_fd": headers["fd"].tobytes(),
        "event_flags": np.where(types == events.CREAT, CREAT_FLAGS, headers["flags"]).astype("<u8").tobytes(),
        "event_mode": np.where(no_mode, 0, headers["mode"]).astype("<u4").tobytes(),
        "event_target": np.where(targeted, headers["mode"], 0).astype("<u4").tobytes(),
        "event_argument": np.where(types == events.CLONE, 0, headers["extra"]).astype("<u8").tobytes(),
    }


assert HEADER.itemsize % 8 == 0, "records are read in words of 8 bytes"
