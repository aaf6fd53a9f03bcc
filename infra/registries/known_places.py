"""Where large blobs were pushed before, so that another repository of the registry takes them from there.

It is only ever a guess: a registry that has the blob no more begins an upload instead, in the same request.
"""

from contextlib import suppress
from pathlib import Path

from infra.oci.descriptors import Descriptor
from infra.oci.references import REPOSITORY
from infra.oci.remembered import Remembered


class KnownPlaces:
    """The repository of a registry that each large blob was pushed to last."""

    def __init__(self, folder: Path) -> None:
        self._remembered = Remembered(folder / "places")

    def find(self, registry: str, descriptor: Descriptor) -> str:
        """Return a repository that had the blob; empty: none is known."""
        with suppress(ValueError):
            place, repository = self._remembered.words(descriptor.hex)
            return repository if place == registry and REPOSITORY.fullmatch(repository) else ""
        return ""

    def keep(self, registry: str, repository: str, descriptor: Descriptor) -> None:
        """Remember where a blob was pushed to."""
        self._remembered.keep(descriptor.hex, f"{registry} {repository}")
