"""What quarantines let be done: tags that mean an artifact are moved aside, and put back.

Everything may be done again: what was moved before is found by the names of tags and by what they mean. So nothing is
written down but in the registry.
"""

import threading
from typing import Final

from infra.artifacts.mirroring import LOOKING, digest_at
from infra.artifacts.placeholders import DIGEST, PLACEHOLDER_TYPE, QUARANTINE, REASON
from infra.artifacts.targets import Targets
from infra.oci.crew import each
from infra.oci.descriptors import Descriptor
from infra.oci.errors import NotFoundError, UnsupportedError
from infra.oci.packing import Packed, pack
from infra.oci.target import Target, push_bytes
from schemas.types.quarantines import MovedTag, TagsBarred, TagsRestored
from streams.lifecycles.effector import EffectError
from streams.quarantines.state import ASIDE, BarTags, RestoreTags

THEN: Final = "1970-01-01T00:00:00Z"
"""No time of its own: the same quarantine has the same placeholder each time it is made."""
LONGEST_TAG: Final = 128 - len(ASIDE)


def bar_tags(targets: Targets, effect: str, name: str, action: BarTags) -> TagsBarred:
    """Move aside all tags of a repository that mean an artifact; return all that are aside. Raises OciError."""
    target = targets.write(action.repository, action.access)
    placeholder = placeholder_of(name, action.digest, action.reason)
    for tag, meant in sorted(meaning(target, action.digest).items()):
        if not tag.startswith(ASIDE):
            _move(target, meant, tag, placeholder)
    aside = [tag.removeprefix(ASIDE) for tag in meaning(target, action.digest) if tag.startswith(ASIDE)]
    moved = tuple(_moved(target, tag, placeholder) for tag in sorted(aside))
    return TagsBarred(effect=effect, repository=action.repository, tags=moved)


def meaning(target: Target, digest: str) -> dict[str, Descriptor]:
    """Return the tags that mean a digest; none if there is no such repository."""
    found: dict[str, Descriptor] = {}
    lock = threading.Lock()

    def look(tag: str) -> None:
        meant = digest_at(target, tag)
        if meant is not None and meant.digest == digest:
            with lock:
                found[tag] = meant

    try:
        each(look, target.tags(), LOOKING)
    except NotFoundError:
        return {}
    return found


def placeholder_of(name: str, digest: str, reason: str) -> Packed:
    """Return the manifest that stands for what is barred, and says why: always the same for a quarantine."""
    notes = {DIGEST: digest, REASON: reason, QUARANTINE: name}
    return pack([], artifact_type=PLACEHOLDER_TYPE, annotations=notes, created=THEN)


def _move(target: Target, meant: Descriptor, tag: str, placeholder: Packed) -> None:
    if len(tag) > LONGEST_TAG:
        raise EffectError(f"the tag {tag} is too long to be set aside as {ASIDE}{tag}", permanent=True)
    target.tag(meant, ASIDE + tag)
    try:
        target.untag(tag)
    except NotFoundError:
        pass
    except UnsupportedError:
        for blob, data in placeholder.blobs:
            push_bytes(target, blob, data)
        push_bytes(target, placeholder.descriptor, placeholder.data)
        target.tag(placeholder.descriptor, tag)


def _moved(target: Target, tag: str, placeholder: Packed) -> MovedTag:
    now = digest_at(target, tag)
    stands = now is not None and now.digest == placeholder.descriptor.digest
    return MovedTag(tag=tag, placeholder=placeholder.descriptor.digest if stands else "")


def restore_tags(targets: Targets, effect: str, action: RestoreTags) -> TagsRestored:
    """Put back tags that nobody has moved since; return which. Raises OciError."""
    target = targets.write(action.repository, action.access)
    artifact = digest_at(target, action.digest)
    restored, left = [], []
    for one in action.tags:
        now = digest_at(target, one.tag)
        free = now is None or now.digest in (one.placeholder, action.digest)
        if artifact is None or not free:
            left.append(one.tag)
            continue
        target.tag(artifact, one.tag)
        _remove_aside(target, one.tag, action.digest)
        restored.append(one.tag)
    return TagsRestored(effect=effect, repository=action.repository, restored=tuple(restored), left=tuple(left))


def _remove_aside(target: Target, tag: str, digest: str) -> None:
    aside = digest_at(target, ASIDE + tag)
    if aside is None or aside.digest != digest:
        return
    try:
        target.untag(ASIDE + tag)
    except (NotFoundError, UnsupportedError):
        # A registry that removes no tags keeps it; it is in nobody's way.
        return
