"""All lifecycles, by the names that people call them."""

from typing import Any, Final

from streams.artifacts import ARTIFACTS
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.manifests import ManifestKind
from streams.mirrors import MIRRORS
from streams.node_manifest import MANIFEST as NODE_MANIFEST
from streams.nodes import NODES
from streams.promotions import PROMOTIONS
from streams.quarantines import QUARANTINES
from streams.retentions import RETENTIONS
from streams.volumes import VOLUMES
from streams.volumes.manifest import MANIFEST as VOLUME_MANIFEST

LIFECYCLES: Final[tuple[Lifecycle[Any], ...]] = (
    NODES,
    VOLUMES,
    ARTIFACTS,
    MIRRORS,
    RETENTIONS,
    QUARANTINES,
    PROMOTIONS,
)
KINDS: Final[dict[str, Lifecycle[Any]]] = {one.kind: one for one in LIFECYCLES} | {
    f"{one.kind}s": one for one in LIFECYCLES
}
"""By singular and by plural."""
MANIFESTS: Final[dict[str, ManifestKind[Any]]] = {one.kind: one for one in (NODE_MANIFEST, VOLUME_MANIFEST)}
"""By the kind that is written in manifests: that of the lifecycle, with a capital letter."""
