"""Made from `schemas/avsc/pipeline` by `make types`; change those files, not this one."""

import msgspec


class EventsDropped(msgspec.Struct, frozen=True, kw_only=True):
    """The kernel could not queue events of a node: the ring buffer was full."""

    node: str
    """Node of the probe."""
    session: str
    """Session of the ring buffers."""
    dropped: int
    """Events dropped since the last such event."""
    total: int
    """Events dropped since the session began."""
    time: int
    """ns since the epoch."""


class ProcessExited(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the pipeline ended without being asked to; it is started again after a pause."""

    node: str
    """Node of the supervisor."""
    process: str
    """Name of the process: kafka, api, worker, agent."""
    pid: int
    """Process id."""
    status: int
    """Exit code, or the negated number of the signal that ended it."""
    restart_in: float
    """Seconds until it is started again."""
    time: int
    """ns since the epoch."""


class ProcessStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The supervisor started a process of the pipeline."""

    node: str
    """Node of the supervisor."""
    process: str
    """Name of the process: kafka, api, worker, agent."""
    pid: int
    """Process id."""
    restarts: int
    """How many times it was restarted before."""
    time: int
    """ns since the epoch."""
