"""Made from `schemas/avsc/nodes` by `make types`; change those files, not this one."""

import msgspec


class NodeReported(msgspec.Struct, frozen=True, kw_only=True):
    """A node agent says that it is there, and what its node has. Recorded when something of it is new."""

    address: str
    """Address at which other nodes reach it."""
    port: int
    """Port of its agent there."""
    free: int
    """Bytes free for volumes, as of the report."""
    version: str = ''
    """Release of its agent."""


class CordonNode(msgspec.Struct, frozen=True, kw_only=True):
    """Place nothing new on a node."""


class UncordonNode(msgspec.Struct, frozen=True, kw_only=True):
    """Let a node be used again."""


class NodeCordoned(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing new is placed on the node."""


class NodeUncordoned(msgspec.Struct, frozen=True, kw_only=True):
    """The node is used again."""


class NodeForgotten(msgspec.Struct, frozen=True, kw_only=True):
    """The node is no longer one of ours."""
