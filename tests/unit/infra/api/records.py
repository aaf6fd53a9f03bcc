"""Strategies for records of the topic `_schemas`."""

import json

from hypothesis import strategies as st

from infra.api.registry.records import (
    GLOBAL,
    LevelSet,
    ModeSet,
    Nothing,
    Record,
    Reference,
    SchemaErased,
    SchemaWritten,
    SubjectDeleted,
)
from schemas.compatibility import MODES

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def records(
    subjects: st.SearchStrategy[str], numbers: st.SearchStrategy[int], schemas: st.SearchStrategy[str]
) -> st.SearchStrategy[Record]:
    """Return a strategy for records about few or many subjects, versions, ids and schemas."""
    references = st.lists(st.builds(Reference, TEXT, subjects, numbers), max_size=2).map(tuple)
    written = st.builds(
        SchemaWritten,
        subject=subjects,
        version=numbers,
        id=numbers,
        schema=schemas,
        references=references,
        deleted=st.booleans(),
    )
    subject = subjects | st.just(GLOBAL)
    return st.one_of(
        written,
        st.builds(SchemaErased, subjects, numbers),
        st.builds(SubjectDeleted, subjects, numbers),
        st.builds(LevelSet, subject, st.none() | st.sampled_from(MODES)),
        st.builds(ModeSet, subject, st.none() | st.sampled_from(["READWRITE", "READONLY"])),
        st.just(Nothing()),
    )


ANY = records(TEXT, st.integers(1, 2**31 - 1), TEXT.map(json.dumps))
FEW = records(st.sampled_from("st"), st.integers(1, 3), st.sampled_from(['"int"', '"string"'])).map(
    lambda record: record if not isinstance(record, SchemaWritten) else _plain(record)
)


def _plain(record: SchemaWritten) -> SchemaWritten:
    return SchemaWritten(
        subject=record.subject, version=record.version, id=record.id, schema=record.schema, deleted=record.deleted
    )
