"""Whether data written under one schema can be read under another, by Apache Avro's own rules."""

import json
import warnings
from collections.abc import Sequence
from typing import Any, Final, Literal, get_args

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.name import Names
from avro.schema import Schema, make_avsc_object

Mode = Literal[
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
DEFAULT_MODE: Final[Mode] = "FULL_TRANSITIVE"


class InvalidSchemaError(Exception):
    """What was given is no Avro schema."""


def parse(schema: Any, references: Sequence[Any] = ()) -> Schema:
    """Return the schema parsed by the `avro` package; takes JSON values.

    `references` are schemas whose names it may use, each after those that it uses itself.
    Raises InvalidSchemaError.
    """
    names = Names(validate_names=True)
    with warnings.catch_warnings():
        # An unknown logical type is ignored, as the specification wants.
        warnings.simplefilter("ignore")
        try:
            for reference in references:
                make_avsc_object(reference, names)
            return make_avsc_object(schema, names)
        except AvroException as error:
            raise InvalidSchemaError(str(error)) from error
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            # The package checks less than it assumes: these come from JSON of the wrong shape.
            raise InvalidSchemaError(f"{json.dumps(schema)[:200]}: {error}") from error


def incompatibilities(mode: Mode, new: Schema, earlier: Sequence[Schema]) -> list[str]:
    """Return why the new schema must not follow the earlier ones (oldest first); nothing if it may.

    BACKWARD: the new one reads what the last one wrote. FORWARD: the other way round. FULL: both.
    _TRANSITIVE: all earlier ones, not only the last.
    """
    if mode == "NONE":
        return []
    against = earlier if mode.endswith("_TRANSITIVE") else earlier[-1:]
    found: list[str] = []
    for number, old in zip(range(len(earlier) - len(against) + 1, len(earlier) + 1), against, strict=True):
        if not mode.startswith("FORWARD"):
            found += _unreadable(new, old, f"the new schema cannot read data of schema {number}")
        if not mode.startswith("BACKWARD"):
            found += _unreadable(old, new, f"schema {number} cannot read data of the new schema")
    return found


def _unreadable(reader: Schema, writer: Schema, what: str) -> list[str]:
    result = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)
    if result.compatibility is not SchemaCompatibilityType.incompatible:
        return []
    kinds = ", ".join(sorted({kind.name for kind in result.incompatibilities}))
    places = ", ".join(sorted(result.locations - {"/"}) or ["/"])
    return [f"{what}: {kinds} at {places}: {', '.join(sorted(result.messages))}"]
