"""Headers of layers are understood, and anything else is refused in words."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.volumes.errors import EngineError
from infra.volumes.images import HEADER, MAGIC, Header, backing, chain, layers, parse_header

NAMES = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,90}", fullmatch=True).filter(lambda name: not name.endswith(".qcow2"))


def header(name: bytes, size: int = 1 << 30, offset: int = 512) -> bytes:
    return (HEADER.pack(MAGIC, 3, offset, len(name), 17, size).ljust(offset, b"\0") + name).ljust(4096, b"\0")


@given(NAMES, st.integers(0, (1 << 63) - 1))
def test_size_and_backing_are_read_from_a_header(name: str, size: int) -> None:
    assert parse_header(header(f"{name}.qcow2".encode(), size)) == Header(size=size, backing=name)


def test_a_layer_that_stands_alone_has_no_backing() -> None:
    assert parse_header(header(b"")).backing is None
    assert parse_header(header(b"x.qcow2")[: HEADER.size].replace(struct.pack(">Q", 512), bytes(8))).backing is None


@given(st.binary(max_size=4096))
def test_whatever_is_no_header_is_refused(garbage: bytes) -> None:
    try:
        parse_header(garbage)
    except ValueError as error:
        assert str(error)
    else:
        assert garbage.startswith(MAGIC)


@given(st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 32) - 1))
def test_a_name_outside_the_header_is_refused_and_never_read_past_it(offset: int, length: int) -> None:
    raw = HEADER.pack(MAGIC, 3, offset, length, 17, 0).ljust(4096, b"\0")
    try:
        found = parse_header(raw).backing
    except ValueError as error:
        assert "not in the header" in str(error)
    else:
        assert found is None or offset + length <= len(raw)


def test_layers_that_stand_on_each_other_in_a_ring_are_told(tmp_path: Path) -> None:
    for name, below in (("a", "c"), ("b", "a"), ("c", "b")):
        (tmp_path / f"{name}.qcow2").write_bytes(header(f"{below}.qcow2".encode()))
    (tmp_path / ".d.qcow2").write_bytes(b"")
    assert layers(tmp_path) == ("a", "b", "c")
    assert backing(tmp_path, "b") == "a"
    with pytest.raises(EngineError, match="stands on itself"):
        chain(tmp_path, "c")
    with pytest.raises(EngineError, match="layer e cannot be read") as caught:
        chain(tmp_path, "e")
    assert caught.value.permanent
