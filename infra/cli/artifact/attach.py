"""`attach`: files become an artifact that refers to another."""

from typing import TYPE_CHECKING, Final

from infra.cli.artifact.annotations import CONFIG, MANIFEST, Annotations, annotations_of
from infra.cli.artifact.commands import DEBUG, LOUD, NO_TTY, Call, Command, at_least, concurrency
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.formats import Format, described, format_flags, parse_format
from infra.cli.artifact.packing_files import (
    PACK_FLAGS,
    add_config,
    add_files,
    add_packed,
    check_paths,
    export_manifest,
)
from infra.cli.artifact.platforms import platform_flag, platform_of
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.remote_flags import spec_flag
from infra.cli.artifact.status import PUSH, watching
from infra.cli.artifact.targets import Place, open_to_write, parse_place, require_reference, resolve, target_flags
from infra.oci.descriptors import Descriptor

if TYPE_CHECKING:
    from infra.oci.files import FileSource
    from infra.oci.packing import Packed
    from infra.oci.target import Target
    from infra.oci.watching import Watcher


def run(call: Call) -> None:
    """Attach files. Raises ArtifactError, OciError, OSError."""
    check_paths(call, call.arguments[1:])
    annotations = annotations_of(call.flags)
    place, format = parse_place(call.flags, call.arguments[0]), parse_format(call.flags)
    call.flags.exclude("config", "platform")
    require_reference(call, place)
    call.flags.require("artifact-type")
    _check_something(call, annotations)
    from infra.oci.files import FileSource
    from infra.oci.known_digests import KnownDigests

    target = open_to_write(place)
    subject = resolve(target, place.reference, platform_of(call.flags))
    with FileSource(KnownDigests()) as source:
        packed = _pack(call, format, source, annotations, subject)
        act = recorded("attach", place, packed.descriptor, tag="", subject=subject.digest)
        with act, watching(call, PUSH, format, source) as watcher:
            _copy(call, source, target, packed.descriptor, watcher)
    _show(place, subject, format, packed.descriptor)
    export_manifest(call, packed)


def _check_something(call: Call, annotations: Annotations) -> None:
    if len(call.arguments) < 2 and not annotations.get(MANIFEST):
        advice = 'To attach to an existing artifact, please provide files or annotations via the flag "--annotation"'
        what = "neither file nor annotation provided in the command"
        raise ArtifactError(what, usage=call.usage, recommendation=advice)


def _pack(call: Call, format: Format, source: "FileSource", annotations: Annotations, subject: Descriptor) -> "Packed":
    from infra.oci.packing import pack

    packed = pack(
        add_files(call, format, source, call.arguments[1:], annotations),
        artifact_type=call.flags.text("artifact-type"),
        config=add_config(call, source, annotations),
        config_annotations=annotations.get(CONFIG),
        annotations=annotations.get(MANIFEST),
        subject=subject,
    )
    add_packed(source, packed)
    return packed


def _copy(call: Call, source: "FileSource", target: "Target", root: Descriptor, watcher: "Watcher") -> None:
    from infra.oci.copying import copy

    copy(source, target, root, concurrency=call.flags.number("concurrency"), watcher=watcher)


def _show(place: Place, subject: Descriptor, format: Format, root: Descriptor) -> None:
    if not format.is_text:
        format.write(described(place.path, root))
        return
    say("Attached to", place if place.raw.endswith(subject.digest) else place.at(subject.digest))
    say("Digest:", root.digest)


COMMAND: Final = Command(
    "[flags] --artifact-type=<type> <name>{:<tag>|@<digest>} {<file>[:<type>]|--annotation <key>=<value>} [...]",
    (
        *PACK_FLAGS,
        *target_flags(),
        spec_flag(),
        *format_flags(),
        platform_flag("attach to the manifest of this platform, not to the index"),
        concurrency(5),
        NO_TTY,
        DEBUG,
        LOUD,
    ),
    at_least(1, "the artifact to attach to"),
    run,
    "What is attached is found again by `discover`, and copied by `cp --recursive`.",
    (
        (
            "Attach an SBOM",
            "attach --artifact-type application/spdx+json localhost:5000/hello:v1 sbom.json:application/spdx+json",
        ),
        ("Attach nothing but an annotation", "attach --artifact-type example/note -a by=me localhost:5000/hello:v1"),
    ),
)
