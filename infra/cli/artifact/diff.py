"""`diff`: what is different between two artifacts."""

from typing import Any, Final

import msgspec

from infra.cli.artifact.commands import DEBUG, Call, Command, exactly
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import described, format_flags, parse_format
from infra.cli.artifact.platforms import platform_flag, platform_of
from infra.cli.artifact.printing import say
from infra.cli.artifact.remote_flags import REGISTRIES_CONF, spec_flag
from infra.cli.artifact.targets import open_to_read, parse_place, require_reference, resolve, target_flags
from infra.oci.differences import Difference, compare


def run(call: Call) -> None:
    """Compare two artifacts. Raises ArtifactError, OciError."""
    format, platform = parse_format(call.flags), platform_of(call.flags)
    first = parse_place(call.flags, call.arguments[0], "from-")
    second = parse_place(call.flags, call.arguments[1], "to-")
    require_reference(call, first)
    require_reference(call, second)
    one, other = open_to_read(first), open_to_read(second)
    before, after = resolve(one, first.reference, platform), resolve(other, second.reference, platform)
    differences = compare(one, before, other, after)
    if not format.is_text:
        found: list[Any] = [msgspec.to_builtins(difference) for difference in differences]
        sides = {"from": described(first.path, before), "to": described(second.path, after)}
        format.write({**sides, "same": not differences, "differences": found})
        return
    for difference in differences:
        say(_line(difference))
    if not differences:
        say(f"No difference between {first} and {second}")


def _line(difference: Difference) -> str:
    name = f"{difference.part} {difference.name}".rstrip()
    if not difference.before:
        return f"+ {name}: {difference.after}"
    if not difference.after:
        return f"- {name}: {difference.before}"
    return f"~ {name}: {difference.before} => {difference.after}"


COMMAND: Final = Command(
    "[flags] <from>{:<tag>|@<digest>} <to>{:<tag>|@<digest>}",
    (
        *target_flags("from-", "first"),
        *target_flags("to-", "second"),
        spec_flag("from-", "first"),
        spec_flag("to-", "second"),
        Flag("resolve", "as --from-resolve and --to-resolve", "texts", value="host:port:address[:address_port]"),
        REGISTRIES_CONF,
        *format_flags(),
        platform_flag(),
        DEBUG,
    ),
    exactly(2, "the artifacts to compare"),
    run,
    "Artifact types, annotations, configs, layers and referrers are compared.",
    (("Show what changed between two versions", "diff localhost:5000/hello:v1 localhost:5000/hello:v2"),),
)
