"""Events to bytes and back: Avro behind Confluent's wire prefix.

A value is a zero byte, the id of the schema it was written with (4 bytes, big-endian), and the record in
Avro's binary encoding. It is read under this release's own schema, whatever it was written with.
"""

import io
import struct
import time
from typing import Any, Final, Literal

import fastavro
import msgspec

from schemas.avro_files import all_schemas
from schemas.registry import Registry, UnknownSchemaError
from schemas.topics import Topic
from schemas.types import TYPES

MAGIC: Final = 0
PREFIX: Final = struct.Struct(">bI")
NAMES: Final = {type_: name for name, type_ in TYPES.items()}
UNKNOWN_SECONDS: Final = 5.0
UNKNOWN_REMEMBERED: Final = 10_000

Reason = Literal["undecodable", "unknown-schema"]


class UndecodableError(Exception):
    """A value that is no event of ours; `reason` is short and stable, `detail` is for a person."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


class UnencodableError(Exception):
    """An event whose fields do not fit its schema."""


class Reader(msgspec.Struct, frozen=True):
    """How values of one schema id are read."""

    name: str
    writer: Any
    reader: Any


class Codec:
    """Encodes and decodes events, asking the registry once for each schema."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._ids: dict[tuple[str, type], int] = {}
        self._readers: dict[int, Reader] = {}
        self._unknown: dict[int, float] = {}
        self._parsed: dict[str, Any] = {}

    def encode(self, topic: Topic, event: msgspec.Struct) -> bytes:
        """Return the value for a message on the topic.

        Raises UnencodableError; RefusedSchemaError or RegistryUnavailableError from the registry.
        """
        name = NAMES.get(type(event), type(event).__qualname__)
        if name not in topic.schemas:
            raise UnencodableError(f"{name} is no event of topic {topic.name}: {', '.join(topic.schemas)}")
        buffer = io.BytesIO()
        buffer.write(PREFIX.pack(MAGIC, self._id(topic, name)))
        try:
            record = msgspec.to_builtins(event, builtin_types=(bytes,))
            fastavro.schemaless_writer(buffer, self._ours(name), record)
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            raise UnencodableError(f"{name}: {error}") from error
        return buffer.getvalue()

    def decode(self, data: bytes | None) -> msgspec.Struct:
        """Return the event in a message's value.

        Raises UndecodableError for whatever is wrong with the value, RegistryUnavailableError if the
        registry cannot be asked what its schema is.
        """
        how = self._reader(_schema_id(data))
        assert data is not None
        buffer = io.BytesIO(data)
        buffer.seek(PREFIX.size)
        try:
            record = fastavro.schemaless_reader(buffer, how.writer, how.reader)
            event = msgspec.convert(record, TYPES[how.name])
        except Exception as error:
            # What fastavro raises for bad bytes depends on where it noticed: a dozen types, IndexError too.
            raise UndecodableError("undecodable", f"{how.name}: {_said(error)}") from error
        if rest := len(data) - buffer.tell():
            raise UndecodableError("undecodable", f"{how.name}: {rest} bytes after the end of the record")
        return event

    def _id(self, topic: Topic, name: str) -> int:
        key = (topic.name, TYPES[name])
        if key not in self._ids:
            self._ids[key] = self._registry.register(topic.subject(name), all_schemas()[name])
        return self._ids[key]

    def _ours(self, name: str) -> Any:
        if name not in self._parsed:
            self._parsed[name] = fastavro.parse_schema(all_schemas()[name])
        return self._parsed[name]

    def _reader(self, id: int) -> Reader:
        if id not in self._readers:
            self._readers[id] = self._ask(id)
        return self._readers[id]

    def _ask(self, id: int) -> Reader:
        # A flood of messages with a wrong id must not become a flood of requests.
        if time.monotonic() < self._unknown.get(id, 0.0):
            raise UndecodableError("unknown-schema", f"the registry has no schema {id}")
        try:
            return self._reader_of(id, self._registry.schema(id))
        except UnknownSchemaError as error:
            if len(self._unknown) >= UNKNOWN_REMEMBERED:
                self._unknown.clear()
            self._unknown[id] = time.monotonic() + UNKNOWN_SECONDS
            raise UndecodableError("unknown-schema", str(error)) from error

    def _reader_of(self, id: int, writer: dict[str, Any]) -> Reader:
        try:
            parsed: Any = fastavro.parse_schema(writer)
            name = str(parsed["name"])
        except Exception as error:
            raise UnknownSchemaError(f"schema {id} cannot be used: {_said(error)}") from error
        if name not in TYPES:
            raise UnknownSchemaError(f"schema {id} is {name}, which this release does not know")
        # Reading under the schema it was written with needs no resolution and is faster.
        return Reader(name, parsed, None if writer == all_schemas()[name] else self._ours(name))


def _schema_id(data: bytes | None) -> int:
    if data is None or len(data) < PREFIX.size:
        raise UndecodableError("undecodable", f"{len(data or b'')} bytes cannot hold an event")
    magic, id = PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise UndecodableError("undecodable", f"the first byte is {magic & 255}, not {MAGIC}")
    return int(id)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}"
