"""`manifest index create`: an index of manifests."""

from typing import Final

from infra.cli.artifact.annotations import FLAG, MANIFEST, parse_annotations
from infra.cli.artifact.commands import DEBUG, Call, Command, at_least
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import format_flags, parse_format
from infra.cli.artifact.indexes import Work, as_entry, check_artifact_type, fetch, finish
from infra.cli.artifact.manifest_fetch import PRETTY
from infra.cli.artifact.status import short
from infra.cli.artifact.targets import check_tags, open_to_write, parse_place, split_tags, target_flags
from infra.oci.descriptors import describe
from infra.oci.media_types import IMAGE_INDEX
from infra.oci.packing import pack_index


def run(call: Call) -> None:
    """Make an index. Raises ArtifactError, OciError, OSError."""
    first, tags = split_tags(call.arguments[0])
    place, format = parse_place(call.flags, first), parse_format(call.flags)
    annotations = parse_annotations(call.flags.texts("annotation"))[MANIFEST]
    check_tags(tags)
    kind = call.flags.text("artifact-type")
    check_artifact_type(kind)
    work = Work(call, format, place, open_to_write(place))
    found = [fetch(work, source, "manifest") for source in call.arguments[1:]]
    entries = [as_entry(work.target, one, data) for one, data in found]
    data = pack_index(entries, artifact_type=kind, annotations=annotations)
    root = describe(data, IMAGE_INDEX)
    work.say("Packed   ", short(root), IMAGE_INDEX)
    finish(work, root, data, tags, str(place))


COMMAND: Final = Command(
    "[flags] <name>[:<tag[,<tag>][...]] <sources>[{<tag>|<digest>}...]",
    (
        *target_flags(),
        *format_flags(),
        FLAG,
        Flag("artifact-type", "what the index is, a media type"),
        Flag("output", "file to write the index to instead of pushing it, - for stdout", short="o", value="path"),
        PRETTY,
        DEBUG,
    ),
    at_least(1, "the index to make"),
    run,
    "All manifests must be in the same repository.",
    (("Make an index of two images", "manifest index create localhost:5000/hello:v1 linux-amd64 linux-arm64"),),
)
