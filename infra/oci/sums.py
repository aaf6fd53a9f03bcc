"""Whether content is what its descriptor says, told while it passes by."""

from infra.oci.descriptors import Descriptor
from infra.oci.digests import hasher
from infra.oci.errors import MismatchError


class Sum:
    """The digest of what was taken so far."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._wanted = descriptor
        self._hash = hasher(descriptor.digest)
        self.size = 0

    def take(self, data: bytes | memoryview) -> None:
        """Add data. Raises MismatchError if there is more than there should be."""
        self.size += len(data)
        if self.size > self._wanted.size:
            raise MismatchError(f"{self._wanted.digest} is longer than its {self._wanted.size:,} bytes")
        self._hash.update(data)

    def verify(self) -> None:
        """Raise MismatchError unless all that was taken is what the descriptor says."""
        wanted = self._wanted
        if self.size != wanted.size:
            raise MismatchError(f"{wanted.digest} ended after {self.size:,} of {wanted.size:,} bytes")
        if (got := self._hash.hexdigest()) != wanted.hex:
            raise MismatchError(f"what was read for {wanted.digest} has the digest {got}")
