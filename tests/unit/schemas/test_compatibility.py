import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.avro_files import all_schemas, full_name
from schemas.compatibility import MODES, InvalidSchemaError, Mode, incompatibilities, parse
from tests.events import values

RELEASED = Path(__file__).parents[2] / "histories/schemas"
RELEASES = sorted(path for path in RELEASED.iterdir() if path.is_dir())


def record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "R", "namespace": "n", "fields": list(fields)}


A, B, B_DEFAULT = {"name": "a", "type": "int"}, {"name": "b", "type": "int"}, {"name": "b", "type": "int", "default": 0}
NOTHING = record(A)
MORE, MORE_DEFAULT = record(A, B), record(A, B_DEFAULT)


def allowed(new: dict[str, Any], *earlier: dict[str, Any]) -> set[str]:
    return {mode for mode in MODES if not incompatibilities(mode, parse(new), [parse(old) for old in earlier])}


def test_a_field_with_a_default_may_come_and_go() -> None:
    assert allowed(MORE_DEFAULT, NOTHING) == set(MODES)
    assert allowed(NOTHING, MORE_DEFAULT) == set(MODES)


def test_a_field_without_a_default_may_come_for_new_writers_and_go_for_new_readers() -> None:
    assert allowed(MORE, NOTHING) == {"NONE", "FORWARD", "FORWARD_TRANSITIVE"}
    assert allowed(NOTHING, MORE) == {"NONE", "BACKWARD", "BACKWARD_TRANSITIVE"}


def test_transitive_looks_further_back_than_the_last() -> None:
    assert allowed(MORE, NOTHING, MORE_DEFAULT) == {"NONE", "BACKWARD", "FORWARD", "FULL", "FORWARD_TRANSITIVE"}


def test_nothing_before_allows_everything() -> None:
    assert allowed(MORE) == set(MODES)


def test_the_reason_says_which_schema_and_where() -> None:
    found = incompatibilities("FULL_TRANSITIVE", parse(MORE), [parse(MORE_DEFAULT), parse(NOTHING)])
    assert found == ["the new schema cannot read data of schema 2: reader_field_missing_default_value at /fields/1: b"]


@pytest.mark.parametrize(
    "schema",
    [
        None,
        "no-such-type",
        {},
        {"type": "record"},
        {"type": "record", "name": "R"},
        {"type": "record", "name": "1R", "fields": []},
        {"type": "record", "name": "R", "fields": [{"name": "a"}]},
        {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}] * 2},
        {"type": "record", "name": "R", "fields": "x"},
        {"type": "record", "name": "R", "fields": [1]},
        {"type": "enum", "name": "E", "symbols": [1]},
        {"type": "array"},
        {"type": ["null", "null"]},
        12,
    ],
)
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(InvalidSchemaError):
        parse(schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["record", "int", "R", "fields", "union"]) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "fields", "items", "values", "symbols", "size"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_schema_or_refused(schema: Any) -> None:
    try:
        parse(schema)
    except InvalidSchemaError as error:
        assert str(error)


TYPES = st.recursive(
    st.sampled_from(["null", "boolean", "int", "long", "double", "string", "bytes"]),
    lambda inner: (
        inner.map(lambda i: {"type": "array", "items": i})
        | inner.map(lambda i: {"type": "map", "values": i})
        | st.just(["null", "string"])
    ),
    max_leaves=2,
)
DEFAULTS: dict[Any, Any] = {
    "null": None,
    "boolean": True,
    "int": 1,
    "long": 2,
    "double": 0.5,
    "string": "s",
    "bytes": "b",
}


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    field = {"name": draw(st.sampled_from("abcd")), "type": draw(TYPES)}
    if isinstance(field["type"], str) and draw(st.booleans()):
        field["default"] = DEFAULTS[field["type"]]
    return field


RECORDS = st.lists(fields(), max_size=4, unique_by=lambda field: field["name"]).map(lambda many: record(*many))


@given(RECORDS, RECORDS, st.data())
def test_what_is_called_readable_can_be_read(reader: Any, writer: Any, data: st.DataObject) -> None:
    if incompatibilities("BACKWARD", parse(reader), [parse(writer)]):
        return
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(writer), data.draw(values(writer)))
    buffer.seek(0)
    with suppress(UnicodeDecodeError):  # bytes that a newer schema calls text need not be text
        fastavro.schemaless_reader(buffer, fastavro.parse_schema(writer), fastavro.parse_schema(reader))


def released() -> list[tuple[str, dict[str, Any]]]:
    files = [path for release in RELEASES for path in sorted(release.rglob("*.avsc"))]
    return [(path.relative_to(RELEASED).as_posix(), json.loads(path.read_text())) for path in files]


@pytest.mark.parametrize(("file", "old"), released(), ids=[file for file, _ in released()])
def test_todays_schemas_follow_those_of_every_release(file: str, old: dict[str, Any]) -> None:
    today = all_schemas().get(full_name(old))
    assert today is not None, f"{full_name(old)} was released in {file} and must stay"
    assert incompatibilities("FULL_TRANSITIVE", parse(today), [parse(old)]) == []


@pytest.mark.parametrize("name", sorted(all_schemas()))
def test_that_check_would_find_a_field_taken_away_and_one_added(name: str) -> None:
    old = parse(all_schemas()[name])
    fields = all_schemas()[name]["fields"]
    for needed in (field for field in fields if "default" not in field):
        left = [field for field in fields if field is not needed]
        assert incompatibilities("FULL_TRANSITIVE", parse(all_schemas()[name] | {"fields": left}), [old])
    added = [*fields, {"name": "brand_new", "type": "int"}]
    assert incompatibilities("FULL_TRANSITIVE", parse(all_schemas()[name] | {"fields": added}), [old])


def test_every_mode_is_known() -> None:
    assert set(MODES) == set(get_args(Mode))
