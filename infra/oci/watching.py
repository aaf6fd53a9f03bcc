"""What who moves content tells who shows it."""

from infra.oci.descriptors import Descriptor


class Watcher:
    """Is told what becomes of each piece of content, from several threads; this one shows nothing."""

    def begun(self, descriptor: Descriptor) -> None:
        """Note that the content is being moved now."""

    def moved(self, descriptor: Descriptor, count: int) -> None:
        """Note that so many more bytes of it are moved."""

    def done(self, descriptor: Descriptor) -> None:
        """Note that all of it is moved."""

    def existed(self, descriptor: Descriptor) -> None:
        """Note that it was there already."""

    def mounted(self, descriptor: Descriptor) -> None:
        """Note that the registry took it from another repository of its own."""

    def restored(self, descriptor: Descriptor) -> None:
        """Note that it was written under one more name, from what was there."""

    def skipped(self, descriptor: Descriptor) -> None:
        """Note that it is left out: it has no name to be written under."""


SILENT = Watcher()
