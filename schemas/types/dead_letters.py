"""Made from `schemas/avsc/dead_letters` by `make types`; change those files, not this one."""

import msgspec


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be decoded or handled, whole, with where it came from and why."""

    topic: str
    """Topic of the message."""
    partition: int
    """Partition of the message."""
    offset: int
    """Offset of the message."""
    time: int
    """When it was put aside, ns since the epoch."""
    component: str
    """Who could not handle it."""
    reason: str
    """Short and stable: undecodable, unknown-schema, invalid-batch, invalid-event, failed."""
    detail: str
    """What exactly, for a person."""
    key: bytes | None = None
    """Key of the message."""
    value: bytes | None = None
    """Value of the message."""
    headers: dict[str, bytes] = msgspec.field(default_factory=dict)
    """Headers of the message."""
