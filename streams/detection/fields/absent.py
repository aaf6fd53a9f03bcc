"""Fields that rules may name although no batch ever tells their values."""

from streams.detection.fields.field import Field, Type
from streams.detection.levels import TYPE


def absent(name: str, doc: str, type: Type = "string", *, keyed: bool = False) -> Field:
    """Return a field that is always absent; its doc says why."""
    return Field(name=name, type=type, doc=doc, level=TYPE, how=_nothing, keyed=(lambda _: _nothing) if keyed else None)


def not_available(name: str, doc: str) -> Field:
    """Return a field that is always `<NA>`: rules ask for just that to rule out what is not there."""
    return Field(name=name, type="string", doc=doc, level=TYPE, how=_not_available, keyed=lambda _: _not_available)


def _not_available(_: object) -> str:
    return "<NA>"


def _nothing(_: object) -> None:
    return None
