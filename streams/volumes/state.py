"""What a volume is: its replicas, its layers, who serves it, and what is under way."""

from typing import Final, Literal

import msgspec

from schemas.types.volumes import Address

Mode = Literal[
    "building", "empty", "resting", "starting", "running", "joining", "settling", "lost", "failed", "removing"
]
"""A replica is: having its folder made; built, without the volume's data; complete, without a process; having its
process started; complete and serving; about to join; taking part in writes while it copies the rest; of a volume that
lost all replicas at once; no longer counted; being removed."""

PLACED: Final[frozenset[Mode]] = frozenset(
    {"building", "empty", "resting", "starting", "running", "joining", "settling", "lost"}
)
INCOMPLETE: Final[frozenset[Mode]] = frozenset({"building", "empty", "joining", "settling"})


class Inspected(msgspec.Struct, frozen=True):
    """What a replica has on disk."""

    usable: bool
    alive: bool
    """Whether its process ran until then."""
    head: str
    written_ns: int
    lost: tuple[str, ...]


class Replica(msgspec.Struct, frozen=True, kw_only=True):
    """One copy of the volume on one node."""

    name: str
    node: str
    mode: Mode = "building"
    fresh: bool = False
    """Whether it is started to join, and holds nothing yet."""
    leaving: bool = False
    """Whether it is one too many: it counts until the controller is known to use it no longer."""
    incarnation: int = 0
    generation: int = 0
    """Number of the controller that it is served to."""
    address: Address | None = None
    restarts: int = 0
    inspected: Inspected | None = None
    reason: str = ""
    """Why it failed."""
    partial: bool = False
    """Whether it failed before it held everything: nothing can be had from it."""

    @property
    def incomplete(self) -> bool:
        """Return whether it does not hold all of the volume."""
        return self.mode in INCOMPLETE or (self.mode == "starting" and self.fresh)


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What was written between two moments; frozen unless it is the head."""

    name: str
    parent: str = ""
    snapshot: str = ""
    """Name under which people know what the volume held when the layer was frozen; empty: under none."""
    at: int = 0
    size: int = 0
    """Bytes that it took when it was frozen."""
    deleted: bool = False
    """Whether people deleted its snapshot."""
    kept: bool = False
    """Whether it was tried in vain to take it out."""


class Controller(msgspec.Struct, frozen=True, kw_only=True):
    """The process that serves the volume."""

    node: str
    generation: int
    endpoint: str
    members: tuple[str, ...]
    """Replicas that it writes to."""


class Freezing(msgspec.Struct, frozen=True, kw_only=True):
    """The head is to be frozen, for a snapshot or for a replica that joins."""

    layer: str
    head: str
    """Layer that writes go to afterwards."""
    snapshot: str = ""
    at: int = 0
    holder: str = ""
    joining: str = ""
    uncertain: bool = False
    """Whether the controller ended before it told the outcome."""


class Merging(msgspec.Struct, frozen=True, kw_only=True):
    """A layer is taken out."""

    layer: str
    child: str
    number: int
    replicas: tuple[str, ...]
    """Those that still have it."""


class Hold(msgspec.Struct, frozen=True):
    """A clone that needs a snapshot."""

    holder: str
    snapshot: str
    own: bool
    """Whether the snapshot was taken for it."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a volume is a clone of."""

    volume: str
    snapshot: str
    layers: tuple[str, ...] = ()
    replica: str = ""
    node: str = ""
    released: bool = False


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a volume."""

    exists: bool = False
    size: int = 0
    wanted: int = 0
    """How many replicas it is to have."""
    anti_affinity: str = "preferred"
    nodes: tuple[str, ...] = ()
    source: Source | None = None
    ready: bool = False
    """Whether its making is finished."""
    epoch: int = 1
    generation: int = 0
    replicas: tuple[Replica, ...] = ()
    next_replica: int = 1
    layers: tuple[Layer, ...] = ()
    head: str = ""
    next_layer: int = 1
    obsolete: tuple[str, ...] = ()
    """Layers that are no longer, whose files may be on replicas still."""
    attach: str = ""
    """Node that it is to be served on; empty: on none."""
    active: bool = False
    """Whether processes of it may run."""
    served: bool = False
    """Whether it has been served since it was attached."""
    controller: Controller | None = None
    dropping: tuple[str, ...] = ()
    """Replicas that the controller is to use no longer."""
    freezing: Freezing | None = None
    merging: Merging | None = None
    losses: int = 0
    """How often in a row, within a minute each, its controller or all its replicas were lost."""
    lost_at: int = 0
    repairs: int = 0
    """Replicas in a row that did not come to be."""
    repair_given_up: str = ""
    trouble: str = ""
    """What went wrong last."""
    fault: str = ""
    fix: str = ""
    deleting: bool = False
    holds: tuple[Hold, ...] = ()

    def replica(self, name: str) -> Replica | None:
        """Return the replica of that name."""
        return next((replica for replica in self.replicas if replica.name == name), None)

    def layer(self, name: str) -> Layer | None:
        """Return the layer of that name."""
        return next((layer for layer in self.layers if layer.name == name), None)

    def snapshot(self, name: str) -> Layer | None:
        """Return the layer whose snapshot has that name."""
        return next((layer for layer in self.layers if layer.snapshot == name), None) if name else None

    def in_mode(self, *modes: Mode) -> tuple[Replica, ...]:
        """Return the replicas in these modes."""
        return tuple(replica for replica in self.replicas if replica.mode in modes) if self.replicas else ()

    def children(self, layer: str) -> tuple[Layer, ...]:
        """Return the layers right above one."""
        return tuple(one for one in self.layers if one.parent == layer)

    def chain(self, top: str) -> tuple[str, ...]:
        """Return the names of the layers from the oldest up to one."""
        by_name = {layer.name: layer for layer in self.layers}
        names: list[str] = []
        while top:
            names.append(top)
            top = by_name[top].parent
        return tuple(reversed(names))


def members_to_be(state: Volume) -> tuple[Replica, ...]:
    """Return the members of the controller that is to be started; none as long as it has to wait."""
    unfenced = [one for one in state.in_mode("running") if one.generation != state.generation]
    begun = [one for one in state.in_mode("starting") if not one.fresh]
    waits = state.controller is not None or not state.attach
    if waits or unfenced or begun or state.in_mode("lost"):
        return ()
    return state.in_mode("running")


def phase(state: Volume) -> str:
    """Return the phase of a volume."""
    if not state.exists:
        return "absent"
    if state.deleting:
        return "deleting"
    if state.fault:
        return "faulted"
    if not state.ready:
        return "creating"
    if not state.attach:
        return "detaching" if state.active else "detached"
    if state.controller is None:
        return "recovering" if state.served else "attaching"
    return "attached" if len(state.in_mode("running")) >= state.wanted else "degraded"
