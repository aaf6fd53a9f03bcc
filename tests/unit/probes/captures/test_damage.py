import gzip
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.captures.damage import Damage
from probes.captures.reading import Capture
from schemas.codec import Codec
from schemas.registry import MemoryRegistry
from schemas.topics import SYSCALLS
from streams.detection.columns import Columns
from tests.scap_writer import (
    block,
    clone,
    descriptor,
    descriptors,
    event,
    execve,
    i64,
    inet,
    machine,
    openat,
    process,
    processes,
    section,
    text,
    users,
)
from tests.unit.probes.captures.reading import read

CODEC = Codec(MemoryRegistry())
LISTS = section() + machine(b"box") + processes(process(1, 1, 0), process(5, 5, 1)) + users((0, b"root"))
FILES = descriptors(5, descriptor(3, 2, text(b"/d")), descriptor(4, 3, bytes(13)))
EVENTS = openat(5, 3, b"/a") + execve(5, b"cat") + clone(5, 6) + event(23, 5, i64(0), inet(2, (bytes(4), 1)), i64(4))
WHOLE = LISTS + FILES + EVENTS + event(186, 5, i64(0)) + event(3, 5, i64(3), b"/b\0", bytes(4), old=True)


def test_the_whole_is_good() -> None:
    capture, events = read(WHOLE)
    assert capture.damage is None
    assert len(events) == capture.events == 6


def two_members(data: bytes) -> bytes:
    return gzip.compress(data[:99]) + gzip.compress(data[99:])


@pytest.mark.parametrize("pack", [bytes, gzip.compress, two_members])
def test_plain_and_packed_captures_say_the_same(pack: Callable[[bytes], bytes]) -> None:
    assert read(pack(WHOLE)).events == read(WHOLE).events


@given(cut=st.integers(0, len(WHOLE) - 1))
def test_a_capture_that_is_cut_off_gives_what_it_holds(cut: int) -> None:
    capture, events = read(WHOLE[:cut])
    assert events == read(WHOLE).events[: len(events)]
    if capture.damage is None:
        assert read(WHOLE[:cut] + openat(5, 3, b"/a")).capture.damage is None or cut == 0
    else:
        assert capture.damage.byte <= cut


def test_a_cut_says_where_and_why() -> None:
    data = LISTS + openat(5, 3, b"/a") + openat(5, 4, b"/b")[:-1]
    capture, events = read(data)
    assert [found.path for found in events] == [b"/a"]
    assert capture.damage is not None
    assert capture.damage.byte == len(LISTS + openat(5, 3, b"/a"))
    assert "cut off" in capture.damage.reason
    assert str(capture.damage).startswith(f"it ends at byte {capture.damage.byte:,}: ")


def test_packed_data_that_is_cut_off_or_damaged() -> None:
    packed = gzip.compress(LISTS + openat(5, 3, b"/a") * 2000, 0)
    for data, reason in ((packed[:-9], "cut off"), (packed[:-9] + bytes(9), "damaged")):
        capture, events = read(data)
        assert capture.damage is not None
        assert reason in capture.damage.reason
        assert len(events) >= 1900


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x7fELF" + bytes(60), "this is no capture"),
        (b"\0", "cut off"),
        (section(major=2), "version 2"),
        (block(0x0A0D0D0A, bytes.fromhex("1a2b3c4d") + bytes(12)), "big-endian"),
        (block(0x0A0D0D0A, bytes(16)), "no byte-order mark"),
        (section() + b"\x16\x02\0\0\x08\0\0\0", "cannot have 8 bytes"),
        (section() + b"\x16\x02\0\0\xff\xff\xff\xff", "cannot have 4,294,967,295 bytes"),
        (section() + openat(5, 3, b"/a")[:-4] + b"abcd", "does not end with its length"),
        (section() + block(0x215, b"\xff\0\0\0abcd"), "longer than the list"),
        (section() + block(0x215, bytes(8)), "no size"),
        (section() + block(0x201, b"abcd"), "longer than the list"),
    ],
)
def test_what_is_wrong_is_told(data: bytes, reason: str) -> None:
    capture, events = read(data)
    assert events == []
    assert isinstance(capture.damage, Damage)
    assert reason in capture.damage.reason


@pytest.mark.parametrize("place", [26, 32, 36])
def test_an_event_that_does_not_fit_ends_the_capture(place: int) -> None:
    good, bad = openat(5, 3, b"/a"), bytearray(openat(5, 4, b"/b"))
    bad[place : place + 2] = b"\xff\xff"
    capture, events = read(LISTS + good + bytes(bad) + good)
    assert len(events) == 1
    assert capture.damage is not None
    assert capture.damage.byte == len(LISTS + good)
    assert "does not fit" in capture.damage.reason


def test_a_small_file_does_not_unpack_to_more_than_is_looked_at() -> None:
    bomb = gzip.compress(section() + b"\0" * (64 << 20))
    capture, _ = read(bomb)
    assert capture.damage is not None
    assert capture.damage.byte == len(section())


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=300), packed=st.booleans())
def test_no_bytes_cause_anything_else(data: bytes, packed: bool) -> None:
    exhaust(gzip.compress(section() + data) if packed else data)
    exhaust(section() + data)


@settings(max_examples=600, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_change_causes_anything_else(changes: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    exhaust(bytes(data))


PARAMETERS = st.lists(st.binary(max_size=20), max_size=33)


@settings(max_examples=400, deadline=None)
@given(events=st.lists(st.tuples(st.integers(0, 460), st.integers(0, 8), PARAMETERS, st.booleans()), max_size=8))
def test_no_parameters_cause_anything_else(events: list[tuple[int, int, list[bytes], bool]]) -> None:
    made = (event(code, tid, *parameters, old=old) for code, tid, parameters, old in events)
    exhaust(LISTS + FILES + b"".join(made))


def exhaust(data: bytes) -> None:
    capture = Capture(io.BytesIO(data), session="s")
    for batch in capture.batches():
        assert batch.count > 0
        Columns(batch)  # it raises for a batch that contradicts itself
        CODEC.encode(SYSCALLS, batch)
    assert capture.events >= capture.decoded
