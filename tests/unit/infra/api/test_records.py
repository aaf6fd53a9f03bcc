import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.api.registry.records import (
    BadRecordError,
    LevelSet,
    ModeSet,
    Nothing,
    Record,
    Reference,
    SchemaErased,
    SchemaWritten,
    SubjectDeleted,
    read_record,
    write_record,
)
from tests.unit.infra.api.records import ANY

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["SCHEMA", "CONFIG", "MODE", "DELETE_SUBJECT", "s"]),
    lambda inner: st.dictionaries(
        st.sampled_from(["keytype", "subject", "version", "magic", "id", "schema", "compatibilityLevel", "mode"]), inner
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


@given(ANY)
def test_what_was_written_is_read(record: Record) -> None:
    assert read_record(*write_record(record)) == record


@given(st.none() | st.binary() | JSON, st.none() | st.binary() | JSON)
def test_anything_else_is_read_or_refused(key: bytes | None, value: bytes | None) -> None:
    try:
        read_record(key, value)
    except BadRecordError as error:
        assert str(error)


# Bytes as Confluent's registry 5, 7 and 8 have written them.
@pytest.mark.parametrize(
    ("key", "value", "record"),
    [
        (
            '{"keytype":"SCHEMA","subject":"s-value","version":1,"magic":1}',
            '{"subject":"s-value","version":1,"id":7,"schema":"\\"string\\"","deleted":false}',
            SchemaWritten(subject="s-value", version=1, id=7, schema='"string"'),
        ),
        (
            '{"keytype":"SCHEMA","subject":"s","version":2,"magic":1}',
            '{"subject":"s","version":2,"id":8,"md5":"pEDWVuI7HOgYIqgy4VnLTA==","references":'
            '[{"name":"n.A","subject":"a","version":1}],"schema":"\\"n.A\\"","deleted":true,"ts":1,"offset":3}',
            SchemaWritten(
                subject="s", version=2, id=8, schema='"n.A"', references=(Reference("n.A", "a", 1),), deleted=True
            ),
        ),
        (
            '{"keytype":"SCHEMA","subject":"p","version":1,"magic":1}',
            '{"subject":"p","version":1,"id":9,"schemaType":"PROTOBUF","schema":"message A {}","deleted":false}',
            SchemaWritten(subject="p", version=1, id=9, schema="message A {}", schema_type="PROTOBUF"),
        ),
        ('{"keytype":"SCHEMA","subject":"s","version":2,"magic":1}', None, SchemaErased("s", 2)),
        ('{"keytype":"SCHEMA","subject":"s","version":2,"magic":1}', "", SchemaErased("s", 2)),
        (
            '{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}',
            '{"subject":"s","version":2}',
            SubjectDeleted("s", 2),
        ),
        ('{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}', None, Nothing()),
        ('{"keytype":"CONFIG","subject":null,"magic":0}', '{"compatibilityLevel":"FULL"}', LevelSet("", "FULL")),
        (
            '{"keytype":"CONFIG","subject":"s","magic":0}',
            '{"subject":"s","normalize":true,"compatibilityLevel":"NONE"}',
            LevelSet("s", "NONE"),
        ),
        ('{"keytype":"CONFIG","subject":"s","magic":0}', '{"normalize":true}', LevelSet("s", None)),
        ('{"keytype":"CONFIG","subject":"s","magic":0}', None, LevelSet("s", None)),
        ('{"keytype":"MODE","magic":0}', '{"mode":"READONLY"}', ModeSet("", "READONLY")),
        ('{"keytype":"NOOP","magic":0}', None, Nothing()),
        ('{"keytype":"CONTEXT","tenant":"t","context":".","magic":0}', '{"tenant":"t","context":"."}', Nothing()),
    ],
)
def test_confluents_records_are_understood(key: str, value: str | None, record: Record) -> None:
    assert read_record(key.encode(), None if value is None else value.encode()) == record


def test_keys_are_the_bytes_that_confluent_writes() -> None:
    # Compaction compares bytes: another order or a blank would leave two records of one thing.
    written = SchemaWritten(subject="ü", version=1, id=7, schema='"string"')
    assert [
        write_record(r)[0].decode() for r in (written, SubjectDeleted("s", 1), LevelSet("s", "FULL"), Nothing())
    ] == [
        '{"keytype":"SCHEMA","subject":"ü","version":1,"magic":1}',
        '{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}',
        '{"keytype":"CONFIG","subject":"s","magic":0}',
        '{"keytype":"NOOP","magic":0}',
    ]
    assert write_record(LevelSet("", "FULL")) == (
        b'{"keytype":"CONFIG","magic":0}',
        b'{"compatibilityLevel":"FULL"}',
    )
    assert write_record(written)[1] == (
        '{"subject":"ü","version":1,"id":7,"schema":"\\"string\\"","deleted":false}'.encode()
    )


@pytest.mark.parametrize(
    "value",
    [
        '{"subject":"s","version":2,"id":7,"schema":"\\"int\\"","deleted":false}',
        '{"subject":"t","version":1,"id":7,"schema":"\\"int\\"","deleted":false}',
        '{"subject":"s","version":1,"id":0,"schema":"\\"int\\"","deleted":false}',
        '{"subject":"s","version":1,"id":2147483648,"schema":"\\"int\\"","deleted":false}',
        '{"subject":"s","version":1,"id":7,"schema":"int","deleted":false}',
        '{"subject":"s","version":1,"id":7}',
        "[]",
    ],
)
def test_values_that_do_not_belong_to_their_key_are_refused(value: str) -> None:
    with pytest.raises(BadRecordError):
        read_record(b'{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}', value.encode())
