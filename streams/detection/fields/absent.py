"""Fields that rules may name although no batch ever tells their values."""

from streams.detection.fields.field import Field, Type
from streams.detection.levels import TYPE


def absent(name: str, doc: str, type: Type = "string", *, indexed: bool = False) -> Field:
    """Return a field that is always absent; its doc says why."""
    takes = (lambda _: _nothing) if indexed else None
    return Field(name=name, type=type, doc=doc, level=TYPE, how=_nothing, indexed=takes)


def _nothing(_: object) -> None:
    return None
