"""The state of the registry: the pure fold of the topic `_schemas`."""

from typing import Final, TypeVar, assert_never

import msgspec
from msgspec.structs import replace

from infra.api.registry.records import (
    GLOBAL,
    LevelSet,
    ModeSet,
    Nothing,
    Record,
    SchemaErased,
    SchemaWritten,
    SubjectDeleted,
)
from schemas.compatibility import DEFAULT_MODE

Version = SchemaWritten
"""A version is what the last record that was not refused says of it."""

READWRITE: Final = "READWRITE"

K = TypeVar("K")
V = TypeVar("V")


class State(msgspec.Struct, frozen=True):
    """All that the registry knows."""

    subjects: dict[str, dict[int, Version]] = {}
    """Versions by number, in ascending order; deleted ones too until they are erased."""
    users: dict[int, tuple[tuple[str, int], ...]] = {}
    """Which versions, by subject and number, have the schema of an id."""
    highest_id: int = 0
    levels: dict[str, str] = {}
    modes: dict[str, str] = {}
    disputed: frozenset[tuple[str, int]] = frozenset()
    """Versions of which compaction may take the record that counts: their last was refused, or a deletion of their
    subject that did not reach them replaced one that did."""

    def versions(self, subject: str, deleted: bool = False) -> list[Version]:
        """Return the versions of a subject, oldest first; with `deleted` also those that are."""
        return [v for v in self.subjects.get(subject, {}).values() if deleted or not v.deleted]

    def by_id(self, id: int) -> Version | None:
        """Return a version that has the schema of the id, None if none has."""
        subject, number = self.users.get(id, (("", 0),))[0]
        return self.subjects[subject][number] if subject else None

    def level(self, subject: str) -> str:
        """Return the compatibility level that holds for a subject."""
        return self.levels.get(subject) or self.levels.get(GLOBAL) or DEFAULT_MODE

    def mode(self, subject: str) -> str:
        """Return the mode that holds for a subject."""
        return self.modes.get(subject) or self.modes.get(GLOBAL) or READWRITE


def evolve(state: State, record: Record) -> State:
    """Return the state after a record.

    An id keeps the first schema it was given, and a version too, which goes only one way: it lives, is deleted, is
    erased. A later record that says otherwise is refused, so that of two registries that were equally fast one
    has won, and both see which.
    """
    match record:
        case SchemaWritten():
            return _written(state, record)
        case SchemaErased(subject, version):
            return _erased(state, subject, version)
        case SubjectDeleted(subject, version):
            return _deleted(state, subject, version)
        case LevelSet(subject, level):
            return replace(state, levels=_set(state.levels, subject, level))
        case ModeSet(subject, mode):
            return replace(state, modes=_set(state.modes, subject, mode))
        case Nothing():
            return state
        case _:
            assert_never(record)


def repairs(state: State) -> list[Record]:
    """Return records that say again what counts for disputed versions, so that it outlives compaction."""
    return [
        state.subjects.get(subject, {}).get(version) or SchemaErased(subject, version)
        for subject, version in sorted(state.disputed)
    ]


def _written(state: State, record: SchemaWritten) -> State:
    key = (record.subject, record.version)
    before = state.subjects.get(record.subject, {}).get(record.version)
    highest = max(state.highest_id, record.id)
    back_to_life = before is not None and before.deleted and not record.deleted
    if back_to_life or not _agree(before, record) or not _agree(state.by_id(record.id), record):
        return replace(state, disputed=state.disputed | {key}, highest_id=highest)
    versions = state.subjects.get(record.subject, {}) | {record.version: record}
    users = state.users.get(record.id, ())
    return replace(
        state,
        subjects=state.subjects | {record.subject: dict(sorted(versions.items()))},
        users=state.users if key in users else state.users | {record.id: (*users, key)},
        highest_id=highest,
        disputed=state.disputed - {key},
    )


def _agree(one: Version | None, other: Version) -> bool:
    return one is None or (one.id, one.schema, one.references) == (other.id, other.schema, other.references)


def _erased(state: State, subject: str, version: int) -> State:
    key = (subject, version)
    gone = state.subjects.get(subject, {}).get(version)
    if gone is None:
        return replace(state, disputed=state.disputed - {key})
    if not gone.deleted:
        return replace(state, disputed=state.disputed | {key})
    left = {number: v for number, v in state.subjects[subject].items() if number != version}
    users = tuple(user for user in state.users[gone.id] if user != key)
    return replace(
        state,
        subjects=_set(state.subjects, subject, left),
        users=_set(state.users, gone.id, users),
        disputed=state.disputed - {key},
    )


def _deleted(state: State, subject: str, up_to: int) -> State:
    versions = state.subjects.get(subject, {})
    marked = {n: replace(v, deleted=True) if n <= up_to else v for n, v in versions.items()}
    # Compaction takes an earlier deletion that went further: what it deleted beyond this one must say so itself.
    beyond = {(subject, n) for n, version in versions.items() if n > up_to and version.deleted}
    return replace(state, subjects=_set(state.subjects, subject, marked), disputed=state.disputed | beyond)


def _set(table: dict[K, V], key: K, value: V | None) -> dict[K, V]:
    """Return the table with the entry, or without it if the value is None or empty."""
    return table | {key: value} if value else {k: v for k, v in table.items() if k != key}
