"""What the registry does when told: pure functions from its state to records, or to the answer.

A caller appends the records, folds them, and if there is no answer yet decides again: whoever was overtaken by
another registry process thereby sees what that one did.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from infra.api.registry.errors import (
    incompatible,
    invalid_level,
    invalid_mode,
    no_subject,
    read_only,
    referenced,
    subject_deleted,
    subject_not_deleted,
    version_deleted,
    version_not_deleted,
)
from infra.api.registry.lookups import references_to, version, why_not
from infra.api.registry.records import GLOBAL, LevelSet, ModeSet, Record, SchemaErased, SchemaWritten, SubjectDeleted
from infra.api.registry.state import READWRITE, State, Version
from infra.api.registry.texts import Text, parsed
from schemas.compatibility import DEFAULT_MODE, MODES


class Answer(msgspec.Struct, frozen=True):
    """Nothing is to be done: this is the answer."""

    value: Any


class Append(msgspec.Struct, frozen=True):
    """These records are to be appended; then the answer is this, or if it is None it is to be decided again."""

    records: tuple[Record, ...]
    then: Any = None


Decision = Answer | Append


def register(state: State, subject: str, text: Text, normalize: bool) -> Decision:
    """Give the schema an id and make it a version of the subject, if it is not one already."""
    parsed(state, text)
    for old in reversed(state.versions(subject)):
        if text.same_as(old, normalize):
            return Answer(old)
    if state.mode(subject) != READWRITE:
        raise read_only(subject)
    if found := why_not(state, subject, text, state.versions(subject)):
        raise incompatible(subject, found)
    number = max(state.subjects.get(subject, {0: None})) + 1
    same = _same_anywhere(state, text, normalize)
    id, schema = (same.id, same.schema) if same else (state.highest_id + 1, text.schema)
    return Append((SchemaWritten(subject=subject, version=number, id=id, schema=schema, references=text.references),))


def _same_anywhere(state: State, text: Text, normalize: bool) -> Version | None:
    for id in sorted(state.users):
        known = state.by_id(id)
        if known is not None and text.same_as(known, normalize):
            return known
    return None


def delete_subject(state: State, subject: str, permanent: bool) -> Decision:
    """Delete all versions of a subject; for good only those that are deleted already."""
    _check_writable(state, subject)
    every, living = state.versions(subject, deleted=True), state.versions(subject)
    if not every:
        raise no_subject(subject)
    if permanent:
        if living:
            raise subject_not_deleted(subject)
        return _append([SchemaErased(subject, v.version) for v in every], [v.version for v in every])
    if not living:
        raise subject_deleted(subject)
    for each in living:
        _check_unused(state, each)
    return _append([SubjectDeleted(subject, every[-1].version)], [v.version for v in living])


def delete_version(state: State, subject: str, number: str, permanent: bool) -> Decision:
    """Delete one version; for good only if it is deleted already."""
    _check_writable(state, subject)
    gone = version(state, subject, number, deleted=number not in ("latest", "-1"))
    if permanent:
        if not gone.deleted:
            raise version_not_deleted(subject, gone.version)
        return _append([SchemaErased(subject, gone.version)], gone.version)
    if gone.deleted:
        raise version_deleted(subject, gone.version)
    _check_unused(state, gone)
    return _append([replace(gone, deleted=True)], gone.version)


def set_level(subject: str, level: object) -> Decision:
    """Set the compatibility level of a subject, or with GLOBAL the one of all without their own."""
    if not isinstance(level, str) or level.upper() not in MODES:
        raise invalid_level(level)
    return _append([LevelSet(subject, level.upper())], {"compatibility": level.upper()})


def unset_level(state: State, subject: str) -> Decision:
    """Take a compatibility level back; the answer is what it was."""
    if subject != GLOBAL and subject not in state.levels:
        raise no_subject(subject)
    before = state.levels.get(subject, DEFAULT_MODE)
    return _append([LevelSet(subject, None)], {"compatibilityLevel": before})


def set_mode(subject: str, mode: object) -> Decision:
    """Make a subject, or with GLOBAL all without their own mode, read-only or writable."""
    if mode not in (READWRITE, "READONLY"):
        raise invalid_mode(mode)
    return _append([ModeSet(subject, str(mode))], {"mode": mode})


def unset_mode(state: State, subject: str) -> Decision:
    """Take a mode back; the answer is what it was."""
    if subject != GLOBAL and subject not in state.modes:
        raise no_subject(subject)
    return _append([ModeSet(subject, None)], {"mode": state.modes.get(subject, READWRITE)})


def _append(records: list[Any], then: Any) -> Append:
    return Append(tuple(records), then)


def _check_writable(state: State, subject: str) -> None:
    if state.mode(subject) != READWRITE:
        raise read_only(subject)


def _check_unused(state: State, version: Version) -> None:
    if by := references_to(state, version.subject, version.version):
        raise referenced(version.subject, version.version, by)
