"""Where the things of one repository are, and what a token must allow to get at them.

Source: OCI distribution-spec 1.1, section Endpoints.
"""

from infra.oci.descriptors import Descriptor
from infra.oci.digests import DIGEST
from infra.oci.errors import InvalidReferenceError
from infra.oci.references import TAG
from infra.registries.scopes import repository_scopes
from infra.registries.urls import Origin, Url


class Paths:
    """URLs and scopes of one repository."""

    def __init__(self, origin: Origin, name: str) -> None:
        self.name = name
        self._origin = origin
        self.pull = repository_scopes(name, "pull")
        self.push = repository_scopes(name, "pull", "push")
        self.delete = repository_scopes(name, "pull", "delete")

    def manifest(self, reference: str) -> Url:
        """Return where a manifest is. Raises InvalidReferenceError."""
        return self._url(f"manifests/{reference if TAG.fullmatch(reference) else _safe(reference)}")

    def blob(self, descriptor: Descriptor) -> Url:
        """Return where a blob is. Raises InvalidReferenceError."""
        return self._url(f"blobs/{_safe(descriptor.digest)}")

    def uploads(self) -> Url:
        """Return where uploads begin."""
        return self._url("blobs/uploads/")

    def tags(self) -> Url:
        """Return where the tags are listed."""
        return self._url("tags/list")

    def referrers(self, subject: Descriptor) -> Url:
        """Return where the referrers of a manifest are listed. Raises InvalidReferenceError."""
        return self._url(f"referrers/{_safe(subject.digest)}")

    def _url(self, rest: str) -> Url:
        return Url(self._origin, f"/v2/{self.name}/{rest}")


def _safe(digest: str) -> str:
    # It comes from manifests that others wrote, and must not lead to other places than it names.
    if not DIGEST.fullmatch(digest):
        raise InvalidReferenceError(f"{digest[:80]!r} is no digest")
    return digest
