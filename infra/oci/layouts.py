"""Image layouts, whether in a folder or in an archive."""

from pathlib import Path

from infra.oci.errors import NotFoundError
from infra.oci.layout import Layout
from infra.oci.target import ReadOnlyTarget


def open_layout(path: Path) -> ReadOnlyTarget:
    """Return the layout in a folder or a tar archive, to be read. Raises NotFoundError, InvalidContentError."""
    if path.is_dir():
        return Layout(path, create=False)
    if not path.exists():
        raise NotFoundError(f"there is no image layout at {path}")
    from infra.oci.layout_tar import TarLayout

    return TarLayout(path)
