"""What is being done, a line for each piece of content, for logs and pipes; terminals have bars instead."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from infra.cli.artifact.commands import Call
from infra.cli.artifact.printing import on_one_line, say
from infra.oci.descriptors import Descriptor
from infra.oci.errors import OciError
from infra.oci.manifests import is_manifest, parse_manifest, successors
from infra.oci.media_types import TITLE
from infra.oci.watching import SILENT, Watcher

if TYPE_CHECKING:
    from infra.cli.artifact.formats import Format
    from infra.oci.target import ReadOnlyTarget


class Words(msgspec.Struct, frozen=True):
    """What is said of content, all of one length."""

    begun: str
    done: str
    existed: str
    duplicate: str
    """Of content that has two names, for the second."""
    skipped: str
    mounted: str = ""
    restored: str = ""
    read: str = ""
    """Of a manifest that has arrived; empty: nothing."""


PUSH: Final = Words("Uploading", "Uploaded ", "Exists   ", "Exists   ", "Skipped  ", "Mounted  ")
PULL: Final = Words(
    "Downloading", "Downloaded ", "Exists     ", "Skipped    ", "Skipped    ", "", "Restored   ", "Processing "
)
COPY: Final = Words("Copying", "Copied ", "Exists ", "Skipped", "Skipped", "Mounted")
BACKUP: Final = Words("Pulling  ", "Pulled   ", "Exists   ", "Skipped  ", "Skipped  ", "Mounted  ")
RESTORE: Final = Words("Pushing  ", "Pushed   ", "Exists   ", "Skipped  ", "Skipped  ", "Mounted  ")


def name_of(descriptor: Descriptor) -> tuple[str, bool]:
    """Return what content is called, as it may be shown, and whether that is a name of its own."""
    title = (descriptor.annotations or {}).get(TITLE)
    return (on_one_line(descriptor.media_type), False) if title is None else (on_one_line(title), True)


def short(descriptor: Descriptor) -> str:
    """Return a digest as lines have it."""
    return descriptor.hex[:12] if descriptor.digest.startswith("sha256:") else descriptor.digest


def say_status(word: str, descriptor: Descriptor, *, verbose: bool = True) -> None:
    """Print what becomes of content; of what has no name only if that is wanted."""
    name, own = name_of(descriptor)
    if own or verbose:
        say(word, short(descriptor), name)


class Lines(Watcher):
    """Prints a line for whatever becomes of content."""

    def __init__(
        self, words: Words, source: "ReadOnlyTarget | None" = None, *, verbose: bool = True, tagged: str = ""
    ) -> None:
        """Take where manifests can be read again at no cost, to find content with two names.

        Of what is tagged after all, `tagged`, nothing is said if it was there already.
        """
        self._tagged = tagged
        self._words = words
        self._source = source
        self._verbose = verbose
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()

    def begun(self, descriptor: Descriptor) -> None:
        """Note that the content is being moved now."""
        self._say(self._words.begun, descriptor)

    def moved(self, descriptor: Descriptor, count: int) -> None:
        """Note that so many more bytes of it are moved."""
        del count
        if self._words.read and is_manifest(descriptor):
            self._say(self._words.read, descriptor)

    def done(self, descriptor: Descriptor) -> None:
        """Note that all of it is moved."""
        self._keep(descriptor)
        for duplicate in self._duplicates(descriptor):
            self._say(self._words.duplicate, duplicate)
        self._say(self._words.done, descriptor)

    def existed(self, descriptor: Descriptor) -> None:
        """Note that it was there already."""
        self._keep(descriptor)
        if descriptor.digest != self._tagged:
            self._say(self._words.existed, descriptor)

    def mounted(self, descriptor: Descriptor) -> None:
        """Note that the registry took it from another repository of its own."""
        self._keep(descriptor)
        self._say(self._words.mounted, descriptor)

    def restored(self, descriptor: Descriptor) -> None:
        """Note that it was written under one more name."""
        self._say(self._words.restored, descriptor)

    def skipped(self, descriptor: Descriptor) -> None:
        """Note that it is left out."""
        self._say(self._words.skipped, descriptor)

    def _say(self, word: str, descriptor: Descriptor) -> None:
        say_status(word, descriptor, verbose=self._verbose)

    def _keep(self, descriptor: Descriptor) -> None:
        with self._lock:
            self._names[descriptor.digest] = (descriptor.annotations or {}).get(TITLE, "")

    def _duplicates(self, descriptor: Descriptor) -> list[Descriptor]:
        """Return what a manifest points at by other names than those it was moved by."""
        if self._source is None or not is_manifest(descriptor):
            return []
        from infra.oci.target import read_all

        try:
            manifest = parse_manifest(read_all(self._source, descriptor), descriptor.media_type)
        except OciError:
            return []
        named = [(one, (one.annotations or {}).get(TITLE, "")) for one in successors(manifest)]
        with self._lock:
            return [one for one, name in named if self._names.get(one.digest, name) != name]


@contextmanager
def watching(
    call: Call, words: Words, format: "Format", source: "ReadOnlyTarget | None" = None, *, tagged: str = ""
) -> Iterator[Watcher]:
    """Show what is being done in the block: bars on a terminal, else lines, nothing beside JSON."""
    if not on_terminal(call):
        yield Lines(words, source, verbose=is_verbose(call), tagged=tagged) if format.is_text else SILENT
        return
    from infra.cli.artifact.bars import Bars

    bars = Bars(words, sys.stderr)
    try:
        yield bars
    finally:
        bars.close()


def is_verbose(call: Call) -> bool:
    """Say whether lines are wanted of content that has no name, as they are unless it is said otherwise."""
    return not call.flags.has("verbose") or call.flags.on("verbose")


def on_terminal(call: Call, *, to_stdout: bool = False) -> bool:
    """Say whether bars are to be shown: stderr is a terminal and nothing speaks against it."""
    flags = call.flags
    if flags.on("debug") or flags.on("no-tty") or (to_stdout and not flags.given("no-tty")):
        return False
    return sys.stderr.isatty()
