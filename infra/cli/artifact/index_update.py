"""`manifest index update`: an index with more manifests, or fewer."""

from typing import Any, Final

import msgspec

from infra.cli.artifact.commands import DEBUG, Call, Command, exactly
from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, Flags
from infra.cli.artifact.formats import format_flags, parse_format
from infra.cli.artifact.indexes import Work, as_entry, check_artifact_type, fetch, finish
from infra.cli.artifact.manifest_fetch import PRETTY
from infra.cli.artifact.printing import say
from infra.cli.artifact.targets import check_tags, open_to_write, parse_place, require_reference, target_flags
from infra.oci.canonical import encode_in_order
from infra.oci.descriptors import Descriptor, describe
from infra.oci.manifests import parse_manifest

CHANGES: Final = ("add", "remove", "merge", "artifact-type")
ORDER: Final = ("schemaVersion", "mediaType", "artifactType", "manifests", "subject", "annotations")


def run(call: Call) -> None:
    """Change an index. Raises ArtifactError, OciError, OSError."""
    flags = call.flags
    flags.exclude("tag", "output")
    for text in flags.texts("remove"):
        if not is_digest(text):
            raise ArtifactError(f"remove: {text} is not a digest")
    place, format = parse_place(flags, call.arguments[0]), parse_format(flags)
    check_tags(flags.texts("tag"))
    if not any(map(flags.given, CHANGES)):
        say("Nothing to update as no change is requested")
        return
    require_reference(call, place)
    check_artifact_type(flags.text("artifact-type"))
    _update(Work(call, format, place, open_to_write(place)))


def _update(work: Work) -> None:
    place, flags = work.place, work.call.flags
    root, data = fetch(work, place.reference, "index")
    changed = _changed(work, flags, root, data)
    after = describe(changed, root.media_type)
    work.say("Updated  ", after.digest)
    shown = f"[{place.kind}] {place.path if is_digest(place.reference) else place.raw}"
    finish(work, after, changed, flags.texts("tag"), shown)


def _changed(work: Work, flags: Flags, root: Descriptor, data: bytes) -> bytes:
    """Return an index after the changes; fields that are not known stay, behind those that are."""
    fields = msgspec.json.decode(data, type=dict[str, Any])
    entries = _entries(work, flags, list(parse_manifest(data, root.media_type).manifests or ()))
    fields |= {"mediaType": fields.get("mediaType") or root.media_type, "manifests": tuple(entries)}
    if flags.given("artifact-type"):
        fields["artifactType"] = flags.text("artifact-type")
    names = [*(name for name in ORDER if fields.get(name)), *(name for name in fields if name not in ORDER)]
    return encode_in_order({name: fields[name] for name in (*names, *([] if entries else ["manifests"]))})


def _entries(work: Work, flags: Flags, entries: list[Descriptor]) -> list[Descriptor]:
    entries = _without(work, entries, flags.texts("remove"))
    for reference in flags.texts("add"):
        found, content = fetch(work, reference, "manifest")
        entries.append(as_entry(work.target, found, content))
        work.named("Added    ", reference, found)
    for reference in flags.texts("merge"):
        found, content = fetch(work, reference, "index")
        entries += parse_manifest(content, found.media_type).manifests or ()
        work.named("Merged   ", reference, found)
    return entries


def _without(work: Work, entries: list[Descriptor], digests: tuple[str, ...]) -> list[Descriptor]:
    there = {one.digest for one in entries}
    for digest in dict.fromkeys(digests):
        if digest not in there:
            raise ArtifactError(f"{digest} does not exist in the index {work.place.reference}")
        work.say("Removed  ", digest)
    return [one for one in entries if one.digest not in digests]


COMMAND: Final = Command(
    "<name>{:<tag>|@<digest>} [{--add|--merge|--remove} <manifest>{<tag>|<digest>}] [...]",
    (
        *target_flags(),
        *format_flags(),
        Flag("add", "manifest to add", "texts"),
        Flag("merge", "index whose manifests are added", "texts"),
        Flag("remove", "digest of a manifest to remove", "texts"),
        Flag("tag", "further tag for the index", "texts"),
        Flag("artifact-type", "what the index is from now on; empty: nothing in particular"),
        Flag("output", "file to write the index to instead of pushing it, - for stdout", short="o", value="path"),
        PRETTY,
        DEBUG,
    ),
    exactly(1, "the index to change"),
    run,
    "All manifests must be in the same repository.",
    (
        (
            "Add a manifest and remove another",
            "manifest index update localhost:5000/hello:v1 --add linux-arm64 --remove sha256:99e4703f...",
        ),
    ),
)
