"""`resolve`: the digest of an artifact."""

from typing import Final

from infra.cli.artifact.commands import DEBUG, VERBOSE, Call, Command, exactly
from infra.cli.artifact.flags import switch
from infra.cli.artifact.formats import described, format_flags, parse_format
from infra.cli.artifact.platforms import platform_flag, platform_of
from infra.cli.artifact.printing import say
from infra.cli.artifact.targets import open_to_read, parse_place, require_reference, resolve, target_flags


def run(call: Call) -> None:
    """Show a digest. Raises ArtifactError, OciError."""
    place, format = parse_place(call.flags, call.arguments[0]), parse_format(call.flags)
    require_reference(call, place)
    root = resolve(open_to_read(place), place.reference, platform_of(call.flags))
    if not format.is_text:
        format.write(described(place.path, root))
    else:
        say(f"{place.path}@{root.digest}" if call.flags.on("full-reference") else root.digest)


COMMAND: Final = Command(
    "[flags] <name>{:<tag>|@<digest>}",
    (
        *target_flags(),
        *format_flags(),
        switch("full-reference", "print the reference with the digest", "l"),
        platform_flag(),
        DEBUG,
        VERBOSE,
    ),
    exactly(1, "the artifact whose digest is wanted"),
    run,
    "",
    (("Show the digest of a tag", "resolve localhost:5000/hello:v1"),),
)
