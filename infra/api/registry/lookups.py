"""What the registry answers when asked: pure functions of its state."""

from typing import Any

from infra.api.registry.errors import invalid_version, no_level, no_mode, no_schema, no_subject, no_version
from infra.api.registry.records import GLOBAL
from infra.api.registry.state import State, Version
from infra.api.registry.texts import Text, parsed
from schemas.compatibility import MODES, Mode, incompatibilities

Json = dict[str, Any]


def subjects(state: State, prefix: str = "", deleted: bool = False, deleted_only: bool = False) -> list[str]:
    """Return the names of subjects, sorted; a subject is deleted when all its versions are."""

    def shown(versions: dict[int, Version]) -> bool:
        lives = any(not version.deleted for version in versions.values())
        return not lives if deleted_only else lives or deleted

    return sorted(name for name, found in state.subjects.items() if name.startswith(prefix) and shown(found))


def versions(state: State, subject: str, deleted: bool = False, deleted_only: bool = False) -> list[int]:
    """Return the numbers of a subject's versions."""
    found = state.versions(subject, deleted or deleted_only)
    if not found:
        raise no_subject(subject)
    return [version.version for version in found if version.deleted or not deleted_only]


def version(state: State, subject: str, number: str, deleted: bool = False) -> Version:
    """Return a version by its number or `latest` (also -1)."""
    wanted = version_number(number)
    found = state.versions(subject, deleted)
    if not found:
        raise no_subject(subject)
    if wanted is None:
        return found[-1]
    for each in found:
        if each.version == wanted:
            return each
    raise no_version(wanted)


def version_number(text: str) -> int | None:
    """Return the number of a version, None for the latest."""
    if text in ("latest", "-1"):
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**31):
        raise invalid_version(text)
    return int(text)


def lookup(state: State, subject: str, text: Text, normalize: bool, deleted: bool = False) -> Version:
    """Return the latest version of the subject that has this schema."""
    parsed(state, text)
    if not state.versions(subject, deleted):
        raise no_subject(subject)
    found = [v for v in state.versions(subject, deleted) if text.same_as(v, normalize)]
    if not found:
        raise no_schema()
    return found[-1]


def schema_by_id(state: State, id: str) -> Version:
    """Return a version that has the schema of the id; deleted ones count, because messages are still there."""
    found = state.by_id(int(id)) if id.isascii() and id.isdecimal() and len(id) < 20 else None
    if found is None:
        raise no_schema(id)
    return found


def users(state: State, id: str, subject: str = "", deleted: bool = False) -> list[Version]:
    """Return the versions that have the schema of the id."""
    every = [state.subjects[name][number] for name, number in state.users[schema_by_id(state, id).id]]
    return [v for v in every if (deleted or not v.deleted) and subject in ("", v.subject)]


def references_to(state: State, subject: str, number: int) -> list[int]:
    """Return the ids of living schemas that use a version."""
    every = (version for found in state.subjects.values() for version in found.values() if not version.deleted)
    return sorted({v.id for v in every if any((r.subject, r.version) == (subject, number) for r in v.references)})


def why_not(state: State, subject: str, text: Text, against: list[Version]) -> list[str]:
    """Return what speaks against the schema after these versions, by the subject's compatibility level."""
    new = parsed(state, text)
    earlier = [parsed(state, Text(v.schema, v.references)) for v in against if v.schema_type == "AVRO"]
    return incompatibilities(mode_of(state.level(subject)), new, earlier)


def mode_of(level: str) -> Mode:
    """Return the level as a mode of compatibility; levels that this registry does not know count as FULL_TRANSITIVE."""
    return next((mode for mode in MODES if mode == level), "FULL_TRANSITIVE")


def level(state: State, subject: str, or_global: bool) -> str:
    """Return the compatibility level set for the subject, or the one that holds if asked for."""
    if subject == GLOBAL or or_global or subject in state.levels:
        return state.level(subject)
    raise no_level(subject)


def mode(state: State, subject: str, or_global: bool) -> str:
    """Return the mode set for the subject, or the one that holds if asked for."""
    if subject == GLOBAL or or_global or subject in state.modes:
        return state.mode(subject)
    raise no_mode(subject)


def shown_schema(found: Version) -> Json:
    """Return a schema as the answer to a question for its id."""
    kind = {} if found.schema_type == "AVRO" else {"schemaType": found.schema_type}
    return kind | {"schema": found.schema} | _references(found)


def shown_version(found: Version) -> Json:
    """Return a version as the answer to a question for it."""
    who = {"subject": found.subject, "version": found.version, "id": found.id, "schemaType": found.schema_type}
    return who | _references(found) | {"schema": found.schema} | ({"deleted": True} if found.deleted else {})


def _references(found: Version) -> Json:
    each = [{"name": r.name, "subject": r.subject, "version": r.version} for r in found.references]
    return {"references": each} if each else {}
