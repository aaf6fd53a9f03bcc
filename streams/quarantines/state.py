"""What a quarantine is: an artifact that nobody is to get by its tags, and what became of them in each repository."""

from typing import Literal

import msgspec

from schemas.types.quarantines import Access, MovedTag

MOST_REPOSITORIES = 64
ASIDE = "quarantined-"
"""What the names of tags begin with that are set aside."""

Step = Literal["todo", "barred", "unbarred", "restore", "restored", "unrestored"]
"""A repository is: to be barred; barred; not to be barred, as it was tried in vain; to get its tags back; as it was
before; not to get them back, as it was tried in vain."""


class BarredRepository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository that the artifact is barred in."""

    repository: str
    step: Step = "todo"
    number: int = 1
    """How often tags were to be moved, or put back."""
    tags: tuple[MovedTag, ...] = ()
    """Those that are aside."""
    left: tuple[str, ...] = ()
    """Those that were not put back, because they mean something else since."""
    error: str = ""


class BarTags(msgspec.Struct, frozen=True):
    """Move all tags aside that mean the artifact."""

    repository: str
    digest: str
    reason: str
    access: tuple[Access, ...]


class RestoreTags(msgspec.Struct, frozen=True):
    """Let tags mean the artifact again that were moved aside, and that nobody has moved since."""

    repository: str
    digest: str
    tags: tuple[MovedTag, ...]
    access: tuple[Access, ...]


class AwaitPlaces(msgspec.Struct, frozen=True):
    """Wait until the artifact tells where it is; there is nothing to do for it."""


class Quarantine(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a quarantine."""

    exists: bool = False
    digest: str = ""
    reason: str = ""
    by: str = ""
    access: tuple[Access, ...] = ()
    everywhere: bool = False
    """Whether it is about all repositories that are known to have the artifact."""
    told: bool = False
    """Whether it has been told which these are."""
    repositories: tuple[BarredRepository, ...] = ()
    releasing: bool = False
    release_reason: str = ""
    released: bool = False

    def repository(self, name: str) -> BarredRepository | None:
        """Return the repository of that name."""
        return next((one for one in self.repositories if one.repository == name), None)

    def in_step(self, *steps: Step) -> tuple[BarredRepository, ...]:
        """Return the repositories in these steps."""
        return tuple(one for one in self.repositories if one.step in steps)

    @property
    def active(self) -> bool:
        """Return whether the artifact is barred, and is to be."""
        return self.exists and not self.releasing

    @property
    def asking(self) -> bool:
        """Return whether it waits to be told where the artifact is."""
        return self.active and self.everywhere and not self.told

    @property
    def fault(self) -> str:
        """Return what was tried in vain."""
        failed = self.in_step("unbarred", "unrestored")
        return f"{failed[0].repository}: {failed[0].error}" if failed else ""


def phase(state: Quarantine) -> str:
    """Return the phase of a quarantine."""
    if not state.exists:
        return "absent"
    if state.released:
        return "released"
    if state.in_step("todo") or state.asking:
        return "barring"
    if state.in_step("restore"):
        return "releasing"
    if state.fault:
        return "failing"
    return "releasing" if state.releasing else "barred"
