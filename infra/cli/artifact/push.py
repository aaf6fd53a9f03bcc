"""`push`: files become an artifact."""

from typing import TYPE_CHECKING, Final

from infra.cli.artifact.annotations import CONFIG, MANIFEST, Annotations, annotations_of
from infra.cli.artifact.commands import DEBUG, LOUD, NO_TTY, Call, Command, at_least, concurrency
from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, switch
from infra.cli.artifact.formats import Format, format_flags, parse_format
from infra.cli.artifact.packing_files import (
    PACK_FLAGS,
    add_config,
    add_files,
    add_packed,
    check_paths,
    export_manifest,
)
from infra.cli.artifact.platforms import FORM, platform_of
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.status import PUSH, watching
from infra.cli.artifact.tagging import give_tags, with_tags
from infra.cli.artifact.targets import Place, check_tags, open_to_write, parse_place, split_tags, target_flags
from infra.oci.descriptors import Descriptor, describe
from infra.oci.media_types import IMAGE_CONFIG, UNKNOWN_ARTIFACT

if TYPE_CHECKING:
    from infra.oci.files import FileSource
    from infra.oci.packing import ImageSpec, Packed
    from infra.oci.target import Target
    from infra.oci.watching import Watcher


def run(call: Call) -> None:
    """Push files. Raises ArtifactError, OciError, OSError."""
    first, tags = split_tags(call.arguments[0])
    check_paths(call, call.arguments[1:])
    annotations = annotations_of(call.flags)
    place = parse_place(call.flags, first)
    format = parse_format(call.flags)
    check_tags(tags)
    spec = _spec(call)
    from infra.oci.files import FileSource
    from infra.oci.known_digests import KnownDigests

    with FileSource(KnownDigests()) as source:
        packed = _pack(call, format, source, annotations, spec)
        _send(call, place, tags, format, source, packed)
    export_manifest(call, packed)


def _spec(call: Call) -> "ImageSpec":
    flags = call.flags
    flags.exclude("config", "artifact-platform")
    with_type, with_config = bool(flags.text("artifact-type")), bool(flags.text("config"))
    spec: ImageSpec = "v1.0" if flags.text("image-spec") == "v1.0" else "v1.1"
    if with_config and not with_type and not flags.given("image-spec"):
        # The image specification wants an artifact type since 1.1; without one it is an image of before.
        return "v1.0"
    if with_config and not with_type and spec == "v1.1":
        advice = "set an artifact type via `--artifact-type` or consider image spec v1.0"
        raise ArtifactError("missing artifact type for OCI image-spec v1.1 artifacts", recommendation=advice)
    if with_config and with_type and spec == "v1.0":
        raise ArtifactError("--artifact-type and --config cannot both be provided for 1.0 OCI image")
    if with_type and spec == "v1.0" and flags.text("artifact-platform"):
        advice = "consider using image spec v1.1 or remove --artifact-type"
        raise ArtifactError("an image of spec v1.0 with a platform cannot have an artifact type", recommendation=advice)
    return spec


def _pack(call: Call, format: Format, source: "FileSource", annotations: Annotations, spec: "ImageSpec") -> "Packed":
    from infra.oci.packing import pack

    kind = call.flags.text("artifact-type")
    if spec == "v1.1" and not kind and not call.flags.text("config"):
        kind = UNKNOWN_ARTIFACT
    config = add_config(call, source, annotations) or _platform_config(call, source, annotations)
    layers = add_files(call, format, source, call.arguments[1:], annotations)
    packed = pack(
        layers,
        artifact_type=kind,
        config=config,
        config_annotations=annotations.get(CONFIG),
        annotations=annotations.get(MANIFEST),
        version=spec,
    )
    add_packed(source, packed)
    return packed


def _platform_config(call: Call, source: "FileSource", annotations: Annotations) -> Descriptor | None:
    platform = platform_of(call.flags, "artifact-platform")
    if platform is None:
        return None
    from msgspec.structs import replace

    from infra.oci.canonical import encode

    data = encode(platform)
    config = source.add_bytes(describe(data, IMAGE_CONFIG), data)
    return replace(config, annotations=annotations.get(CONFIG) or None)


def _send(
    call: Call, place: Place, tags: tuple[str, ...], format: Format, source: "FileSource", packed: "Packed"
) -> None:
    target, root = open_to_write(place), packed.descriptor
    if is_digest(place.reference) and place.reference != root.digest:
        raise ArtifactError(f"the artifact has the digest {root.digest}, not {place.reference}")
    tagged = root.digest if place.is_remote and place.reference else ""
    with recorded("push", place, root), watching(call, PUSH, format, source, tagged=tagged) as watcher:
        _copy(call, source, target, root, watcher)
        if place.reference:
            target.tag(root, place.reference)
    if format.is_text:
        say("Pushed", place)
    give_tags(target, place, root, tags, shows=format.is_text)
    _show(place, tags, format, root)


def _copy(call: Call, source: "FileSource", target: "Target", root: Descriptor, watcher: "Watcher") -> None:
    from infra.oci.copying import copy

    count, force = call.flags.number("concurrency"), call.flags.on("force")
    copy(source, target, root, concurrency=count, watcher=watcher, force=force)


def _show(place: Place, tags: tuple[str, ...], format: Format, root: Descriptor) -> None:
    if format.is_text:
        say("ArtifactType:", root.artifact_type)
        say("Digest:", root.digest)
        return
    result = with_tags(place, root, tags)
    if not place.reference:
        # Without a tag there is one all the same, an empty one: scripts may count on an entry.
        result["referenceAsTags"].insert(0, f"{place.path}:")
    format.write(result)


COMMAND: Final = Command(
    "[flags] <name>[:<tag>[,<tag>][...]] <file>[:<type>] [...]",
    (
        *PACK_FLAGS,
        *target_flags(),
        *format_flags(),
        Flag("artifact-platform", "what the artifact is for", value=FORM),
        Flag(
            "image-spec", "kind of manifest; v1.0 if there is a config but no artifact type", choices=("v1.1", "v1.0")
        ),
        switch("force", "look at everything below a manifest, also if the manifest is there already"),
        concurrency(5),
        NO_TTY,
        DEBUG,
        LOUD,
    ),
    at_least(1, "the destination for pushing"),
    run,
    "Folders are packed, and unpacked again when they are pulled. The media type of a file follows its last colon.",
    (
        ("Push a file, of the media type that archives of layers have", "push localhost:5000/hello:v1 hi.txt"),
        (
            "Push a file of a media type of its own, under two tags",
            "push localhost:5000/hello:v1,latest hi.txt:text/plain",
        ),
        ("Push a file that has a colon in its name", "push localhost:5000/hello:v1 hi:txt:"),
        (
            "Push an artifact of a type, with an annotation",
            "push --artifact-type application/vnd.example -a team=blue localhost:5000/hello:v1 hi.txt",
        ),
        ("Push to an image layout", "push --oci-layout layout:v1 hi.txt"),
    ),
)
