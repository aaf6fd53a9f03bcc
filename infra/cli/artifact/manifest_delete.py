"""`manifest delete`: a manifest with all its tags."""

from typing import Final

from infra.cli.artifact.commands import DEBUG, VERBOSE, Call, Command, exactly
from infra.cli.artifact.deleting import check_force, delete
from infra.cli.artifact.flags import switch
from infra.cli.artifact.formats import format_flags, parse_format
from infra.cli.artifact.manifest_fetch import DESCRIPTOR, PRETTY
from infra.cli.artifact.remote_flags import spec_flag
from infra.cli.artifact.targets import open_to_write, parse_place, require_reference, target_flags


def run(call: Call) -> None:
    """Delete a manifest. Raises ArtifactError, OciError."""
    check_force(call)
    place, format = parse_place(call.flags, call.arguments[0]), parse_format(call.flags)
    require_reference(call, place)
    target = open_to_write(place)
    delete(call, format, place, "manifest", lambda: target.resolve(place.reference), target.delete)


COMMAND: Final = Command(
    "[flags] <name>{:<tag>|@<digest>}",
    (
        *target_flags(),
        spec_flag(),
        *format_flags(),
        switch("force", "do not ask, and do not mind if there is none", "f"),
        DESCRIPTOR,
        PRETTY,
        DEBUG,
        VERBOSE,
    ),
    exactly(1, "the manifest to delete"),
    run,
    "What the manifest points at is removed by the registry in time. `tag --remove` removes a tag only.",
    (("Delete without a question", "manifest delete --force localhost:5000/hello:v1"),),
)
