"""`manifest fetch`: a manifest as it is, its descriptor, or both as JSON."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from infra.cli.artifact.caching import cached
from infra.cli.artifact.commands import DEBUG, VERBOSE, Call, Command, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, switch
from infra.cli.artifact.formats import Format, described, format_flags, parse_format, write_json
from infra.cli.artifact.platforms import platform_flag, platform_of
from infra.cli.artifact.targets import (
    Place,
    open_to_read,
    parse_place,
    require_reference,
    resolve,
    resolve_and_keep,
    target_flags,
    with_tag,
)
from infra.cli.artifact.whole_files import write_whole
from infra.oci.canonical import encode
from infra.oci.descriptors import Descriptor
from infra.oci.target import read_all

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget

PRETTY: Final = switch("pretty", "indent JSON on stdout")
DESCRIPTOR: Final = switch("descriptor", "print the descriptor")


def run(call: Call) -> None:
    """Fetch a manifest. Raises ArtifactError, OciError, OSError."""
    flags, output = call.flags, call.flags.text("output")
    if output == "-" and flags.text("format") != "text":
        raise ArtifactError(f"`--output -` cannot be used with `--format {flags.text('format')}` at the same time")
    if output == "-" and flags.on("descriptor"):
        raise ArtifactError("`--descriptor` cannot be used with `--output -` at the same time")
    flags.exclude("format", "pretty")
    flags.exclude("format", "descriptor")
    place, format = parse_place(flags, call.arguments[0]), parse_format(flags)
    require_reference(call, place)
    target = cached(_open(call, place))
    platform = platform_of(flags)
    if flags.on("descriptor") and not output:
        root = with_tag(place, resolve(target, place.reference, platform), platform)
        write_json(encode(root), pretty=flags.on("pretty"))
        return
    root = resolve_and_keep(target, place.reference, platform)
    _write(call, place, format, with_tag(place, root, platform), read_all(target, root))


def _open(call: Call, place: Place) -> "ReadOnlyTarget":
    types = call.flags.texts("media-type")
    if not types:
        return open_to_read(place)
    if not place.is_remote:
        raise ArtifactError("`--media-type` cannot be used with `--oci-layout` at the same time")
    from msgspec.structs import replace

    from infra.registries.options import RemoteOptions

    options = place.options or RemoteOptions()
    headers = (*options.headers, f"Accept: {', '.join(types)}")
    return open_to_read(replace(place, options=replace(options, headers=headers)))


def _write(call: Call, place: Place, format: Format, root: Descriptor, data: bytes) -> None:
    output, pretty = call.flags.text("output"), call.flags.on("pretty")
    if output not in ("", "-"):
        write_whole(Path(output), data)
    elif format.is_text:
        write_json(data, pretty=pretty)
    if not format.is_text:
        format.write({**described(place.path, root), "content": _decoded(data)})
    elif call.flags.on("descriptor"):
        write_json(encode(root), pretty=pretty)


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None


COMMAND: Final = Command(
    "[flags] <name>{:<tag>|@<digest>}",
    (
        *target_flags(),
        *format_flags(),
        Flag("media-type", "what the registry may answer with", "list"),
        Flag("output", "file to write to, - for stdout", short="o", value="path"),
        platform_flag(),
        DESCRIPTOR,
        PRETTY,
        DEBUG,
        VERBOSE,
    ),
    exactly(1, "the manifest to fetch"),
    run,
    "",
    (
        ("Show a manifest", "manifest fetch --pretty localhost:5000/hello:v1"),
        ("Show one field", "manifest fetch --format go-template='{{.content.artifactType}}' localhost:5000/hello:v1"),
    ),
)
