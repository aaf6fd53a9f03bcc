"""Values of JSON as templates see them."""

from typing import Any


def as_data(value: Any) -> Any:
    """Return a value as Go decodes JSON: all numbers are floats."""
    match value:
        case bool():
            return value
        case int():
            return float(value)
        case dict():
            return {key: as_data(item) for key, item in value.items()}
        case list() | tuple():
            return [as_data(item) for item in value]
        case _:
            return value
