"""`discover`: what refers to an artifact."""

from typing import Any, Final

import msgspec

from infra.cli.artifact.commands import DEBUG, NO_TTY, Call, Command, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, switch
from infra.cli.artifact.formats import Format, described, format_flags, parse_format
from infra.cli.artifact.platforms import platform_flag, platform_of
from infra.cli.artifact.printing import put, say, tell
from infra.cli.artifact.remote_flags import spec_flag
from infra.cli.artifact.status import is_verbose, on_terminal
from infra.cli.artifact.targets import (
    Place,
    open_to_read,
    parse_place,
    require_reference,
    resolve,
    target_flags,
    with_tag,
)
from infra.oci.canonical import encode
from infra.oci.discovering import Tree, discover
from infra.oci.kinds import kind_of_referrer

FORMATS: Final = ("tree", "table", "wide")


def run(call: Call) -> None:
    """Show what refers to an artifact. Raises ArtifactError, OciError."""
    flags = call.flags
    flags.exclude("format", "output")
    if flags.given("depth") and flags.number("depth") < 1:
        raise ArtifactError("depth value should be at least 1")
    place = parse_place(flags, call.arguments[0])
    format = _format(call)
    require_reference(call, place)
    target = open_to_read(place)
    root = resolve(target, place.reference, platform_of(flags))
    depth = 1 if format.name == "table" else flags.number("depth") if flags.given("depth") else 0
    tree = discover(target, root, artifact_type=flags.text("artifact-type"), depth=depth)
    _show(call, place, format, tree)


def _format(call: Call) -> Format:
    given = call.flags.text("output") if call.flags.given("output") else ""
    format = parse_format(call.flags, *FORMATS, given=given)
    if given:
        if format.template:
            raise ArtifactError("output type can only be tree, table or json")
        tell(f"[DEPRECATED] --output is deprecated, try `--format {format.name}` instead")
    return format


def _show(call: Call, place: Place, format: Format, tree: Tree) -> None:
    match format.name:
        case "tree":
            from infra.cli.artifact.trees import drawn

            put(drawn(place.path, tree, annotations=is_verbose(call), colours=on_terminal(call)).encode())
        case "table":
            _show_table(place, tree, verbose=is_verbose(call))
        case "wide":
            _show_wide(tree)
        case _:
            root = with_tag(place, tree.descriptor, platform_of(call.flags))
            format.write({**described(place.path, root), "referrers": _nodes(place.path, tree)})


def _nodes(path: str, tree: Tree) -> list[dict[str, Any]]:
    return [
        {
            **described(path, below.descriptor),
            "kind": kind_of_referrer(below.descriptor),
            "referrers": _nodes(path, below),
        }
        for below in tree.referrers
    ]


def _show_table(place: Place, tree: Tree, *, verbose: bool) -> None:
    found = [below.descriptor for below in tree.referrers]
    say("Discovered", len(found), "artifact" if len(found) == 1 else "artifacts", "referencing", place.raw)
    say("Digest:", tree.descriptor.digest)
    if not found:
        return
    title = "Artifact Type"
    width = max(len(title), *(len(one.artifact_type) for one in found))
    say(f"\n{title.ljust(width)}   Digest")
    for one in found:
        say(f"{one.artifact_type.ljust(width)}   {one.digest}")
        if verbose:
            put(msgspec.json.format(encode(one), indent=2) + b"\n")


def _show_wide(tree: Tree) -> None:
    from infra.cli.tables import table

    rows = [
        (kind_of_referrer(one), one.artifact_type, f"{'  ' * level}{one.digest}", one.size)
        for level, one in _levels(tree)
    ]
    say(table(("KIND", "ARTIFACT TYPE", "DIGEST", "SIZE"), rows))


def _levels(tree: Tree, level: int = 0) -> list[tuple[int, Any]]:
    return [item for below in tree.referrers for item in ((level, below.descriptor), *_levels(below, level + 1))]


COMMAND: Final = Command(
    "[flags] <name>{:<tag>|@<digest>}",
    (
        *target_flags(),
        spec_flag(),
        *format_flags(*FORMATS),
        Flag("output", "", short="o", default="tree", hidden=True),
        Flag("artifact-type", "only what is of this type"),
        Flag("depth", "levels of referrers; all if it is not given", "number", default="0"),
        platform_flag(),
        NO_TTY,
        DEBUG,
        switch("verbose", "", "v", default=True, deprecated="and will be removed in a future release."),
    ),
    exactly(1, "the artifact whose referrers are wanted"),
    run,
    "The formats wide and json say what each referrer is: sbom, scan, signature, attestation and so on.",
    (
        ("Show the tree of referrers", "discover localhost:5000/hello:v1"),
        ("Show the SBOMs", "discover --artifact-type application/spdx+json localhost:5000/hello:v1"),
    ),
)
