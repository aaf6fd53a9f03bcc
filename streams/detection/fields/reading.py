"""The value of a field in one event."""

from collections.abc import Callable
from typing import Any

import numpy as np

from streams.detection.fields.field import Field
from streams.detection.levels import Call, Numbers
from streams.detection.predicates import Index


def value_in(field: Field, call: Call, raws: dict[str, Any], index: Index | None = None) -> Any:
    """Return the value of a field, or of `field[index]`, in an event; `raws` keeps what levels give for it."""
    columns, event = call
    event_type = columns.type_of(event)
    if field.types is not None and event_type not in field.types:
        return field.elsewhere
    if isinstance(field.level, Numbers):
        how: Callable[..., Any] = field.how
        values, known = how(columns, np.array([event]))
        return int(values[0]) if known is None or known[0] else None
    if field.level.name not in raws:
        raws[field.level.name] = field.level.raw(columns, event)
    return field.read(raws[field.level.name], event_type, index)
