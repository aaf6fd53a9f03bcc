"""Whether a text is a digest: tags of image layouts may have colons too, so that a colon says nothing."""

from infra.oci.digests import check_digest
from infra.oci.errors import OciError


def is_digest(text: str) -> bool:
    """Say whether a text is a digest."""
    try:
        check_digest(text)
    except OciError:
        return False
    return True
