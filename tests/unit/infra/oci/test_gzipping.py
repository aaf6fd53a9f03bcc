import gzip
import io
import os
import random
import zlib
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.oci.gzipping import BLOCK, Gunzip, Gzip

SIZES = st.one_of(st.integers(0, 100), st.sampled_from([BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5 * BLOCK + 7]))


def some(size: int, seed: int) -> bytes:
    """Return data of which some can be compressed, and some is zeros."""
    chance = random.Random(seed)
    parts = []
    while size > 0:
        count = min(size, chance.randrange(1, 2 * BLOCK))
        kinds = (chance.randbytes(count), bytes(count), (b"deed log " * (count // 9 + 1))[:count])
        parts.append(chance.choice(kinds))
        size -= count
    return b"".join(parts)


def packed(data: bytes, step: int = 10_000, cores: int = 2) -> bytes:
    out = io.BytesIO()
    with patch("os.cpu_count", lambda: cores), Gzip(out) as writer:
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
        writer.finish()
    assert (writer.taken, writer.size) == (len(data), len(out.getvalue()))
    return out.getvalue()


def unpacked(data: bytes, size: int = 10_000) -> bytes:
    reader = Gunzip(io.BytesIO(data))
    return b"".join(iter(lambda: reader.read(size), b""))


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 1000), st.sampled_from([1000, BLOCK, 10 * BLOCK]))
def test_every_program_reads_it_and_it_is_always_the_same(size: int, seed: int, step: int) -> None:
    data = some(size, seed)
    once = packed(data, step)
    assert gzip.decompress(once) == data
    assert once == packed(data, 7777, cores=1) == packed(data, BLOCK + 1, cores=5)
    assert unpacked(once) == data


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 1000), st.integers(1, 3), st.integers(1, 5000), st.booleans())
def test_what_others_packed_is_read(size: int, seed: int, files: int, read: int, padded: bool) -> None:
    data = some(size, seed)
    assert unpacked(gzip.compress(data) * files + bytes(512) * padded, read) == data * files


@given(st.integers(0, 199))
def test_what_was_cut_off_is_said(length: int) -> None:
    whole = gzip.compress(os.urandom(200))
    with pytest.raises(EOFError):
        unpacked(whole[:length])


@given(st.binary(min_size=1).filter(lambda data: not data.startswith(b"\x1f")))
def test_what_is_none_is_said(data: bytes) -> None:
    with pytest.raises((zlib.error, EOFError)):
        unpacked(data)
