"""What every registry must do; run on each by the tests beside this file."""

import itertools
from typing import Any

import pytest

from schemas.registry import RefusedSchemaError, Registry, UnknownSchemaError

NUMBERS = itertools.count()


def record(*fields: dict[str, Any]) -> dict[str, Any]:
    """Return a record of a name that no other test uses."""
    return {"type": "record", "name": f"R{next(NUMBERS)}", "namespace": "com.example", "fields": list(fields)}


class RegistryContract:
    """Subclass it with a fixture `registry`."""

    def test_an_id_gives_back_its_schema(self, registry: Registry) -> None:
        schema = record({"name": "a", "type": ["null", "string"], "default": None, "doc": "Who."})
        assert registry.schema(registry.register("s", schema)) == schema

    def test_the_same_schema_has_one_id_under_every_subject(self, registry: Registry) -> None:
        schema = record()
        ids = {registry.register(subject, schema) for subject in ("t", "t", "topic/with a slash", "ü%2F?#")}
        assert len(ids) == 1

    def test_different_schemas_have_different_ids(self, registry: Registry) -> None:
        many = [record() for _ in range(5)]
        ids = [registry.register(f"different-{number}", schema) for number, schema in enumerate(many)]
        assert len(set(ids)) == 5
        assert [registry.schema(id) for id in ids] == many

    def test_an_unknown_id_is_said_to_be_unknown(self, registry: Registry) -> None:
        for id in (0, 2**31 - 1, 2**32 - 1):
            with pytest.raises(UnknownSchemaError):
                registry.schema(id)

    def test_a_version_that_breaks_an_earlier_one_is_refused_and_leaves_no_trace(self, registry: Registry) -> None:
        first = record({"name": "a", "type": "int", "default": 0})
        second = first | {
            "fields": [{"name": "a", "type": "int", "default": 0}, {"name": "b", "type": "int", "default": 1}]
        }
        id = registry.register("grows", first)
        assert registry.register("grows", second) != id
        with pytest.raises(RefusedSchemaError, match="grows"):
            registry.register("grows", first | {"fields": [{"name": "c", "type": "int"}]})
        assert registry.register("grows", first) == id

    def test_the_same_schema_written_in_another_order_is_the_same(self, registry: Registry) -> None:
        schema = record({"name": "a", "type": "int"})
        turned = {key: schema[key] for key in reversed(schema)}
        assert registry.register("order", schema) == registry.register("order", turned)
