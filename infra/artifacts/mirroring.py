"""What mirrors let be done: tags are listed at both ends, copied, and removed."""

import hashlib
import threading

from infra.artifacts.overlay import Overlay, narrowed
from infra.artifacts.pacing import Counting
from infra.artifacts.targets import Targets
from infra.oci.copying import all_referrers, copy_all
from infra.oci.crew import each
from infra.oci.descriptors import Descriptor
from infra.oci.errors import MismatchError, NotFoundError
from infra.oci.target import ReadOnlyTarget
from schemas.types.mirrors import MirrorSpec, TagCopied, TagFound, TagRemoved, TagsListed
from streams.lifecycles.effector import EffectError
from streams.mirrors.choosing import chosen
from streams.mirrors.state import MOST_TAGS, CopyTag, ListTags, RemoveTag

REFERRERS_AT_ONCE = 2
LOOKING = 8
"""Requests at once that only look."""


def list_tags(targets: Targets, effect: str, action: ListTags) -> TagsListed:
    """Return the tags of the source that are wanted, with what they mean at both ends. Raises OciError, ValueError."""
    spec = action.spec
    source, destination = targets.read(spec.source, spec.access), targets.write(spec.destination, spec.access)
    tags = chosen(spec, source.tags())
    if len(tags) > MOST_TAGS:
        what = f"{len(tags):,} tags are more than a mirror takes ({MOST_TAGS:,})"
        raise EffectError(f"{what}: choose fewer of them, and make several mirrors", permanent=True)
    found: dict[str, TagFound] = {}
    lock = threading.Lock()

    def look(tag: str) -> None:
        if (one := _found(source, destination, spec, tag)) is not None:
            with lock:
                found[tag] = one

    each(look, tags, LOOKING)
    return TagsListed(effect=effect, tags=tuple(found[tag] for tag in tags if tag in found))


def _found(source: ReadOnlyTarget, destination: ReadOnlyTarget, spec: MirrorSpec, tag: str) -> TagFound | None:
    meant = digest_at(source, tag)
    if meant is None:  # it was removed since it was listed
        return None
    root, data = narrowed(source, meant, spec.platforms)
    there = digest_at(destination, tag)
    return TagFound(
        tag=tag,
        digest=root.digest,
        origin=meant.digest if meant.digest != root.digest else "",
        there=there.digest if there else "",
        referrers=mark(referrers_of(source, root, data, spec)) if spec.referrers else "",
    )


def digest_at(target: ReadOnlyTarget, reference: str) -> Descriptor | None:
    """Return what a tag or digest means; None if there is none."""
    try:
        return target.resolve(reference)
    except NotFoundError:
        return None


def referrers_of(source: ReadOnlyTarget, root: Descriptor, data: bytes, spec: MirrorSpec) -> list[Descriptor]:
    """Return all that refers to an artifact, however far, and is wanted."""
    seen = Overlay(source, {root.digest: data}) if data else source
    return all_referrers(seen, root, concurrency=REFERRERS_AT_ONCE, artifact_types=spec.artifact_types)


def mark(referrers: list[Descriptor]) -> str:
    """Return what tells whether referrers are the same as before; empty for none."""
    digests = sorted(one.digest for one in referrers)
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16] if digests else ""


def copy_tag(targets: Targets, effect: str, action: CopyTag, watcher: Counting) -> TagCopied:
    """Copy what a tag means with all that belongs to it, then let the tag mean it. Raises OciError."""
    spec = action.spec
    source, destination = targets.read(spec.source, spec.access), targets.write(spec.destination, spec.access)
    root, data = narrowed(source, source.resolve(action.origin or action.digest), spec.platforms)
    if root.digest != action.digest:
        raise MismatchError(f"{action.tag} became {root.digest}, and {action.digest} was listed")
    referrers = referrers_of(source, root, data, spec) if spec.referrers else []
    seen = Overlay(source, {root.digest: data}) if data else source
    copy_all(seen, destination, [root, *referrers], watcher=watcher)
    destination.tag(root, action.tag)
    return TagCopied(
        effect=effect,
        tag=action.tag,
        digest=action.digest,
        referrers=action.referrers,
        referrer_count=len(referrers),
        blobs=watcher.moved_count,
        skipped=watcher.skipped_count,
        bytes=watcher.bytes,
    )


def remove_tag(targets: Targets, effect: str, action: RemoveTag) -> TagRemoved:
    """Remove a tag that still means what was copied; leave it if it means something else. Raises OciError."""
    destination = targets.write(action.spec.destination, action.spec.access)
    there = digest_at(destination, action.tag)
    if there is not None and there.digest == action.digest:
        destination.untag(action.tag)
    return TagRemoved(effect=effect, tag=action.tag, digest=action.digest)
