"""Values in JSON, found by their keys and written as fields show them."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from streams.detection.audit.event import Event

Reader = Callable[[Event], Any]
INDEX: Final = re.compile("[0-9]{1,9}")


def at(value: Any, *keys: str) -> Any:
    """Return what stands under keys, UNSET if there is nothing; a key of a list is an index."""
    for key in keys:
        value = _under(value, key)
    return value


def shown(value: Any) -> str | None:
    """Return strings as they are and all else as JSON on one line, as Falco does; None for what is not there."""
    if value is UNSET or isinstance(value, str):
        return None if value is UNSET else value
    return msgspec.json.encode(value).decode()


def text_of(*keys: str) -> Reader:
    """Return the reader of what stands under keys."""
    return lambda event: shown(at(event.body, *keys))


def list_of(*keys: str) -> Reader:
    """Return the reader of the list under keys; an empty one is absent."""
    return lambda event: texts(found) if isinstance(found := at(event.body, *keys), list) else None


def texts(values: Iterable[Any]) -> tuple[str, ...] | None:
    """Return the values that are there as texts; None for none."""
    return tuple(text for value in values if (text := shown(value)) is not None) or None


def each(value: Any, keys: Sequence[str], index: int | None = None) -> list[Any] | None:
    """Return what stands under keys in each element of the lists on the way, UNSET where there is nothing.

    With an index only that element of each list counts. None if the way ends before a list.
    """
    for place, key in enumerate(keys):
        if isinstance(value, list):
            if index is None:
                return [one for element in value for one in _each_or_none(element, keys[place:])]
            value = value[index] if index < len(value) else UNSET
        value = _under(value, key) if key else value
        if value is UNSET:
            return None
    return [value]


def _each_or_none(value: Any, keys: Sequence[str]) -> list[Any]:
    found = each(value, keys)
    return [UNSET] if found is None else found


def flat(values: Iterable[Any] | None) -> tuple[str, ...] | None:
    """Return the elements of those values that are lists, as texts; None for none."""
    return texts(one for value in values or () if isinstance(value, list) for one in value)


def _under(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key, UNSET)
    if isinstance(value, list) and INDEX.fullmatch(key) and int(key) < len(value):
        return value[int(key)]
    return UNSET
