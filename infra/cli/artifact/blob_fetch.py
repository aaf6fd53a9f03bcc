"""`blob fetch`: a blob, or its descriptor."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.cli.artifact.blobs import resolve_blob
from infra.cli.artifact.caching import cached
from infra.cli.artifact.commands import DEBUG, NO_TTY, VERBOSE, Call, Command, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import write_json
from infra.cli.artifact.manifest_fetch import DESCRIPTOR, PRETTY
from infra.cli.artifact.status import PULL, on_terminal
from infra.cli.artifact.targets import open_to_read, parse_place, require_reference, target_flags
from infra.cli.artifact.whole_files import whole_file
from infra.oci.canonical import encode
from infra.oci.descriptors import Descriptor
from infra.oci.watching import SILENT, Watcher

if TYPE_CHECKING:
    from typing import IO

    from infra.oci.target import ReadOnlyTarget


def run(call: Call) -> None:
    """Fetch a blob. Raises ArtifactError, OciError, OSError."""
    flags, output = call.flags, call.flags.text("output")
    if not output and not flags.on("descriptor"):
        raise ArtifactError("either `--output` or `--descriptor` must be provided")
    if output == "-" and flags.on("descriptor"):
        raise ArtifactError("`--output -` cannot be used with `--descriptor` at the same time")
    place = parse_place(flags, call.arguments[0])
    require_reference(call, place, tag=False)
    target = open_to_read(place)
    blob = resolve_blob(target, place)
    if output:
        _fetch(call, cached(target), blob, output)
    if flags.on("descriptor"):
        write_json(encode(blob), pretty=flags.on("pretty"))


def _fetch(call: Call, target: "ReadOnlyTarget", blob: Descriptor, output: str) -> None:
    if output == "-":
        sys.stdout.flush()
        _watched(call, target, blob, sys.stdout.buffer, to_stdout=True)
        sys.stdout.buffer.flush()
        return
    with whole_file(Path(output)) as file:
        _watched(call, target, blob, file)


def _watched(
    call: Call, target: "ReadOnlyTarget", blob: Descriptor, out: "IO[bytes]", *, to_stdout: bool = False
) -> None:
    if not on_terminal(call, to_stdout=to_stdout):
        _pour(target, blob, out, SILENT)
        return
    from infra.cli.artifact.bars import Bars

    bars = Bars(PULL, sys.stderr)
    try:
        _pour(target, blob, out, bars)
    finally:
        bars.close()


def _pour(target: "ReadOnlyTarget", blob: Descriptor, out: "IO[bytes]", watcher: Watcher) -> None:
    from infra.oci.streaming import pour
    from infra.oci.sums import Sum

    sum = Sum(blob)
    watcher.begun(blob)
    with target.fetch(blob) as stream:
        pour(stream, out.write, sum, blob.size, lambda count: watcher.moved(blob, count))
    sum.verify()
    watcher.done(blob)


COMMAND: Final = Command(
    "[flags] {--output <file> | --descriptor} <name>@<digest>",
    (
        *target_flags(),
        Flag("output", "file to write to, - for stdout", short="o", value="path"),
        DESCRIPTOR,
        PRETTY,
        NO_TTY,
        DEBUG,
        VERBOSE,
    ),
    exactly(1, "the blob to fetch"),
    run,
    "",
    (("Write a blob to a file", "blob fetch -o layer.tar.gz localhost:5000/hello@sha256:9a201d22..."),),
)
