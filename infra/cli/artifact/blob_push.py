"""`blob push`: a file, or what comes on stdin, as a blob."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from infra.cli.artifact.commands import DEBUG, LOUD, NO_TTY, Call, Command, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import Format, described, format_flags, parse_format, write_json
from infra.cli.artifact.manifest_fetch import DESCRIPTOR, PRETTY
from infra.cli.artifact.printing import say
from infra.cli.artifact.remote_flags import stdin_conflict
from infra.cli.artifact.status import PUSH, watching
from infra.cli.artifact.targets import Place, open_to_write, parse_place, target_flags
from infra.oci.canonical import encode
from infra.oci.descriptors import Descriptor
from infra.oci.digests import check_digest
from infra.oci.media_types import LAYER_TAR

if TYPE_CHECKING:
    from infra.oci.target import Content, Readable


class StdinContent:
    """What comes on stdin, which can be read once."""

    def open(self, start: int = 0) -> "AbstractContextManager[Readable]":
        """Read from the beginning on. Raises ArtifactError for any other byte."""
        if start:
            raise ArtifactError("the upload must begin again, but stdin cannot be read twice")
        return nullcontext(cast("Readable", sys.stdin.buffer))


def run(call: Call) -> None:
    """Push a blob. Raises ArtifactError, OciError, OSError."""
    size = call.flags.number("size")
    if call.arguments[1] == "-":
        stdin_conflict(call.flags)
        if size < 0:
            raise ArtifactError("`--size` must be provided if the blob is read from stdin")
    place, format = parse_place(call.flags, call.arguments[0]), parse_format(call.flags)
    blob, content = _content(call, place, size)
    quiet = Format("json") if call.flags.on("descriptor") else format
    target = open_to_write(place)
    with watching(call, PUSH, quiet) as watcher:
        if target.exists(blob):
            watcher.existed(blob)
        else:
            watcher.begun(blob)
            target.push(blob, content, lambda count: watcher.moved(blob, count))
            watcher.done(blob)
    _show(call, format, place, blob)


def _content(call: Call, place: Place, size: int) -> "tuple[Descriptor, Content]":
    kind = call.flags.text("media-type")
    if place.reference:
        check_digest(place.reference)
    if call.arguments[1] == "-":
        if not place.reference:
            raise ArtifactError("content digest must be provided if it is read from stdin")
        return Descriptor(kind, place.reference, size), StdinContent()
    from infra.oci.files import FileSource
    from infra.oci.target import FetchedContent

    source = FileSource()
    blob = source.add_config(Path(call.arguments[1]), kind)
    if size not in (-1, blob.size):
        raise ArtifactError(f"the file has {blob.size} bytes, not {size}")
    content = FetchedContent(source, blob)
    return (msgspec.structs.replace(blob, digest=place.reference) if place.reference else blob), content


def _show(call: Call, format: Format, place: Place, blob: Descriptor) -> None:
    if call.flags.on("descriptor"):
        write_json(encode(blob), pretty=call.flags.on("pretty"))
    elif format.is_text:
        say("Pushed:", place)
        say("Digest:", blob.digest)
    else:
        format.write(described(place.path, blob))


COMMAND: Final = Command(
    "[flags] <name>[@digest] <file>",
    (
        *target_flags(),
        *format_flags(),
        Flag("size", "bytes of what is read from stdin", "number", default="-1"),
        Flag("media-type", "media type in the descriptor that is printed", default=LAYER_TAR),
        DESCRIPTOR,
        PRETTY,
        NO_TTY,
        DEBUG,
        LOUD,
    ),
    exactly(2, "the destination, and the file with the blob"),
    run,
    "",
    (("Push from stdin", "blob push --size 12 localhost:5000/hello@sha256:9a201d22... - < hi.txt"),),
)
