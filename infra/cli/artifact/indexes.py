"""What is common to making and changing indexes: manifests are looked up, and what is made is written or pushed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from infra.cli.artifact.commands import Call
from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.formats import Format, write_json
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.tagging import give_tags, with_tags
from infra.cli.artifact.targets import Place, resolve_and_keep
from infra.cli.artifact.whole_files import write_whole
from infra.oci.descriptors import Descriptor, Platform
from infra.oci.errors import NotFoundError
from infra.oci.manifests import Manifest, parse_manifest
from infra.oci.media_types import (
    DOCKER_CONFIG,
    DOCKER_MANIFEST,
    EMPTY_JSON,
    IMAGE_CONFIG,
    IMAGE_MANIFEST,
    INDEXES,
)
from infra.oci.packing import MEDIA_TYPE
from infra.oci.target import push_bytes, read_all

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget, Target


def check_artifact_type(text: str) -> None:
    """Raise ArtifactError for a text that is no media type."""
    if text and not re.fullmatch(MEDIA_TYPE, text):
        raise ArtifactError(f"{text}: invalid media type")


class Work:
    """An index in the making; it tells what is being done, unless the index itself goes to stdout."""

    def __init__(self, call: Call, format: Format, place: Place, target: "Target") -> None:
        self.call = call
        self.format = format
        self.place = place
        self.target = target
        self.output = call.flags.text("output")
        self.shows = format.is_text and self.output != "-"

    def say(self, word: str, *parts: str) -> None:
        """Print a line."""
        if self.shows:
            say(word, *parts)

    def named(self, word: str, reference: str, descriptor: Descriptor) -> None:
        """Print a line about a manifest: its digest, and its tag if it was named by one."""
        self.say(word, *([reference] if is_digest(reference) else [descriptor.digest, reference]))


def fetch(work: Work, reference: str, what: str) -> tuple[Descriptor, bytes]:
    """Return a manifest. Raises ArtifactError, OciError."""
    work.say("Fetching ", reference)
    try:
        found = resolve_and_keep(work.target, reference)
        data = read_all(work.target, found)
    except NotFoundError as error:
        raise ArtifactError(f"could not find the {what} {reference}: {error}", recommendation=error.fix) from None
    known = INDEXES if what == "index" else INDEXES | {IMAGE_MANIFEST, DOCKER_MANIFEST}
    if found.media_type not in known:
        raise ArtifactError(f"{reference} is not {'an index' if what == 'index' else 'a manifest'}")
    work.named("Fetched  ", reference, found)
    return found, data


def as_entry(target: "ReadOnlyTarget", descriptor: Descriptor, data: bytes) -> Descriptor:
    """Return a manifest as it stands in an index: with its platform and artifact type. Raises OciError."""
    manifest = parse_manifest(data, descriptor.media_type)
    return msgspec.structs.replace(
        descriptor.bare(), platform=_platform(target, manifest), artifact_type=_artifact_type(manifest)
    )


def _artifact_type(manifest: Manifest) -> str:
    config = manifest.config.media_type if manifest.config else ""
    return manifest.artifact_type or ("" if config in (IMAGE_CONFIG, DOCKER_CONFIG, EMPTY_JSON) else config)


def _platform(target: "ReadOnlyTarget", manifest: Manifest) -> Platform | None:
    config = manifest.config
    if config is None or config.media_type not in (IMAGE_CONFIG, DOCKER_CONFIG):
        return None
    try:
        return msgspec.json.decode(read_all(target, config), type=Platform)
    except msgspec.DecodeError:
        return None  # a config that does not say what the image is for


def finish(work: Work, root: Descriptor, data: bytes, tags: tuple[str, ...], shown: str) -> None:
    """Write an index to a file, or push it. Raises OciError, OSError."""
    if work.output == "-":
        write_json(data, pretty=work.call.flags.on("pretty"))
        return
    if work.output:
        write_whole(Path(work.output), data)
    else:
        _push(work.place, work.target, root, data)
        work.say("Pushed   ", shown)
        give_tags(work.target, work.place, root, tags, shows=work.shows)
    work.say("Digest:", root.digest)
    if not work.format.is_text:
        work.format.write(with_tags(work.place, root, tags))


def _push(place: Place, target: "Target", root: Descriptor, data: bytes) -> None:
    by_tag = place.reference if place.reference and not is_digest(place.reference) else ""
    with recorded("push", place, root, tag=by_tag):
        push_bytes(target, root, data)
        if by_tag:
            target.tag(root, by_tag)
