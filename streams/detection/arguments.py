"""What stands in brackets after a field: a number, or a key."""

import re
from typing import Final

from streams.detection.fields.field import AnyField

INDEX: Final = re.compile("[0-9]{1,3}")


class ArgumentError(ValueError):
    """A field cannot take what stands in brackets after it."""


def argument_of(field: AnyField, written: str | None) -> int | str | None:
    """Return the index or key of a field as it is written, without the brackets; raise ArgumentError."""
    if written is None:
        if field.key_needed:
            raise ArgumentError(f"the field {field.name} needs a key: {field.name}[key]")
        return None
    if field.indexed is not None and INDEX.fullmatch(written):
        return int(written)
    if field.keyed is not None:
        return written
    if field.indexed is None:
        raise ArgumentError(f"the field {field.name} takes no [{written}]")
    raise ArgumentError(f"[{written}] must be a number from 0 to 999")
