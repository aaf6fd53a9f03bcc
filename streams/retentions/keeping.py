"""What of a repository is kept, and what is to go.

What is kept is decided for artifacts with tags; all that they point at, that refers to them or that they refer to is
kept with them, however far. What is left goes if it hangs on an artifact whose tags are not kept.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from schemas.types.retentions import Doomed, HeldManifest, RetentionSpec
from streams.artifacts.durations import duration

OF_SUBJECT: Final = re.compile(r"(sha256|sha512)-([0-9a-f]{64,128})(?:\.[a-z]+)?")
"""Tags that name what their artifact belongs to, as cosign has them and registries without a list of referrers."""
SECOND: Final = 1_000_000_000

Edges = Mapping[str, set[str]]


class Plan:
    """What is kept and what goes."""

    def __init__(self, spec: RetentionSpec, held: Iterable[HeldManifest], now_ns: int) -> None:
        """Decide; `now_ns` is what ages are counted from."""
        self._spec = spec
        self._held = {one.digest: one for one in held}
        self._now_ns = now_ns
        self._near = self._neighbours()
        tagged = [one for one in self._held.values() if own_tags(one)]
        wanted = {one.digest for one in self._wanted(tagged)}
        self.kept = reached(wanted, self._near)
        """Digests of what is kept because of a tag."""
        unwanted = {one.digest for one in tagged} - self.kept
        self.going = reached(unwanted, self._near) - self.kept
        """Digests of what goes."""

    def doomed(self) -> tuple[Doomed, ...]:
        """Return what goes, each before what it points at or refers to."""
        groups = self._groups()
        return tuple(self._doomed(self._held[digest], groups[digest]) for digest in self._ordered())

    def _wanted(self, tagged: list[HeldManifest]) -> Iterator[HeldManifest]:
        spec = self._spec
        # What does not say how old it is counts as new: it is better kept than lost.
        newest = sorted(tagged, key=lambda one: (one.created <= 0, one.created, one.digest), reverse=True)
        yield from newest[: max(spec.newest, 0)]
        for one in tagged:
            young = one.created <= 0 or self._now_ns - one.created < spec.younger_than_seconds * SECOND
            named = any(fnmatchcase(tag, pattern) for tag in own_tags(one) for pattern in spec.keep)
            if one.barred or named or (spec.younger_than_seconds > 0 and young):
                yield one

    def _points_at(self, one: HeldManifest) -> set[str]:
        return {*one.members, one.subject, *subjects_of(one)} & self._held.keys() - {one.digest}

    def _neighbours(self) -> Edges:
        near: dict[str, set[str]] = {digest: set() for digest in self._held}
        for one in self._held.values():
            for other in self._points_at(one):
                near[one.digest].add(other)
                near[other].add(one.digest)
        return near

    def _groups(self) -> dict[str, int]:
        groups: dict[str, int] = {}
        for digest in sorted(self.going):
            if digest not in groups:
                number = len(set(groups.values())) + 1
                groups |= dict.fromkeys(reached({digest}, self._near) & self.going, number)
        return groups

    def _ordered(self) -> list[str]:
        """Return what goes in the order in which it goes; what points at each other in a circle comes as it does."""
        after: list[str] = []
        seen: set[str] = set()
        for first in sorted(self.going):
            stack = [(first, False)]
            while stack:
                digest, done = stack.pop()
                if done:
                    after.append(digest)
                elif digest not in seen:
                    seen.add(digest)
                    below = sorted(self._points_at(self._held[digest]) & self.going)
                    stack += [(digest, True), *((one, False) for one in below)]
        return after[::-1]

    def _doomed(self, one: HeldManifest, group: int) -> Doomed:
        subject = next(iter([one.subject] * (one.subject != "") or subjects_of(one)), "")
        return Doomed(
            digest=one.digest, tags=one.tags, size=one.size, why=self._why(one), referrer_of=subject, group=group
        )

    def _why(self, one: HeldManifest) -> str:
        if not own_tags(one):
            return "it belongs to what goes"
        spec = self._spec
        said = [f"not among the newest {spec.newest}"] * (spec.newest > 0)
        said += [f"older than {duration(spec.younger_than_seconds)}"] * (spec.younger_than_seconds > 0)
        said += ["no tag of it is kept always"] * bool(spec.keep)
        return ", ".join(said)


def own_tags(one: HeldManifest) -> tuple[str, ...]:
    """Return the tags that people gave it, not those that say what it belongs to."""
    return tuple(tag for tag in one.tags if not OF_SUBJECT.fullmatch(tag))


def subjects_of(one: HeldManifest) -> list[str]:
    """Return the digests that tags say it belongs to."""
    found = (OF_SUBJECT.fullmatch(tag) for tag in one.tags)
    return [f"{match[1]}:{match[2]}" for match in found if match]


def reached(begin: set[str], near: Edges) -> set[str]:
    """Return all that can be reached from some digests."""
    found, stack = set(begin), list(begin)
    while stack:
        for other in near[stack.pop()] - found:
            found.add(other)
            stack.append(other)
    return found
