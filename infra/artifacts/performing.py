"""Does what mirrors, retentions, quarantines and promotions let be done, and sees what becomes of what is barred."""

import threading
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any, Final

from infra.artifacts.barring import bar_tags, meaning, restore_tags
from infra.artifacts.mirroring import copy_tag, list_tags, remove_tag
from infra.artifacts.pacing import Counting, Pace
from infra.artifacts.promoting import check_requirements, promote
from infra.artifacts.scrubbing import scrubbed
from infra.artifacts.surveying import remove_group, survey
from infra.artifacts.targets import Targets
from infra.oci.errors import InvalidReferenceError, OciError, UnsupportedError
from infra.registries.errors import DeniedError, UnauthorizedError
from schemas.types.quarantines import BarredTagSeen
from schemas.types.retentions import RepositorySurveyed
from streams.artifacts import ARTIFACTS
from streams.lifecycles.effector import EffectError, Progress
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Effect, Event, Lifecycle
from streams.lifecycles.schedule import Job
from streams.mirrors import MIRRORS
from streams.mirrors.state import CopyTag, ListTags, RemoveTag
from streams.promotions import PROMOTIONS
from streams.promotions.state import CheckRequirements, PromoteArtifact
from streams.quarantines import QUARANTINES
from streams.quarantines.state import ASIDE, BarTags, Quarantine, RestoreTags
from streams.retentions import RETENTIONS
from streams.retentions.state import RemoveGroup, SurveyRepository

FOLLOWED: Final[tuple[Lifecycle[Any], ...]] = (ARTIFACTS, MIRRORS, RETENTIONS, QUARANTINES, PROMOTIONS)
ACTIONS: Final = (
    ListTags,
    CopyTag,
    RemoveTag,
    BarTags,
    RestoreTags,
    SurveyRepository,
    RemoveGroup,
    CheckRequirements,
    PromoteArtifact,
)
LIMITS: Final[Mapping[type, int]] = {
    ListTags: 2,
    CopyTag: 8,
    RemoveTag: 4,
    BarTags: 4,
    RestoreTags: 4,
    SurveyRepository: 2,
    RemoveGroup: 2,
    CheckRequirements: 4,
    PromoteArtifact: 4,
}
"""How many of each kind at once: none is to keep all threads from the others."""
LOOK_SECONDS: Final = 60.0
HOPELESS: Final = (InvalidReferenceError, UnsupportedError, UnauthorizedError, DeniedError, ValueError)
"""What does not get better by trying again."""


def mine(effect: Effect) -> bool:
    """Say whether an effect is one for the artifacts service."""
    return effect.node == "" and isinstance(effect.action, ACTIONS)


def lane(name: str, effect: Effect) -> str:
    """Return what is done one after the other: nothing; the deciders say how much of it may be at once."""
    return f"{type(effect.action).__name__}/{name}/{effect.id}"


class ArtifactEngines:
    """Acts in registries and image layouts."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._bars: dict[str, str] = {}
        self._paces: dict[str, Pace] = {}
        self._quarantines: dict[str, Quarantine] = {}
        self._known: dict[str, set[str]] = {lifecycle.kind: set() for lifecycle in FOLLOWED}
        self._busy = 0
        self._seen: SimpleQueue[tuple[str, BarredTagSeen]] = SimpleQueue()
        self._lock = threading.Lock()

    def changed(self, lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> None:
        """Take note of what is barred, and by what."""
        there = lifecycle.phases[lifecycle.phase(entity.state)].kind != "absent"
        with self._lock:
            (self._known[lifecycle.kind].add if there else self._known[lifecycle.kind].discard)(name)
            if lifecycle is ARTIFACTS:
                _keep(self._bars, name, entity.state.bars[-1].quarantine if entity.state.bars else None)
            elif lifecycle is QUARANTINES:
                _keep(self._quarantines, name, entity.state if entity.state.active else None)

    def perform(self, job: Job, progress: Progress) -> Event:
        """Do what an effect asks. Raises EffectError."""
        self._count(1)
        try:
            return self._perform(job, progress)
        except HOPELESS as error:
            if isinstance(error, UnauthorizedError):
                self._targets.forget()
            raise EffectError(said(error), permanent=True) from error
        except (OciError, OSError) as error:
            raise EffectError(said(error)) from error
        finally:
            self._count(-1)

    def status(self) -> str:
        """Return the line that `deedlog status` shows."""
        with self._lock:
            counts = {kind: len(names) for kind, names in self._known.items()}
            busy = self._busy
        told = [f"{count:,} {kind}{'s' * (count != 1)}" for kind, count in counts.items()]
        return ", ".join([*told, f"{busy} things under way"])

    def _count(self, change: int) -> None:
        with self._lock:
            self._busy += change

    def compare(self) -> list[tuple[Lifecycle[Any], str, Event]]:
        """Return tags that mean barred artifacts anew."""
        found: list[tuple[Lifecycle[Any], str, Event]] = []
        while True:
            try:
                name, event = self._seen.get_nowait()
            except Empty:
                return found
            found.append((QUARANTINES, name, event))

    def watch(self, stop: threading.Event) -> None:
        """Look again and again for tags that mean barred artifacts anew, until `stop` is set."""
        while not stop.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Look once for tags that mean barred artifacts anew."""
        with self._lock:
            barred = dict(self._quarantines)
        for name, state in barred.items():
            for one in state.in_step("barred"):
                try:
                    tags = meaning(self._targets.write(one.repository, state.access), state.digest)
                except (OciError, OSError):
                    continue  # it is looked again soon, and nothing is known now
                for tag in sorted(tag for tag in tags if not tag.startswith(ASIDE)):
                    self._seen.put((name, BarredTagSeen(repository=one.repository, tag=tag)))

    def _perform(self, job: Job, progress: Progress) -> Event:
        effect, action, targets = job.effect.id, job.effect.action, self._targets
        match action:
            case ListTags():
                return list_tags(targets, effect, action)
            case CopyTag():
                self._refuse_barred(action.digest)
                pace = self._pace(job.name, action.spec.bytes_per_second)
                return copy_tag(targets, effect, action, Counting(pace, progress))
            case RemoveTag():
                return remove_tag(targets, effect, action)
            case BarTags():
                return bar_tags(targets, effect, job.name, action)
            case RestoreTags():
                return restore_tags(targets, effect, action)
            case SurveyRepository():
                return RepositorySurveyed(effect=effect, held=survey(action, self._barred(), targets))
            case RemoveGroup():
                return remove_group(targets, effect, action, self._barred())
            case CheckRequirements():
                return check_requirements(targets, effect, action, self._barred())
            case PromoteArtifact():
                self._refuse_barred(action.digest)
                return promote(targets, effect, action, Counting(Pace(), progress))
            case _:
                raise EffectError(f"nobody does {type(action).__name__}", permanent=True)

    def _barred(self) -> dict[str, str]:
        with self._lock:
            return dict(self._bars)

    def _refuse_barred(self, digest: str) -> None:
        if bar := self._barred().get(digest):
            raise EffectError(f"{digest} is quarantined by {bar}", permanent=True)

    def _pace(self, name: str, bytes_per_second: int) -> Pace:
        with self._lock:
            pace = self._paces.setdefault(name, Pace())
            pace.bytes_per_second = bytes_per_second
            return pace


def _keep(known: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        known.pop(name, None)
    else:
        known[name] = value


def said(error: Exception) -> str:
    """Return an error with what to do about it, without secrets."""
    fix = getattr(error, "fix", "")
    return scrubbed(f"{error}{f' (try: {fix})' if fix else ''}")
