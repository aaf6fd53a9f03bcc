"""What the topic `_schemas` says, in the form that Confluent's registry writes and reads.

Keys are JSON without blanks and with a fixed order of names, because compaction compares their bytes.
"""

import json
from typing import Any, Final, assert_never

import msgspec

LARGEST_ID: Final = 2**31 - 1
GLOBAL: Final = ""
"""Stands for all subjects where a subject is asked for."""


class BadRecordError(ValueError):
    """A record that no registry wrote."""


class Reference(msgspec.Struct, frozen=True):
    """A name in a schema that another subject's version defines."""

    name: str
    subject: str
    version: int


class SchemaWritten(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a subject is there, or its being deleted changed."""

    subject: str
    version: int
    id: int
    schema: str
    references: tuple[Reference, ...] = ()
    schema_type: str = "AVRO"
    deleted: bool = False


class SchemaErased(msgspec.Struct, frozen=True):
    """A version is gone for good."""

    subject: str
    version: int


class SubjectDeleted(msgspec.Struct, frozen=True):
    """All versions of a subject up to this one are deleted, but could be asked for."""

    subject: str
    version: int


class LevelSet(msgspec.Struct, frozen=True):
    """The compatibility level of a subject, or with GLOBAL of all, was set; None takes it back."""

    subject: str
    level: str | None


class ModeSet(msgspec.Struct, frozen=True):
    """The mode of a subject, or with GLOBAL of all, was set; None takes it back."""

    subject: str
    mode: str | None


class Nothing(msgspec.Struct, frozen=True):
    """A record that changes nothing here."""


Record = SchemaWritten | SchemaErased | SubjectDeleted | LevelSet | ModeSet | Nothing


class _Key(msgspec.Struct):
    keytype: str
    subject: str | None = None
    version: int = 0


class _SchemaValue(msgspec.Struct, rename="camel"):
    subject: str
    version: int
    id: int
    schema: str
    references: tuple[Reference, ...] | None = None
    schema_type: str = "AVRO"
    deleted: bool = False


class _VersionValue(msgspec.Struct):
    subject: str
    version: int


class _LevelValue(msgspec.Struct, rename="camel"):
    compatibility_level: str | None = None


class _ModeValue(msgspec.Struct):
    mode: str


def read_record(key: bytes | None, value: bytes | None) -> Record:
    """Return what a record of the topic says. Raises BadRecordError."""
    try:
        # Karapace erases with an empty value where Confluent's registry has none.
        return _record(msgspec.json.decode(key or b"", type=_Key), value or None)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecordError(f"{(key or b'')[:200]!r}: {error}") from error


def _record(key: _Key, value: bytes | None) -> Record:
    subject = key.subject or GLOBAL
    match key.keytype:
        case "SCHEMA":
            return _schema(subject, key.version, value)
        case "DELETE_SUBJECT" if value is not None:
            deleted = msgspec.json.decode(value, type=_VersionValue)
            return SubjectDeleted(deleted.subject, deleted.version)
        case "CONFIG":
            level = None if value is None else msgspec.json.decode(value, type=_LevelValue).compatibility_level
            return LevelSet(subject, level)
        case "MODE":
            return ModeSet(subject, None if value is None else msgspec.json.decode(value, type=_ModeValue).mode)
        case _:
            return Nothing()


def _schema(subject: str, version: int, value: bytes | None) -> Record:
    if not subject or version < 1:
        raise BadRecordError(f"version {version} of subject {subject!r} cannot be")
    if value is None:
        return SchemaErased(subject, version)
    read = msgspec.json.decode(value, type=_SchemaValue)
    if (read.subject, read.version) != (subject, version) or not 0 < read.id <= LARGEST_ID:
        raise BadRecordError(f"the key says {subject} {version}, the value {read.subject} {read.version}, id {read.id}")
    if read.schema_type == "AVRO":
        msgspec.json.decode(read.schema)
    return SchemaWritten(
        subject=subject,
        version=version,
        id=read.id,
        schema=read.schema,
        references=read.references or (),
        schema_type=read.schema_type,
        deleted=read.deleted,
    )


def write_record(record: Record) -> tuple[bytes, bytes | None]:
    """Return key and value for the topic."""
    match record:
        case SchemaWritten():
            return _schema_key(record.subject, record.version), _compact(_schema_value(record))
        case SchemaErased(subject, version):
            return _schema_key(subject, version), None
        case SubjectDeleted(subject, version):
            return _key("DELETE_SUBJECT", subject), _compact({"subject": subject, "version": version})
        case LevelSet(subject, level):
            return _key("CONFIG", subject), _setting(subject, "compatibilityLevel", level)
        case ModeSet(subject, mode):
            return _key("MODE", subject), _setting(subject, "mode", mode)
        case Nothing():
            return _compact({"keytype": "NOOP", "magic": 0}), None
        case _:
            assert_never(record)


def _schema_key(subject: str, version: int) -> bytes:
    return _compact({"keytype": "SCHEMA", "subject": subject, "version": version, "magic": 1})


def _schema_value(record: SchemaWritten) -> dict[str, Any]:
    kind = {} if record.schema_type == "AVRO" else {"schemaType": record.schema_type}
    references = {"references": msgspec.to_builtins(record.references)} if record.references else {}
    who = {"subject": record.subject, "version": record.version, "id": record.id}
    return who | kind | references | {"schema": record.schema, "deleted": record.deleted}


def _key(keytype: str, subject: str) -> bytes:
    return _compact({"keytype": keytype} | ({"subject": subject} if subject else {}) | {"magic": 0})


def _setting(subject: str, name: str, value: str | None) -> bytes | None:
    return None if value is None else _compact(({"subject": subject} if subject else {}) | {name: value})


def _compact(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
