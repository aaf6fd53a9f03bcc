"""Fields that rules may name although no batch ever tells their values."""

from streams.detection.fields.field import Field, Type
from streams.detection.levels import TYPE


def absent(name: str, doc: str, type: Type = "string", *, keyed: bool = False) -> Field:
    """Return a field that is always absent; its doc says why."""
    return Field(name=name, type=type, doc=doc, level=TYPE, how=nothing, keyed=(lambda _: nothing) if keyed else None)


def nothing(_: object) -> None:
    """Return the value of a field that is absent, whatever it is asked of."""
