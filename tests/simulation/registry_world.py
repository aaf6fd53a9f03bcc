"""A model of registries, and of the service that acts in them: what is copied, barred, promoted and removed.

It knows what every tag means and which manifests there are, so it knows what must not be: a tag that means what is not
there, a manifest removed that something needs, a barred artifact that is to be had by its tag.
"""

import hashlib
from random import Random
from typing import Any

from schemas.types.artifacts import ActBegan, ArtifactPulled, ArtifactPushed
from schemas.types.lifecycles import Delete
from schemas.types.mirrors import (
    ChangeMirror,
    CreateMirror,
    MirrorSpec,
    PauseMirror,
    ResumeMirror,
    SyncMirror,
    TagCopied,
    TagFound,
    TagRemoved,
    TagsListed,
)
from schemas.types.promotions import (
    ArtifactPromoted,
    CreatePromotion,
    PromotionSpec,
    Requirement,
    RequirementsChecked,
    RunPromotion,
)
from schemas.types.quarantines import (
    BarredTagSeen,
    CreateQuarantine,
    MovedTag,
    ReleaseQuarantine,
    RetryQuarantine,
    TagsBarred,
    TagsRestored,
)
from schemas.types.retentions import (
    ArtifactsRemoved,
    CreateRetention,
    HeldManifest,
    Removal,
    RepositorySurveyed,
    RetentionSpec,
    RunRetention,
)
from streams.artifacts import ARTIFACTS
from streams.lifecycles.effector import EffectError
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Event
from streams.lifecycles.schedule import Job
from streams.mirrors import MIRRORS
from streams.mirrors.choosing import chosen
from streams.mirrors.state import CopyTag, ListTags, RemoveTag
from streams.promotions import PROMOTIONS
from streams.promotions.state import CheckRequirements, PromoteArtifact, required
from streams.quarantines import QUARANTINES
from streams.quarantines.state import ASIDE, BarTags, RestoreTags
from streams.retentions import RETENTIONS
from streams.retentions.state import RemoveGroup, SurveyRepository

KINDS = (ARTIFACTS, MIRRORS, RETENTIONS, QUARANTINES, PROMOTIONS)
SOURCE, MIRRORED, PROD, SHELF = "a.test/x", "b.test/x", "c.test/x", "d.test/x"
TAGS = ("1.0.0", "1.1.0", "2.0.0", "latest")
NOW = 1_700_000_000 * 1_000_000_000
DAY = 86_400 * 1_000_000_000
ACTS = ("push", "shelve", "attach", "pull", "untag", "registry", "rights", "retag")
WEIGHTS = (30, 20, 10, 10, 5, 1, 3, 6)


class Manifest:
    """What a manifest points at."""

    def __init__(self, members: tuple[str, ...] = (), subject: str = "", created: int = NOW) -> None:
        self.members, self.subject, self.created = members, subject, created


class Repository:
    """Tags and manifests."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.manifests: dict[str, Manifest] = {}

    def put(self, digest: str, manifest: Manifest) -> None:
        self.manifests[digest] = manifest

    def has(self, *digests: str) -> bool:
        return self.manifests.keys() >= set(digests)

    def referrers(self, digest: str) -> list[str]:
        return sorted(one for one, manifest in self.manifests.items() if manifest.subject == digest)

    def below(self, digest: str) -> list[str]:
        """Return a manifest after all that it points at."""
        manifest = self.manifests.get(digest, Manifest())
        return [one for member in manifest.members for one in self.below(member)] + [digest]


class RegistryWorld:
    """The world of artifacts: one service does everything."""

    nodes = ("",)

    def __init__(self) -> None:
        self.repositories = {name: Repository() for name in (SOURCE, MIRRORED, PROD, SHELF)}
        self.states: dict[tuple[str, str], Any] = {}
        self.known: dict[tuple[str, str], Any] = {}
        self._number = 0
        self._acts: list[tuple[str, Event]] = []
        self.removes_tags = True
        self.refuses = False
        self.phases: set[tuple[str, str]] = set()

    # What the service does.

    def perform(self, node: str, job: Job) -> Event:
        del node
        action, effect = job.effect.action, job.effect.id
        if self.refuses:
            raise EffectError("you may not", permanent=True)
        match action:
            case ListTags():
                return self._list(effect, action)
            case CopyTag():
                return self._copy_tag(effect, action)
            case RemoveTag():
                there = self.repositories[action.spec.destination].tags
                if there.get(action.tag) == action.digest:
                    del there[action.tag]
                return TagRemoved(effect=effect, tag=action.tag, digest=action.digest)
            case BarTags():
                return self._bar(effect, action)
            case RestoreTags():
                return self._restore(effect, action)
            case SurveyRepository():
                return self._survey(effect, action)
            case RemoveGroup():
                return self._remove(effect, action)
            case CheckRequirements():
                return self._check(effect, action)
            case PromoteArtifact():
                self._refuse(action.digest)
                moved = self._copy(SOURCE, PROD, action.digest)
                self.repositories[PROD].tags["prod"] = action.digest
                return ArtifactPromoted(effect=effect, digest=action.digest, referrers=(), blobs=moved)
            case _:
                raise AssertionError(f"nobody does {action}")

    def _list(self, effect: str, action: ListTags) -> Event:
        source = self.repositories[action.spec.source]
        there = self.repositories[action.spec.destination].tags
        found = [
            TagFound(
                tag=tag,
                digest=source.tags[tag],
                there=there.get(tag, ""),
                referrers="+".join(source.referrers(source.tags[tag])),
            )
            for tag in chosen(action.spec, source.tags)
        ]
        return TagsListed(effect=effect, tags=tuple(found))

    def _copy_tag(self, effect: str, action: CopyTag) -> Event:
        self._refuse(action.digest)
        if action.digest not in self.repositories[action.spec.source].manifests:
            raise EffectError("it is not there any more", permanent=True)
        moved = self._copy(action.spec.source, action.spec.destination, action.digest)
        self.repositories[action.spec.destination].tags[action.tag] = action.digest
        return TagCopied(
            effect=effect, tag=action.tag, digest=action.digest, referrers=action.referrers, blobs=moved, bytes=moved
        )

    def _refuse(self, digest: str) -> None:
        artifact = self.known.get(("artifact", digest))
        if artifact is not None and artifact.bars:
            raise EffectError("it is quarantined", permanent=True)

    def _copy(self, source: str, destination: str, digest: str) -> int:
        here, there = self.repositories[source], self.repositories[destination]
        if digest not in here.manifests:
            raise EffectError("it is not there", permanent=True)
        moved = 0
        for root in (digest, *here.referrers(digest)):
            for one in here.below(root):
                if one not in there.manifests:
                    there.put(one, here.manifests[one])
                    moved += 1
        return moved

    def _bar(self, effect: str, action: BarTags) -> Event:
        repository = self.repositories.get(action.repository)
        if repository is None:
            return TagsBarred(effect=effect, repository=action.repository)
        placeholder = digest_of(f"placeholder {action.digest}")
        for tag in [tag for tag, meant in repository.tags.items() if meant == action.digest]:
            if tag.startswith(ASIDE):
                continue
            repository.tags[ASIDE + tag] = action.digest
            if self.removes_tags:
                del repository.tags[tag]
            else:
                repository.put(placeholder, Manifest())
                repository.tags[tag] = placeholder
        aside = [
            tag.removeprefix(ASIDE)
            for tag, meant in sorted(repository.tags.items())
            if tag.startswith(ASIDE) and meant == action.digest
        ]
        moved = tuple(
            MovedTag(tag=tag, placeholder=placeholder if repository.tags.get(tag) == placeholder else "")
            for tag in aside
        )
        return TagsBarred(effect=effect, repository=action.repository, tags=moved)

    def _restore(self, effect: str, action: RestoreTags) -> Event:
        repository = self.repositories.get(action.repository, Repository())
        restored, left = [], []
        for one in action.tags:
            now = repository.tags.get(one.tag)
            if action.digest in repository.manifests and now in (None, one.placeholder, action.digest):
                repository.tags[one.tag] = action.digest
                if self.removes_tags:
                    repository.tags.pop(ASIDE + one.tag, None)
                restored.append(one.tag)
            else:
                left.append(one.tag)
        return TagsRestored(effect=effect, repository=action.repository, restored=tuple(restored), left=tuple(left))

    def _survey(self, effect: str, action: SurveyRepository) -> Event:
        repository = self.repositories[action.spec.repository]
        held = [
            HeldManifest(
                digest=digest,
                tags=tuple(sorted(tag for tag, meant in repository.tags.items() if meant == digest)),
                created=one.created,
                size=1,
                subject=one.subject,
                members=one.members,
                barred=bool((state := self.known.get(("artifact", digest))) and state.bars),
            )
            for digest, one in sorted(repository.manifests.items())
        ]
        return RepositorySurveyed(effect=effect, held=tuple(held))

    def _remove(self, effect: str, action: RemoveGroup) -> Event:
        repository = self.repositories[action.spec.repository]
        kept = [
            meant for tag, meant in repository.tags.items() if tag not in action.tags or meant not in action.digests
        ]
        if {one for meant in kept for one in repository.below(meant)} & set(action.digests):
            return ArtifactsRemoved(effect=effect, spared=action.digests)
        for digest in action.digests:
            repository.manifests.pop(digest, None)
            repository.tags = {tag: meant for tag, meant in repository.tags.items() if meant != digest}
        return ArtifactsRemoved(effect=effect, removed=tuple(Removal(digest=one) for one in action.digests))

    def _check(self, effect: str, action: CheckRequirements) -> Event:
        source = self.repositories[SOURCE]
        digest = source.tags.get("latest")
        if digest is None:
            raise EffectError("there is no such tag", permanent=True)
        state = self.known.get(("artifact", digest))
        met = {"not-quarantined": not (state and state.bars), "sbom": bool(source.referrers(digest))}
        found = tuple(Requirement(requirement=name, met=met.get(name, False)) for name in required(action.spec))
        return RequirementsChecked(effect=effect, digest=digest, requirements=found)

    def observe(self, node: str) -> list[tuple[str, str, Event]]:
        """Tell what clients did, and which tags mean barred artifacts anew."""
        del node
        told: list[tuple[str, str, Event]] = [("artifact", name, event) for name, event in self._acts]
        self._acts = []
        for (kind, name), state in self.known.items():
            if kind != "quarantine" or not state.active:
                continue
            for one in state.in_step("barred"):
                for tag, meant in self.repositories.get(one.repository, Repository()).tags.items():
                    if meant == state.digest and not tag.startswith(ASIDE):
                        told.append((kind, name, BarredTagSeen(repository=one.repository, tag=tag)))
        return told

    def believe(self, node: str, kind: str, name: str, state: Any) -> None:
        del node
        self.known[kind, name] = state

    # What people ask for, and what clients do.

    def command(self, random: Random) -> tuple[str, str, Event]:
        digests = sorted(self.repositories[SOURCE].manifests) or [digest_of("none")]
        spec = MirrorSpec(
            source=SOURCE,
            destination=MIRRORED,
            semver=random.choice(("", "^1")),
            every_seconds=random.choice((0, 600)),
            prune=random.random() < 0.5,
            concurrency=random.choice((1, 4)),
        )
        keep = RetentionSpec(repository=SHELF, newest=random.choice((1, 3)), keep=("1.0*",), every_seconds=600)
        promotion = PromotionSpec(source=f"{SOURCE}:latest", destination=f"{PROD}:prod", sbom=random.random() < 0.5)
        bar = CreateQuarantine(
            digest=random.choice(digests), repositories=random.choice(((), (SOURCE, MIRRORED))), reason="bad"
        )
        choices: list[tuple[str, str, Event]] = [
            ("mirror", "m", CreateMirror(spec=spec)),
            ("mirror", "m", ChangeMirror(spec=spec)),
            ("mirror", "m", SyncMirror()),
            ("mirror", "m", PauseMirror()),
            ("mirror", "m", ResumeMirror()),
            ("retention", "r", CreateRetention(spec=keep)),
            ("retention", "r", RunRetention(dry_run=random.random() < 0.2)),
            ("promotion", "p", CreatePromotion(spec=promotion)),
            ("promotion", "p", RunPromotion()),
            ("quarantine", random.choice(("q1", "q2")), bar),
            ("quarantine", random.choice(("q1", "q2")), ReleaseQuarantine(reason="mended")),
            ("quarantine", random.choice(("q1", "q2")), RetryQuarantine()),
            ("quarantine", random.choice(("q1", "q2")), Delete()),
        ]
        if random.random() < 0.03:
            choices = [(kind, name, Delete()) for kind, name in (("mirror", "m"), ("retention", "r"))]
        return random.choice(choices)

    def suffer(self, random: Random) -> str:
        what = random.choices(ACTS, WEIGHTS)[0]
        self._number += 1
        source, shelf = self.repositories[SOURCE], self.repositories[SHELF]
        match what:
            case "push":
                return self._pushed(random, SOURCE)
            case "shelve":
                return self._pushed(random, SHELF)
            case "attach" if source.tags:
                subject = random.choice(sorted(source.tags.values()))
                repository = random.choice((source, shelf))
                digest = digest_of(f"sbom {self._number}")
                repository.put(digest, Manifest(subject=subject))
                return f"{digest[:14]} is attached to {subject[:14]}"
            case "pull" if source.tags:
                tag = random.choice(sorted(source.tags))
                if random.random() < 0.3:  # by a client that is killed
                    self._tell(source.tags[tag], ActBegan, "pull", SOURCE, tag)
                else:
                    self._tell(source.tags[tag], ArtifactPulled, "", SOURCE, tag)
                return f"{tag} is pulled"
            case "untag" if source.tags:
                gone = random.choice(sorted(source.tags))
                del source.tags[gone]
                return f"{gone} is removed from the source"
            case "registry":
                self.removes_tags = not self.removes_tags
                return f"registries remove tags: {self.removes_tags}"
            case "retag":
                return self._retagged(random)
            case "rights":
                self.refuses = not self.refuses and random.random() < 0.3
                return f"registries refuse everything: {self.refuses}"
            case _:
                return "nothing happens"

    def _pushed(self, random: Random, name: str) -> str:
        repository, tag = self.repositories[name], random.choice(TAGS)
        digest = digest_of(f"{self._number}")
        # What lost its last tag may have lost what it points at, too: registries refuse to point at it.
        whole = [one for one in sorted(repository.manifests) if repository.has(*repository.below(one))]
        members = tuple(random.sample(whole, min(random.choice((0, 0, 2)), len(whole))))
        if random.random() < 0.2 and whole:
            digest = random.choice(whole)  # what is there gets a tag
        else:
            repository.put(digest, Manifest(members, created=NOW - random.randrange(90) * DAY))
        repository.tags[tag] = digest
        self._tell(digest, ArtifactPushed, "", name, tag)
        return f"{tag} of {name} means {digest[:14]} now"

    def _retagged(self, random: Random) -> str:
        """Let somebody tag what is barred; half of the time nobody tells."""
        barred = [state for (kind, _), state in sorted(self.states.items()) if kind == "quarantine" and state.exists]
        places = [(one.digest, name) for one in barred for name in (SOURCE, MIRRORED)]
        there = [(digest, name) for digest, name in places if digest in self.repositories[name].manifests]
        if not there:
            return "nothing is barred"
        (digest, name), tag = random.choice(there), random.choice(TAGS)
        self.repositories[name].tags[tag] = digest
        if random.random() < 0.5:
            self._tell(digest, ArtifactPushed, "", name, tag)
        return f"{tag} of {name} means {digest[:14]} anew, which is barred"

    def _tell(self, digest: str, type_: Any, verb: str, place: str, tag: str) -> None:
        registry, _, repository = place.partition("/")
        said = {"verb": verb} if verb else {}
        event = type_(
            act=f"act-{self._number}",
            by="ann@web",
            registry=registry,
            repository=repository,
            tag=tag,
            spool="s",
            number=self._number,
            at=NOW + self._number,
            **said,
        )
        self._acts.append((digest, event))

    # What must hold.

    def follow(self, kind: str, name: str, state: Any) -> None:
        self.states[kind, name] = state
        self.phases.update((kind, one.phase(state)) for one in KINDS if one.kind == kind)

    def check(self, entities: dict[tuple[str, str], Entity[Any]]) -> None:
        del entities
        for name, repository in self.repositories.items():
            for tag, digest in repository.tags.items():
                assert digest in repository.manifests, f"{name}:{tag} means {digest}, which is not there"
                for one in _needed(repository, digest):
                    assert one in repository.manifests, f"{name}:{tag} needs {one}, which is not there"

    def check_at_rest(self, entities: dict[tuple[str, str], Entity[Any]]) -> None:
        for (kind, name), entity in entities.items():
            state = entity.state
            if kind == "quarantine" and QUARANTINES.phase(state) == "barred":
                for one in state.repositories:
                    repository = self.repositories.get(one.repository, Repository())
                    had = [tag for tag, meant in repository.tags.items() if meant == state.digest]
                    assert all(tag.startswith(ASIDE) for tag in had), f"{name}: {had} mean what is barred"
                assert any(bar.quarantine == name for bar in self.states["artifact", state.digest].bars)
            if kind == "mirror" and MIRRORS.phase(state) == "synced":
                for one in state.in_status("copied", "same"):
                    assert one.digest == one.there
            if kind == "retention" and RETENTIONS.phase(state) == "done" and not state.dry_run:
                assert not state.in_status("todo")


def _needed(repository: Repository, digest: str) -> list[str]:
    return [one for member in repository.manifests[digest].members for one in (member, *_members(repository, member))]


def _members(repository: Repository, digest: str) -> list[str]:
    return _needed(repository, digest) if digest in repository.manifests else []


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
