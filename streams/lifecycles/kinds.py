"""All lifecycles, by the names that people call them."""

from typing import Any, Final

from streams.artifacts import ARTIFACTS
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.manifests import ManifestKind
from streams.mirrors import MIRRORS
from streams.mirrors.manifest import MANIFEST as MIRROR_MANIFEST
from streams.node_manifest import MANIFEST as NODE_MANIFEST
from streams.nodes import NODES
from streams.promotions import PROMOTIONS
from streams.promotions.manifest import MANIFEST as PROMOTION_MANIFEST
from streams.quarantines import QUARANTINES
from streams.quarantines.manifest import MANIFEST as QUARANTINE_MANIFEST
from streams.retentions import RETENTIONS
from streams.retentions.manifest import MANIFEST as RETENTION_MANIFEST
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
MANIFESTS: Final[dict[str, ManifestKind[Any]]] = {
    one.kind: one
    for one in (
        NODE_MANIFEST,
        VOLUME_MANIFEST,
        MIRROR_MANIFEST,
        RETENTION_MANIFEST,
        QUARANTINE_MANIFEST,
        PROMOTION_MANIFEST,
    )
}
"""By the kind that is written in manifests: that of the lifecycle, with a capital letter. Artifacts have none: they are
told of, not made."""
