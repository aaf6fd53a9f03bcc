"""Reads BTF, the type information of the running kernel, to learn where its structures keep what.

Source: https://docs.kernel.org/bpf/btf.html
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

RUNNING_KERNEL: Final = Path("/sys/kernel/btf/vmlinux")
MAGIC: Final = 0xEB9F

INT, POINTER, ARRAY, STRUCT, UNION, ENUM = 1, 2, 3, 4, 5, 6
TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC_PROTO, VAR, DATASEC, DECL_TAG, TYPE_TAG, ENUM64 = (
    *(8, 9, 10, 11, 13, 14, 15, 17, 18, 19),
)
TRANSPARENT: Final = {TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG}
FIXED_TAIL: Final = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}
ENTRY_TAIL: Final = {STRUCT: 12, UNION: 12, ENUM: 8, FUNC_PROTO: 8, DATASEC: 12, ENUM64: 12}


class BtfError(Exception):
    """The type information is missing, not BTF, or lacks something that is asked for."""


class Type(NamedTuple):
    """One BTF type: `size_or_type` is a size in bytes or the type referred to; `body` the offset of its tail."""

    kind: int
    name: int
    entries: int
    bitfields: bool
    size_or_type: int
    body: int


class Member(NamedTuple):
    """A member of a structure: its offset in bits and its type."""

    name: str
    type: int
    bit_offset: int


class Btf:
    """The types of a kernel."""

    def __init__(self, data: bytes) -> None:
        """Parse raw BTF; raises BtfError if it is none or is cut short."""
        try:
            magic, _, _, header, type_offset, type_bytes, string_offset, string_bytes = struct.unpack_from(
                "<HBBIIIII", data
            )
            if magic != MAGIC:
                raise BtfError(f"not BTF: the magic number is {magic:#x}, not {MAGIC:#x}")
            self._data = data
            strings = header + string_offset
            self._strings = data[strings : strings + string_bytes]
            self._types = list(self._read_types(header + type_offset, header + type_offset + type_bytes))
        except struct.error as error:
            raise BtfError(f"the BTF data is cut short: {error}") from error
        self._structs = {
            self._name(t.name): index for index, t in enumerate(self._types) if t.kind in (STRUCT, UNION) and t.name
        }

    @classmethod
    def of_running_kernel(cls, path: Path = RUNNING_KERNEL) -> "Btf":
        """Read the running kernel's BTF; raises BtfError if the kernel has none."""
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise BtfError(
                f"cannot read {path}: {error.strerror}; the kernel must be built with CONFIG_DEBUG_INFO_BTF"
            ) from error

    def offset(self, structure: str, member: str) -> int:
        """Return the offset in bytes of a member (dotted for members of members); raises BtfError if it is absent."""
        index = self._struct(structure)
        bits = 0
        for part in member.split("."):
            found = self._find(self._strip(index), part)
            if found is None:
                raise BtfError(f"struct {structure} of this kernel has no member {member}")
            bits += found.bit_offset
            index = found.type
        return bits // 8

    def has(self, structure: str, member: str) -> bool:
        """Tell whether the structure exists and has the member."""
        try:
            self.offset(structure, member)
        except BtfError:
            return False
        return True

    def size(self, structure: str) -> int:
        """Return the size of a structure in bytes."""
        return self._types[self._struct(structure)].size_or_type

    def enumerator(self, enum: str, name: str) -> int:
        """Return the value of an enumerator; raises BtfError if it is absent."""
        for t in self._types:
            if t.kind == ENUM and t.name and self._name(t.name) == enum:
                for entry in range(t.entries):
                    label, value = struct.unpack_from("<Ii", self._data, t.body + 8 * entry)
                    if self._name(label) == name:
                        return int(value)
        raise BtfError(f"enum {enum} of this kernel has no {name}")

    def _read_types(self, position: int, end: int) -> Iterator[Type]:
        yield Type(0, 0, 0, False, 0, 0)  # type 0 is void
        while position < end:
            name, info, size_or_type = struct.unpack_from("<III", self._data, position)
            kind, count = info >> 24 & 31, info & 0xFFFF
            yield Type(kind, name, count, bool(info >> 31), size_or_type, position + 12)
            position += 12 + FIXED_TAIL.get(kind, 0) + ENTRY_TAIL.get(kind, 0) * count

    def _name(self, offset: int) -> str:
        end = self._strings.index(b"\0", offset)
        return self._strings[offset:end].decode()

    def _struct(self, name: str) -> int:
        index = self._structs.get(name)
        if index is None:
            raise BtfError(f"this kernel has no struct {name}")
        return index

    def _strip(self, index: int) -> int:
        while self._types[index].kind in TRANSPARENT:
            index = self._types[index].size_or_type
        return index

    def _members(self, index: int) -> Iterator[Member]:
        t = self._types[index]
        if t.kind not in (STRUCT, UNION):
            return
        for entry in range(t.entries):
            name, type_, offset = struct.unpack_from("<III", self._data, t.body + 12 * entry)
            yield Member(self._name(name), type_, offset & 0xFFFFFF if t.bitfields else offset)

    def _find(self, index: int, name: str) -> Member | None:
        for member in self._members(index):
            if member.name == name:
                return member
            if not member.name:
                inner = self._find(self._strip(member.type), name)
                if inner:
                    return inner._replace(bit_offset=inner.bit_offset + member.bit_offset)
        return None
