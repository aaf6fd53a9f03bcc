"""What has to be done for volumes, in words that say everything an engine needs."""

import msgspec

from schemas.types.volumes import Address


class Member(msgspec.Struct, frozen=True):
    """A replica as its controller knows it."""

    replica: str
    node: str
    incarnation: int
    address: Address


class LayerSource(msgspec.Struct, frozen=True):
    """Where a frozen layer is copied from."""

    name: str
    node: str
    volume: str
    replica: str


class FindNodes(msgspec.Struct, frozen=True):
    """Look for nodes that can take replicas."""

    size: int


class AwaitSource(msgspec.Struct, frozen=True):
    """Wait for the source of a clone to answer; there is nothing to do for it."""


class BuildReplica(msgspec.Struct, frozen=True):
    """Make a replica's folder, copy layers into it, and make a head."""

    replica: str
    size: int
    layers: tuple[LayerSource, ...]
    head: str
    """Layer to make on top of them; empty: none."""


class StartReplica(msgspec.Struct, frozen=True, kw_only=True):
    """Start a replica's process."""

    replica: str
    incarnation: int
    generation: int
    size: int
    chain: tuple[str, ...]
    """Layers, the head last. Those missing on top are made; one missing below another was merged already."""
    obsolete: tuple[str, ...]
    """Layers whose files are to be removed; no others are."""
    known: tuple[str, ...]
    """Layers of the volume that are in no file's way: those of other branches."""
    local: bool
    """Whether the controller is on the same node."""


class FenceReplica(msgspec.Struct, frozen=True):
    """Serve a replica to one controller only."""

    replica: str
    incarnation: int
    generation: int


class StopReplica(msgspec.Struct, frozen=True):
    """End a replica's process."""

    replica: str
    incarnation: int


class RemoveReplica(msgspec.Struct, frozen=True):
    """Remove a replica, its process and its files."""

    replica: str


class InspectReplica(msgspec.Struct, frozen=True):
    """End a replica's process in good order, if it runs, and see what it has on disk."""

    replica: str


class StartController(msgspec.Struct, frozen=True, kw_only=True):
    """Serve the volume."""

    generation: int
    epoch: int
    size: int
    members: tuple[Member, ...]


class StopController(msgspec.Struct, frozen=True):
    """Serve the volume no longer, and never again under this number, even if it never was."""

    generation: int


class DropMember(msgspec.Struct, frozen=True):
    """Use a replica no longer."""

    generation: int
    replica: str


class FreezeHead(msgspec.Struct, frozen=True, kw_only=True):
    """Freeze the head on all members at one moment, and begin a new one."""

    generation: int
    layer: str
    head: str
    members: tuple[Member, ...]


class JoinReplica(msgspec.Struct, frozen=True, kw_only=True):
    """Freeze the head, and let a replica take part in all writes from that moment on."""

    generation: int
    layer: str
    head: str
    members: tuple[Member, ...]
    joining: Member


class SettleReplica(msgspec.Struct, frozen=True):
    """Copy the layers that a joined replica lacks, and let it stand on its own."""

    replica: str
    incarnation: int
    layers: tuple[LayerSource, ...]


class MergeLayer(msgspec.Struct, frozen=True, kw_only=True):
    """Take a layer out of a replica."""

    replica: str
    incarnation: int
    """0 if it has no process."""
    layer: str
    child: str
    below: str
    """Layer under the one that is taken out; empty: none."""
