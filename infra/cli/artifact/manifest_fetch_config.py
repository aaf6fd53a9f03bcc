"""`manifest fetch-config`: the config of a manifest, or its descriptor."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.cli.artifact.caching import cached
from infra.cli.artifact.commands import DEBUG, VERBOSE, Call, Command, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import write_json
from infra.cli.artifact.manifest_fetch import DESCRIPTOR, PRETTY
from infra.cli.artifact.platforms import platform_flag, platform_of
from infra.cli.artifact.printing import put
from infra.cli.artifact.targets import open_to_read, parse_place, require_reference, resolve, target_flags
from infra.cli.artifact.whole_files import write_whole
from infra.oci.canonical import encode
from infra.oci.descriptors import Descriptor
from infra.oci.manifests import parse_manifest
from infra.oci.media_types import DOCKER_MANIFEST, IMAGE_MANIFEST
from infra.oci.target import read_all

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget


def run(call: Call) -> None:
    """Fetch a config. Raises ArtifactError, OciError, OSError."""
    flags, output = call.flags, call.flags.text("output")
    if output == "-" and flags.on("descriptor"):
        raise ArtifactError("`--output -` cannot be used with `--descriptor` at the same time")
    place = parse_place(flags, call.arguments[0])
    require_reference(call, place)
    target = cached(open_to_read(place))
    config = _config(target, resolve(target, place.reference, platform_of(flags)))
    if output or not flags.on("descriptor"):
        _write(call, read_all(target, config, most=1 << 30))
    if flags.on("descriptor"):
        write_json(encode(config), pretty=flags.on("pretty"))


def _config(target: "ReadOnlyTarget", root: Descriptor) -> Descriptor:
    manifest = parse_manifest(read_all(target, root), root.media_type)
    if root.media_type not in (IMAGE_MANIFEST, DOCKER_MANIFEST) or manifest.config is None:
        raise ArtifactError(f'"{root.digest}" is not an image manifest and does not have a config')
    return manifest.config


def _write(call: Call, data: bytes) -> None:
    output = call.flags.text("output")
    if output in ("", "-"):
        write_json(data, pretty=True) if call.flags.on("pretty") else put(data)
        return
    write_whole(Path(output), data)


COMMAND: Final = Command(
    "[flags] <name>{:<tag>|@<digest>}",
    (
        *target_flags(),
        Flag("output", "file to write to, - for stdout", short="o", value="path"),
        platform_flag(),
        DESCRIPTOR,
        PRETTY,
        DEBUG,
        VERBOSE,
    ),
    exactly(1, "the manifest whose config is wanted"),
    run,
    "",
    (
        (
            "Show the config of an image for a platform",
            "manifest fetch-config --platform linux/arm64 localhost:5000/hello:v1",
        ),
    ),
)
