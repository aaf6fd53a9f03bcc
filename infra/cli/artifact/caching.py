"""Content that was fetched before, from the image layout that ORAS_CACHE names."""

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget

VARIABLE: Final = "ORAS_CACHE"


def cached(target: "ReadOnlyTarget") -> "ReadOnlyTarget":
    """Return a target that keeps what is fetched if a cache is named, else the target as it is."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return target
    from pathlib import Path

    from infra.oci.caching import CachedTarget
    from infra.oci.layout import Layout

    return CachedTarget(target, Layout(Path(folder)))
