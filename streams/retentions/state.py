"""What a retention is: what is kept of a repository, and what is to go in the run that is under way."""

from typing import Final, Literal

import msgspec

from schemas.types.retentions import RetentionSpec

MOST_HELD: Final = 4000
"""Manifests of a repository that can be surveyed."""
AT_ONCE: Final = 4
NOTHING: Final = RetentionSpec(repository="")

Step = Literal["", "surveying", "removing"]
Status = Literal["todo", "removed", "spared", "failed"]


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest that is to go, or went."""

    digest: str
    tags: tuple[str, ...] = ()
    size: int = 0
    why: str = ""
    referrer_of: str = ""
    group: int = 0
    status: Status = "todo"


class SurveyRepository(msgspec.Struct, frozen=True):
    """Look what the repository holds."""

    spec: RetentionSpec


class RemoveGroup(msgspec.Struct, frozen=True):
    """Remove manifests that hang together, in their order; none of them if one got a tag since."""

    digests: tuple[str, ...]
    tags: tuple[str, ...]
    """All that may mean one of them."""
    spec: RetentionSpec


class AwaitDue(msgspec.Struct, frozen=True):
    """Wait until it is time for the next run."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a retention."""

    exists: bool = False
    spec: RetentionSpec = NOTHING
    run: int = 0
    step: Step = ""
    dry_run: bool = False
    """Whether this run, or the last one, only says what would go."""
    kept: int = 0
    going: tuple[Going, ...] = ()
    """What is to go in this run, or went in the last."""
    failures: int = 0
    """Runs in a row that did not succeed."""
    fault: str = ""

    def in_status(self, *statuses: Status) -> tuple[Going, ...]:
        """Return what is to go in these statuses."""
        return tuple(one for one in self.going if one.status in statuses)

    def group(self, number: int) -> tuple[Going, ...]:
        """Return what hangs together and is still to go."""
        return tuple(one for one in self.going if one.group == number and one.status == "todo")


def phase(state: Retention) -> str:
    """Return the phase of a retention."""
    if not state.exists:
        return "absent"
    if state.step:
        return state.step
    if state.fault:
        return "failing"
    return "done" if state.run else "idle"
