"""What a mirror is: what it is to do, the run that is under way, and each tag with what it means at both ends."""

from typing import Final, Literal

import msgspec

from schemas.types.mirrors import MirrorSpec

MOST_TAGS: Final = 3000
MOST_AT_ONCE: Final = 16

Step = Literal["", "listing", "copying"]
Status = Literal["todo", "same", "copied", "failed", "lost", "remove"]
"""A tag is: to be copied; there already; copied in this run; not copied in this run; lost by the source, and kept; lost
by the source, and to be removed."""


class MirroredTag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag at both ends."""

    tag: str
    digest: str
    """What it is to mean at the destination, as of the last list."""
    origin: str = ""
    """What it means at the source, if that is not the same because only some platforms are wanted."""
    there: str = ""
    """What it means at the destination, as far as it is known."""
    referrers: str = ""
    """Mark of all that refers to it at the source."""
    known: str = ""
    """Mark of what was copied last."""
    status: Status = "todo"
    ours: bool = False
    """Whether the mirror copied it: other tags of the destination are not its own, and stay."""
    error: str = ""


class ListTags(msgspec.Struct, frozen=True):
    """Look which tags there are, and what they mean at both ends."""

    spec: MirrorSpec


class CopyTag(msgspec.Struct, frozen=True):
    """Copy what a tag meant when it was listed, with all that belongs to it, and let it mean that there."""

    tag: str
    digest: str
    origin: str
    referrers: str
    spec: MirrorSpec


class RemoveTag(msgspec.Struct, frozen=True):
    """Remove a tag at the destination, if it still means what was copied."""

    tag: str
    digest: str
    spec: MirrorSpec


class AwaitDue(msgspec.Struct, frozen=True):
    """Wait until it is time for the next run."""


NOTHING: Final = MirrorSpec(source="", destination="")


class Mirror(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a mirror."""

    exists: bool = False
    spec: MirrorSpec = NOTHING
    paused: bool = False
    run: int = 0
    """Number of the last run."""
    step: Step = ""
    tags: tuple[MirroredTag, ...] = ()
    copied: int = 0
    """In this run or the last, as are the others."""
    same: int = 0
    removed: int = 0
    failed: int = 0
    bytes: int = 0
    failures: int = 0
    """Runs in a row that did not succeed."""
    fault: str = ""

    def tag(self, name: str) -> MirroredTag | None:
        """Return the tag of that name."""
        return next((one for one in self.tags if one.tag == name), None)

    def in_status(self, *statuses: Status) -> tuple[MirroredTag, ...]:
        """Return the tags in these statuses."""
        return tuple(one for one in self.tags if one.status in statuses)

    @property
    def drift(self) -> int:
        """Return how many tags mean something else at the destination than at the source."""
        return sum(one.digest != one.there for one in self.tags if one.status not in ("lost", "remove"))


def phase(state: Mirror) -> str:
    """Return the phase of a mirror."""
    if not state.exists:
        return "absent"
    if state.paused:
        return "paused"
    if state.step:
        return state.step
    if state.fault:
        return "failing"
    return "synced" if state.run else "idle"
