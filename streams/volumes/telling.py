"""What volumes tell each other: a clone and its source."""

from schemas.types.volumes import (
    HoldRefused,
    HoldSnapshot,
    ReleaseSnapshot,
    SnapshotHeld,
    SourceReady,
    SourceRefused,
    SourceReleased,
    VolumeCreated,
)
from streams.lifecycles.lifecycle import Event, Send
from streams.volumes.state import Volume


def react(name: str, state: Volume, event: Event) -> tuple[Send, ...]:
    """Return what other volumes are told of an event."""
    match event:
        case VolumeCreated() if event.source_volume:
            hold = HoldSnapshot(holder=name, snapshot=event.source_snapshot)
            return (Send("volume", event.source_volume, hold),)
        case SnapshotHeld():
            return (Send("volume", event.holder, _ready(state, event)),)
        case HoldRefused():
            return (Send("volume", event.holder, SourceRefused(reason=event.reason)),)
        case SourceReleased() if state.source:
            return (Send("volume", state.source.volume, ReleaseSnapshot(holder=name)),)
        case _:
            return ()


def _ready(state: Volume, event: SnapshotHeld) -> Event:
    layer = state.snapshot(event.snapshot)
    replica = next((one for one in state.in_mode("running", "resting", "starting") if not one.fresh), None)
    if layer is None or replica is None:
        return SourceRefused(reason="no replica of it is complete and at hand; try again")
    return SourceReady(
        size=state.size,
        snapshot=event.snapshot,
        layers=state.chain(layer.name),
        replica=replica.name,
        node=replica.node,
        next_layer=state.next_layer,
    )
