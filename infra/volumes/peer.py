"""What can be asked of the replicas of any node: of the own one directly, of another over the network."""

from typing import NamedTuple, Protocol

from schemas.types.volumes import Address


class Peer(Protocol):
    """Replicas of one node. Every call may be repeated, and raises EngineError."""

    def prepare(self, volume: str, replica: str, incarnation: int, layer: str) -> bool:
        """Make the coming head over the present one; return whether it already is the head."""
        ...

    def take(self, volume: str, replica: str, incarnation: int, layer: str) -> None:
        """Make the prepared layer the head, and freeze the one that was."""
        ...

    def fence(self, volume: str, replica: str, incarnation: int, generation: int) -> None:
        """Cut off every controller of an older generation, and let those of this one in."""
        ...

    def serve(self, volume: str, replica: str, layer: str) -> Address:
        """Export the layer with all below it, read-only, over TLS.

        While the layer is still the head its server only listens; called again when it is frozen, it has the export.
        """
        ...

    def unserve(self, volume: str, replica: str, layer: str) -> None:
        """End the export of the layer."""
        ...

    def lean(self, volume: str, replica: str, incarnation: int, backing: Address) -> None:
        """Let the head read from an export what it does not hold itself; what was below it before is forgotten."""
        ...

    def layer_size(self, volume: str, replica: str, layer: str) -> int:
        """Return the size of a frozen layer's file in bytes."""
        ...

    def read_layer(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        """Return bytes of a frozen layer's file; fewer at its end."""
        ...

    def layer_digest(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        """Return the SHA-256 of what `read_layer` returns."""
        ...


class Part(NamedTuple):
    """A replica that takes part in a snapshot."""

    replica: str
    peer: Peer
    incarnation: int
