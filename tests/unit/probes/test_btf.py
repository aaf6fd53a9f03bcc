import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.btf import ARRAY, ENUM, MAGIC, POINTER, RUNNING_KERNEL, STRUCT, UNION, Btf, BtfError
from probes.offsets import MEMBERS, definitions

NO_BTF = not RUNNING_KERNEL.exists()


def btf_bytes(types: list[bytes], strings: bytes) -> bytes:
    body = b"".join(types)
    header = struct.pack("<HBBIIIII", MAGIC, 1, 0, 24, 0, len(body), len(body), len(strings))
    return header + body + strings


def type_of(name: int, kind: int, entries: int, size: int, tail: bytes = b"", *, bitfields: bool = False) -> bytes:
    return struct.pack("<III", name, kind << 24 | entries | bitfields << 31, size) + tail


STRINGS = b"\0outer\0inner\0deep\0color\0RED\0blue\0"
OUTER, INNER, DEEP, COLOR, RED = (STRINGS.index(w) for w in (b"outer", b"inner", b"deep", b"color", b"RED"))


def sample() -> Btf:
    # struct outer { <8 bytes>; union { struct inner { <4 bytes>; deep } }; inner }; enum color { RED = 7 }
    inner = type_of(INNER, STRUCT, 1, 8, struct.pack("<III", DEEP, 0, 32))
    union = type_of(0, UNION, 1, 8, struct.pack("<III", 0, 1, 0))
    outer = type_of(OUTER, STRUCT, 2, 24, struct.pack("<IIIIII", 0, 2, 64, INNER, 1, 128))
    color = type_of(COLOR, ENUM, 1, 4, struct.pack("<Ii", RED, 7))
    return Btf(
        btf_bytes([inner, union, outer, color, type_of(0, POINTER, 0, 3), type_of(0, ARRAY, 0, 0, bytes(12))], STRINGS)
    )


def test_members_are_found_through_anonymous_ones() -> None:
    assert sample().offset("outer", "deep") == 12
    assert sample().offset("outer", "inner.deep") == 20
    assert sample().size("outer") == 24
    assert sample().enumerator("color", "RED") == 7


@pytest.mark.parametrize(("structure", "member"), [("outer", "missing"), ("nothing", "deep"), ("outer", "inner.x")])
def test_what_is_absent_is_said_so(structure: str, member: str) -> None:
    assert not sample().has(structure, member)
    with pytest.raises(BtfError, match="this kernel"):
        sample().offset(structure, member)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for prefix in (b"", struct.pack("<H", MAGIC)):
        with suppress(BtfError):
            Btf(prefix + data)


@pytest.mark.skipif(NO_BTF, reason="this kernel has no BTF")
def test_the_running_kernel_has_every_member_that_the_programs_read() -> None:
    found = definitions(Btf.of_running_kernel(), unified_cgroups=False)
    assert len(found) >= sum(map(len, MEMBERS.values()))
    assert found["PIDTYPE_SID"] == 3  # include/linux/pid_types.h


def test_a_kernel_without_btf_is_told_from_a_broken_file(tmp_path) -> None:
    with pytest.raises(BtfError, match="CONFIG_DEBUG_INFO_BTF"):
        Btf.of_running_kernel(tmp_path / "vmlinux")
