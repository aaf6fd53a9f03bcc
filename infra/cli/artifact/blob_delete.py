"""`blob delete`: a blob."""

from typing import Final

from infra.cli.artifact.blobs import resolve_blob
from infra.cli.artifact.commands import DEBUG, VERBOSE, Call, Command, exactly
from infra.cli.artifact.deleting import check_force, delete
from infra.cli.artifact.flags import switch
from infra.cli.artifact.formats import format_flags, parse_format
from infra.cli.artifact.manifest_fetch import DESCRIPTOR, PRETTY
from infra.cli.artifact.targets import open_to_write, parse_place, require_reference, target_flags


def run(call: Call) -> None:
    """Delete a blob. Raises ArtifactError, OciError."""
    check_force(call)
    place, format = parse_place(call.flags, call.arguments[0]), parse_format(call.flags)
    require_reference(call, place, tag=False)
    target = open_to_write(place)
    delete(call, format, place, "blob", lambda: resolve_blob(target, place), target.delete)


COMMAND: Final = Command(
    "[flags] <name>@<digest>",
    (
        *target_flags(),
        *format_flags(),
        switch("force", "do not ask, and do not mind if there is none", "f"),
        DESCRIPTOR,
        PRETTY,
        DEBUG,
        VERBOSE,
    ),
    exactly(1, "the blob to delete"),
    run,
    "",
    (("Delete without a question", "blob delete --force localhost:5000/hello@sha256:9a201d22..."),),
)
