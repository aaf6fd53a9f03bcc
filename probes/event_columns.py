"""Columns of a batch that hold texts and addresses: paths, the directories they are relative to, sockets."""

import socket
from typing import Final

import numpy as np
from numpy.typing import NDArray

from probes.kernel import Reading
from probes.records import (
    ADDRESS,
    NOTE_DIRECTORY,
    NOTE_DIRECTORY2,
    NOTE_FILE,
    NOTE_KIND_SHIFT,
    NOTE_NAME_SHIFT,
    NOTE_NAMELESS,
    NOTE_SOCKET,
    SMALL_PATH,
    joined,
)
from probes.strings import Dictionary

Columns = dict[str, NDArray[np.generic]]
"""Columns by the name of their field in the batch, each of shape (records,) in the order of the chunks."""

ABSENT: Final = np.uint32(0)
KINDS: Final = 0xF
SOCKET_RINGS: Final = ("small", "medium")
"""The first of a reading, whose records may be of calls on sockets; in the second with what was sent or received."""
ADDRESS_BYTES: Final = {socket.AF_INET: 4, socket.AF_INET6: 16}


def text_columns(reading: Reading, dictionary: Dictionary) -> Columns:
    """Return the columns of paths; those that no record has a value for are left out."""
    parts = [_texts(name, chunk.records, dictionary) for name, chunk in reading.chunks.items()]
    names = dict.fromkeys(name for part, _ in parts for name in part)
    return {
        name: np.concatenate([part.get(name, np.zeros(count, dtype=np.uint32)) for part, count in parts])
        for name in names
    }


def _texts(ring: str, records: NDArray[np.void], dictionary: Dictionary) -> tuple[Columns, int]:
    if not len(records):
        return {}, 0
    match ring:
        case "small":
            return {"event_path": _short_paths(records, dictionary)}, len(records)
        case "medium":
            return {"event_path": _short_paths(records, dictionary)} | _directories(records, dictionary), len(records)
        case "large":
            return {"event_path": _codes(records, "path", dictionary)} | _each(records, dictionary), len(records)
        case "pair" | "long_pair":
            return _pairs(records, dictionary), len(records)
        case _:
            return {}, len(records)


def socket_columns(reading: Reading, dictionary: Dictionary) -> Columns:
    """Return the columns of sockets; none if no call of the reading was on one."""
    chunks = [reading.chunks[ring].records for ring in SOCKET_RINGS]
    inside = [_on_sockets(records) for records in chunks]
    places = np.flatnonzero(np.concatenate(inside))
    if not len(places):
        return {}
    found = np.concatenate([_addresses(records[mask]) for records, mask in zip(chunks, inside, strict=True)])
    values = {
        "event_family": found["family"],
        "event_protocol": found["protocol"],
        "event_local_port": found["local_port"],
        "event_remote_port": found["remote_port"],
        "event_local_address": _address_codes(found, "local", dictionary),
        "event_remote_address": _address_codes(found, "remote", dictionary),
    }
    columns: Columns = {}
    for name, column in values.items():
        columns[name] = np.zeros(reading.events(), dtype=column.dtype)
        columns[name][places] = column
    return columns


def _address_codes(found: NDArray[np.void], end: str, dictionary: Dictionary) -> NDArray[np.uint32]:
    """Return the codes of the addresses of one end; each family by itself, for zeros are addresses of any length."""
    codes = np.zeros(len(found), dtype=np.uint32)
    for family, size in ADDRESS_BYTES.items():
        places = np.flatnonzero(found["family"] == family)
        addresses = np.ascontiguousarray(found[end][places])
        codes[places] = dictionary.encode(addresses, np.full(len(places), size, dtype=np.uint16))
    return codes


def _on_sockets(records: NDArray[np.void]) -> NDArray[np.bool_]:
    return np.asarray((records["h"]["notes"] & NOTE_SOCKET) != 0)


def _addresses(records: NDArray[np.void]) -> NDArray[np.void]:
    """Return what stands in the place of the path of records on sockets."""
    size = records.dtype["path"].itemsize
    data = np.ascontiguousarray(records["path"]).view("u1").reshape(len(records), size)
    found: NDArray[np.void] = np.ascontiguousarray(data[:, :SMALL_PATH]).view(ADDRESS).reshape(len(records))
    return found


def kind_column(headers: NDArray[np.void]) -> Columns:
    """Return the kinds of files behind descriptors, if any record tells one."""
    kinds = (headers["notes"] >> np.uint16(NOTE_KIND_SHIFT) & np.uint16(KINDS)).astype(np.uint8)
    return {"event_file_kind": kinds} if kinds.any() else {}


def flag_column(headers: NDArray[np.void]) -> Columns:
    """Return what calls that send or receive say of their sockets, if any does."""
    flags = (headers["notes"] >> np.uint16(NOTE_NAME_SHIFT)).astype(np.uint8)
    return {"event_socket_flags": flags} if flags.any() else {}


def count_column(reading: Reading) -> Columns:
    """Return how many calls each record stands for, if any stands for more than one."""
    counts = [
        chunk.records["count"] if "count" in (chunk.records.dtype.names or ()) else np.ones(len(chunk.records), "<u4")
        for chunk in reading.chunks.values()
    ]
    return {"event_count": np.concatenate(counts)} if any((part > 1).any() for part in counts) else {}


def directory(record: np.void) -> bytes:
    """Return the directory of a record with one."""
    header = record["h"]
    return joined(record["dir"].tobytes()[: header["dir_len"]], int(header["notes"]))


def _short_paths(records: NDArray[np.void], dictionary: Dictionary) -> NDArray[np.uint32]:
    sockets = _on_sockets(records)
    if not sockets.any():
        return dictionary.encode(records["path"], records["h"]["path_len"])
    codes = np.zeros(len(records), dtype=np.uint32)
    plain = records[~sockets]
    codes[~sockets] = dictionary.encode(plain["path"], plain["h"]["path_len"])
    names = _addresses(records[sockets])["unix_path"]
    codes[sockets] = [dictionary.code(name.tobytes().split(b"\0", 1)[0]) for name in names]
    return codes


def _directories(records: NDArray[np.void], dictionary: Dictionary) -> Columns:
    """Return directories and files of medium records, turning each distinct path round once; and their data."""
    notes, sockets = records["h"]["notes"], _on_sockets(records)
    walked = Dictionary()
    codes = walked.encode(records["dir"], np.where(sockets, 0, records["h"]["dir_len"]).astype(np.uint16))
    paths = np.array([dictionary.code(joined(text)) for text in walked.strings()], dtype=np.uint32)[codes]
    paths = np.where(notes & NOTE_NAMELESS, ABSENT, paths)
    columns: Columns = {
        "event_directory": np.where(notes & NOTE_DIRECTORY, paths, ABSENT),
        "event_file": np.where(notes & NOTE_FILE, paths, ABSENT),
    }
    return columns | _data(records, sockets, dictionary)


def _data(records: NDArray[np.void], sockets: NDArray[np.bool_], dictionary: Dictionary) -> Columns:
    if not sockets.any():
        return {}
    codes = np.zeros(len(records), dtype=np.uint32)
    codes[sockets] = [dictionary.code(one["dir"].tobytes()[: one["h"]["dir_len"]]) for one in records[sockets]]
    return {"event_data": codes}


def _each(records: NDArray[np.void], dictionary: Dictionary) -> Columns:
    """Return directories and files of records that are few, one by one."""
    notes = records["h"]["notes"]
    paths = np.array([dictionary.code(directory(record)) for record in records], dtype=np.uint32)
    return {
        "event_directory": np.where(notes & NOTE_DIRECTORY, paths, ABSENT),
        "event_file": np.where(notes & NOTE_FILE, paths, ABSENT),
    }


def _pairs(records: NDArray[np.void], dictionary: Dictionary) -> Columns:
    second = [
        dictionary.code(joined(record["dir2"].tobytes()[: record["dir2_len"]], int(record["h"]["notes"])))
        for record in records
    ]
    path2 = [dictionary.code(record["path2"].tobytes()[: record["path2_len"]]) for record in records]
    relative = records["h"]["notes"] & NOTE_DIRECTORY2
    return {
        "event_path": _codes(records, "path", dictionary),
        "event_directory": _each(records, dictionary)["event_directory"],
        "event_path2": np.array(path2, dtype=np.uint32),
        "event_directory2": np.where(relative, np.array(second, dtype=np.uint32), ABSENT),
    }


def _codes(records: NDArray[np.void], field: str, dictionary: Dictionary) -> NDArray[np.uint32]:
    texts = [record[field].tobytes()[: record["h"][f"{field}_len"]] for record in records]
    return np.array([dictionary.code(text) for text in texts], dtype=np.uint32)
