"""What a repository holds, and how what is to go is removed from it."""

import threading
from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from infra.artifacts.mirroring import LOOKING, digest_at
from infra.artifacts.targets import Targets
from infra.oci.crew import each
from infra.oci.descriptors import Descriptor
from infra.oci.errors import NotFoundError, OciError
from infra.oci.manifests import Manifest, is_manifest, parse_manifest
from infra.oci.media_types import CREATED, DOCKER_CONFIG, IMAGE_CONFIG, INDEXES
from infra.oci.target import ReadOnlyTarget, read_all
from schemas.types.retentions import ArtifactsRemoved, HeldManifest, Removal
from streams.lifecycles.effector import EffectError
from streams.retentions.state import MOST_HELD, RemoveGroup, SurveyRepository

MOST_CONFIG_BYTES: Final = 1 << 20


def survey(
    action: SurveyRepository, barred: Collection[str], targets: Targets | None = None
) -> tuple[HeldManifest, ...]:
    """Return all manifests of a repository that can be found from its tags. Raises OciError, EffectError."""
    target = (targets or Targets()).read(action.spec.repository, action.spec.access)
    found = Survey(target)
    found.run()
    return tuple(found.held(digest, barred) for digest in sorted(found.manifests))


class Survey:
    """Looks from tags to manifests, to what they point at, and to what refers to them."""

    def __init__(self, target: ReadOnlyTarget) -> None:
        self._target = target
        self._tags: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self.manifests: dict[str, tuple[Descriptor, Manifest]] = {}
        self._created: dict[str, int] = {}

    def run(self) -> None:
        """Look at everything. Raises OciError, EffectError if there is too much."""
        roots: dict[str, Descriptor] = {}

        def look(tag: str) -> None:
            if meant := digest_at(self._target, tag):
                with self._lock:
                    roots[meant.digest] = meant
                    self._tags.setdefault(meant.digest, []).append(tag)

        each(look, self._target.tags(), LOOKING)
        each(self._look, self._new(list(roots.values())), LOOKING)

    def held(self, digest: str, barred: Collection[str]) -> HeldManifest:
        """Return what was found of a manifest."""
        descriptor, manifest = self.manifests[digest]
        blobs = [*([manifest.config] if manifest.config else []), *(manifest.layers or ()), *(manifest.blobs or ())]
        return HeldManifest(
            digest=digest,
            tags=tuple(sorted(self._tags.get(digest, ()))),
            created=self._created.get(digest, 0),
            size=descriptor.size + sum(blob.size for blob in blobs),
            subject=manifest.subject.digest if manifest.subject else "",
            members=tuple(one.digest for one in manifest.manifests or ()),
            barred=digest in barred,
        )

    def _new(self, descriptors: list[Descriptor]) -> list[Descriptor]:
        with self._lock:
            new = [one for one in descriptors if one.digest not in self._asked]
            self._asked.update(one.digest for one in new)
            if len(self._asked) > MOST_HELD:
                what = f"there are more than {MOST_HELD:,} manifests, which is what a retention takes"
                raise EffectError(what, permanent=True)
        return new

    def _look(self, descriptor: Descriptor) -> list[Descriptor]:
        if not is_manifest(descriptor):
            return []
        try:
            manifest = parse_manifest(read_all(self._target, descriptor), descriptor.media_type)
        except NotFoundError:
            return []  # an index may name what the registry does not have
        created = self._when(manifest)
        with self._lock:
            self.manifests[descriptor.digest] = (descriptor, manifest)
            self._created[descriptor.digest] = created
        return self._new([*(manifest.manifests or ()), *self._target.referrers(descriptor)])

    def _when(self, manifest: Manifest) -> int:
        if said := (manifest.annotations or {}).get(CREATED):
            return nanoseconds(said)
        config = manifest.config
        if config is None or config.media_type not in (IMAGE_CONFIG, DOCKER_CONFIG):
            return 0
        try:
            said = msgspec.json.decode(read_all(self._target, config, MOST_CONFIG_BYTES), type=_Config).created
        except (OciError, msgspec.DecodeError):
            return 0  # not known counts as new, and is kept
        return nanoseconds(said)


class _Config(msgspec.Struct):
    created: str = ""


def nanoseconds(text: str) -> int:
    """Return an RFC 3339 time in ns since the epoch; 0 if it is none, or before."""
    try:
        then = datetime.fromisoformat(text)
        return max(int(then.timestamp()) * 1_000_000_000, 0) if then.tzinfo else 0
    except (ValueError, OverflowError):
        return 0


def remove_group(targets: Targets, effect: str, action: RemoveGroup, barred: Collection[str]) -> ArtifactsRemoved:
    """Remove manifests that hang together; none of them if one got a tag since, or is barred. Raises OciError."""
    target = targets.write(action.spec.repository, action.spec.access)
    if (_needed_now(target, action) | set(barred)) & set(action.digests):
        return ArtifactsRemoved(effect=effect, spared=action.digests)
    for digest in action.digests:
        found = digest_at(target, digest)
        if found is None:
            continue  # it went in an attempt before
        try:
            target.delete(found)
        except NotFoundError:
            continue
    return ArtifactsRemoved(effect=effect, removed=tuple(Removal(digest=one) for one in action.digests))


def _needed_now(target: ReadOnlyTarget, action: RemoveGroup) -> set[str]:
    """Return the digests that tags mean and indexes point at, but for the tags that are to go with what they mean."""
    found: set[str] = set()
    lock = threading.Lock()

    def look(tag: str) -> list[str]:
        meant = digest_at(target, tag)
        if meant is None or (meant.digest in action.digests and tag in action.tags):
            return []
        below = _below(target, meant)
        with lock:
            found.update(below)
        return []

    try:
        each(look, target.tags(), LOOKING)
    except NotFoundError:
        return set()
    return found


def _below(target: ReadOnlyTarget, root: Descriptor) -> set[str]:
    """Return a manifest and all that it, as an index, points at."""
    found, stack = {root.digest}, [root]
    while stack:
        one = stack.pop()
        if one.media_type in INDEXES:
            try:
                members = parse_manifest(read_all(target, one), one.media_type).manifests or ()
            except NotFoundError:
                continue
            stack += [member for member in members if member.digest not in found]
            found.update(member.digest for member in members)
    return found
