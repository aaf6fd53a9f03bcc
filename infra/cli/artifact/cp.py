"""`cp`: artifacts from one place to another."""

from typing import TYPE_CHECKING, Final

from infra.cli.artifact.commands import DEBUG, LOUD, NO_TTY, Call, Command, concurrency, exactly
from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.flags import Flag, switch
from infra.cli.artifact.formats import Format, format_flags, parse_format
from infra.cli.artifact.platforms import FORM, platforms_of
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.remote_flags import REGISTRIES_CONF, spec_flag
from infra.cli.artifact.status import COPY, watching
from infra.cli.artifact.tagging import give_tags, with_tags
from infra.cli.artifact.targets import (
    Place,
    check_tags,
    open_to_read,
    open_to_write,
    parse_place,
    require_reference,
    resolve_and_keep,
    split_tags,
    target_flags,
)
from infra.oci.descriptors import Descriptor, Platform

if TYPE_CHECKING:
    from infra.cli.artifact.smaller_indexes import SmallerIndex
    from infra.oci.target import ReadOnlyTarget, Target
    from infra.oci.watching import Watcher


def run(call: Call) -> None:
    """Copy artifacts. Raises ArtifactError, OciError."""
    first, tags = split_tags(call.arguments[1])
    platforms, format = platforms_of(call.flags), parse_format(call.flags)
    source = parse_place(call.flags, call.arguments[0], "from-")
    destination = parse_place(call.flags, first, "to-")
    check_tags(tags)
    reader = open_to_read(source)
    require_reference(call, source)
    _Copying(call, format, reader, open_to_write(destination), source, destination).run(platforms, tags)


class _Copying:
    """One copy."""

    def __init__(
        self,
        call: Call,
        format: Format,
        reader: "ReadOnlyTarget",
        writer: "Target",
        source: Place,
        destination: Place,
    ) -> None:
        self._call = call
        self._format = format
        self._reader = reader
        self._writer = writer
        self._source = source
        self._destination = destination
        self._concurrency = call.flags.number("concurrency")

    def run(self, platforms: tuple[Platform, ...], tags: tuple[str, ...]) -> None:
        """Copy what is for the platforms, all if there are none, and show it."""
        root, index = self._root(platforms)
        act = recorded("copy", self._destination, root, source=f"{self._source.path}@{root.digest}")
        # A registry is given the manifest once more with the tag, so that nothing existed in the end.
        gives_tag = self._destination.is_remote and bool(self._destination.reference)
        tagged = root.digest if gives_tag and not self._call.flags.on("recursive") else ""
        with act, watching(self._call, COPY, self._format, self._local(), tagged=tagged) as watcher:
            if index:
                index.copy(self._reader, self._writer, watcher)
            else:
                self._copy(root, watcher)
            if self._destination.reference and self._destination.reference != root.digest:
                self._writer.tag(root, self._destination.reference)
        self._show(root, tags, filtered=index is not None)

    def _root(self, platforms: tuple[Platform, ...]) -> "tuple[Descriptor, SmallerIndex | None]":
        if len(platforms) < 2:
            return resolve_and_keep(self._reader, self._source.reference, *platforms), None
        from infra.cli.artifact.smaller_indexes import choose

        root = self._reader.resolve(self._source.reference)
        flags = self._call.flags
        index = choose(self._reader, root, platforms, self._source.raw, self._concurrency, flags.on("recursive"))
        return (index.descriptor, index) if index.is_smaller else (index.descriptor, None)

    def _copy(self, root: Descriptor, watcher: "Watcher") -> None:
        from infra.oci.copying import copy, copy_with_referrers

        way = copy_with_referrers if self._call.flags.on("recursive") else copy
        force = self._call.flags.on("force")
        way(self._reader, self._writer, root, concurrency=self._concurrency, watcher=watcher, force=force)

    def _local(self) -> "ReadOnlyTarget | None":
        """Return where manifests can be read again at no cost."""
        if not self._source.is_remote:
            return self._reader
        return None if self._destination.is_remote else self._writer

    def _show(self, root: Descriptor, tags: tuple[str, ...], *, filtered: bool) -> None:
        source, destination = self._source, self._destination
        if not filtered and is_digest(source.reference) and source.reference != root.digest:
            source = source.at(root.digest)
        if self._format.is_text:
            say("Copied", source, "=>", destination)
        give_tags(self._writer, destination, root, tags, shows=self._format.is_text)
        if self._format.is_text:
            say("Digest:", root.digest)
        else:
            self._format.write({**with_tags(destination, root, tags), "source": f"{source.path}@{root.digest}"})


COMMAND: Final = Command(
    "[flags] <from>{:<tag>|@<digest>} <to>[:<tag>[,<tag>][...]]",
    (
        *target_flags("from-", "source"),
        *target_flags("to-", "destination"),
        spec_flag("from-", "source"),
        spec_flag("to-", "destination"),
        Flag("resolve", "as --from-resolve and --to-resolve", "texts", value="host:port:address[:address_port]"),
        REGISTRIES_CONF,
        *format_flags(),
        Flag("platform", "of an index, only what is for these platforms; may be repeated", "list", value=FORM),
        switch("recursive", "copy what refers to the artifact as well", "r"),
        switch("force", "look at everything below a manifest, also if the manifest is there already"),
        concurrency(3),
        NO_TTY,
        DEBUG,
        LOUD,
    ),
    exactly(2, "the source and the destination"),
    run,
    "Within a registry nothing is moved. A copy that was cut off is gone on with by the same command.",
    (
        (
            "Copy an artifact with its SBOMs and signatures",
            "cp -r localhost:5000/hello:v1 localhost:6000/hello:v1,latest",
        ),
        ("Copy to an image layout", "cp localhost:5000/hello:v1 --to-oci-layout layout:v1"),
        (
            "Copy what is for two platforms",
            "cp --platform linux/amd64,linux/arm64 localhost:5000/hello:v1 localhost:6000/hello:v1",
        ),
    ),
)
