"""Made from `schemas/avsc/events` by `make types`; change those files, not this one."""

import msgspec


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person or program puts on record: a deployment, a maintenance window, a decision."""

    type: str
    """Kind of the event in reverse-DNS form, such as com.example.deployed."""
    subject: str
    """What it is about; the message's key."""
    time: int
    """When it happened, ns since the epoch."""
    data: str = '{}'
    """A JSON object."""
