"""Items with the changes of later ones put in."""

from typing import Any, Final, TypeVar

import msgspec

from streams.detection.definitions import Change, ExceptionItem, ListItem, MacroItem, RuleItem, Update
from streams.detection.problems import RuleErrors
from streams.detection.reading import WITHOUT_EFFECT
from streams.detection.sources import joined

Named = TypeVar("Named", ListItem, MacroItem, RuleItem)
ATTRIBUTES: Final = {"skip-if-unknown-filter": "skip_if_unknown"}


def amended(item: Named, update: Update) -> Named:
    """Return the item with the changes of an update; raise RuleErrors if they do not fit."""
    values = {}
    for change in update.changes:
        if change.key not in WITHOUT_EFFECT:
            attribute = ATTRIBUTES.get(change.key, change.key)
            values[attribute] = _changed(getattr(item, attribute), change)
    return msgspec.structs.replace(item, **values)


def _changed(value: Any, change: Change) -> Any:
    new: Any = change.value
    match change.key:
        case _ if change.how == "replace":
            return new
        case "condition" | "output":
            return joined(value, new)
        case "desc":
            return f"{value} {new}".strip()
        case "tags":
            return tuple(dict.fromkeys((*value, *new)))
        case "exceptions":
            return _with_exceptions(value, new)
        case _:
            return (*value, *new)


def _with_exceptions(earlier: tuple[ExceptionItem, ...], later: tuple[ExceptionItem, ...]) -> tuple[ExceptionItem, ...]:
    """Return exceptions with others appended: values to one of the same name, else a new one."""
    known = {one.name.value: one for one in earlier}
    for one in later:
        name = one.name.value
        before = known.get(name)
        if before is None:
            if one.fields is None:
                raise RuleErrors(one.name.problem(f"the exception {name} is new, so fields is missing"))
            known[name] = one
        else:
            _refuse_other_shape(one)
            known[name] = msgspec.structs.replace(before, rows=(*before.rows, *one.rows))
    return tuple(known.values())


def _refuse_other_shape(one: ExceptionItem) -> None:
    for key, value in (("fields", one.fields), ("comps", one.comps)):
        if value is not None:
            message = f"the exception {one.name.value} is there already: only values can be appended, no {key}"
            raise RuleErrors(value.problem(message, hint="override: {exceptions: replace} changes it all"))
