"""A volume as it is written in a manifest."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from schemas.types.volumes import ChangeReplicas, CreateVolume
from streams.lifecycles.lifecycle import Event, Rejected
from streams.lifecycles.manifests import ManifestKind
from streams.lifecycles.sizes import exactly, parse_size
from streams.volumes import VOLUMES
from streams.volumes.state import Volume


class SourceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a volume is a clone of."""

    volume: str
    snapshot: str = ""


class VolumeSpec(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What a volume is to be; what is None is left as it is, or to its default."""

    size: str | int | None = None
    """Such as 10Gi; of a clone that of its source, if it is not said."""
    replicas: int | None = None
    anti_affinity: Literal["required", "preferred"] | None = None
    nodes: tuple[str, ...] | None = None
    source: SourceSpec | None = None


def spec_of(state: Volume) -> VolumeSpec:
    """Return the spec of a volume as it is."""
    source = SourceSpec(state.source.volume, state.source.snapshot) if state.source else None
    return VolumeSpec(
        size=exactly(state.size) if state.size else None,
        replicas=state.wanted,
        anti_affinity="required" if state.anti_affinity == "required" else "preferred",
        nodes=state.nodes,
        source=source,
    )


def commands(spec: VolumeSpec, state: Volume, labels: Mapping[str, str]) -> tuple[Event, ...] | Rejected:
    """Return the commands that lead from the state to the spec, or why none do."""
    try:
        size = parse_size(str(spec.size)) if spec.size is not None else 0
    except ValueError as error:
        return Rejected("bad-size", str(error), "spec.size: 10Gi")
    if not state.exists:
        return (_create(spec, size, labels),)
    if size and state.size and size != state.size:
        why = f"its size is {exactly(state.size)}, and cannot be changed"
        return Rejected("fixed", why, f"spec.size: {exactly(state.size)}")
    for name in ("nodes", "anti_affinity"):
        if getattr(spec, name) not in (None, getattr(state, name)):
            return Rejected("fixed", f"{name} of a volume cannot be changed", "make another volume, as its clone")
    if spec.source and (state.source is None or spec.source.volume != state.source.volume):
        return Rejected("fixed", "what a volume is a clone of cannot be changed", "make another volume")
    return () if spec.replicas in (None, state.wanted) else (ChangeReplicas(replicas=spec.replicas or 0),)


def _create(spec: VolumeSpec, size: int, labels: Mapping[str, str]) -> CreateVolume:
    said = {name: getattr(spec, name) for name in ("replicas", "anti_affinity", "nodes")}
    source = spec.source or SourceSpec("")
    return CreateVolume(
        size=size,
        labels=dict(labels),
        source_volume=source.volume,
        source_snapshot=source.snapshot,
        **{name: value for name, value in said.items() if value is not None},
    )


MANIFEST: Final = ManifestKind("Volume", VOLUMES, VolumeSpec, spec_of, commands)
