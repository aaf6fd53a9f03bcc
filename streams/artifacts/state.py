"""What is known of an artifact: where it is, what refers to it, who did what with it last. All of it is bounded."""

from typing import Final

import msgspec

MOST_PLACES: Final = 64
MOST_TAGS: Final = 64
MOST_REFERRERS: Final = 64
MOST_OPEN: Final = 64
MOST_SPOOLS: Final = 64
MOST_ACTS: Final = 16


class TagHere(msgspec.Struct, frozen=True, gc=False):
    """A tag that meant the artifact when it was last heard of."""

    name: str
    at: int
    """When, ns since the epoch: of two artifacts with one tag, the later counts."""


class Place(msgspec.Struct, frozen=True):
    """A repository that has the artifact."""

    registry: str
    repository: str
    tags: tuple[TagHere, ...] = ()

    @property
    def name(self) -> str:
        """Return it as it is written in references."""
        return f"{self.registry}/{self.repository}" if self.repository else self.registry


class Referrer(msgspec.Struct, frozen=True, gc=False):
    """An artifact that refers to this one."""

    digest: str
    artifact_type: str


class Bar(msgspec.Struct, frozen=True, gc=False):
    """A quarantine of the artifact."""

    quarantine: str
    reason: str


class OpenAct(msgspec.Struct, frozen=True, gc=False):
    """An act that began and of whose end nothing was heard."""

    act: str
    verb: str


class DoneAct(msgspec.Struct, frozen=True, gc=False):
    """An act that ended."""

    act: str
    verb: str
    by: str
    where: str
    at: int
    error: str = ""


class SpoolRead(msgspec.Struct, frozen=True, gc=False):
    """How far the records of a spool are known."""

    spool: str
    number: int


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an artifact."""

    known: bool = False
    artifact_type: str = ""
    media_type: str = ""
    size: int = 0
    subject: str = ""
    places: tuple[Place, ...] = ()
    referrers: tuple[Referrer, ...] = ()
    bars: tuple[Bar, ...] = ()
    open: tuple[OpenAct, ...] = ()
    acts: tuple[DoneAct, ...] = ()
    """The last ones, newest first."""
    pulls: int = 0
    """How often it was pulled."""
    spools: tuple[SpoolRead, ...] = ()
    """The one heard of last is the last."""

    def place(self, registry: str, repository: str) -> Place | None:
        """Return the place of that name."""
        return next((one for one in self.places if (one.registry, one.repository) == (registry, repository)), None)

    def read(self, spool: str) -> int:
        """Return the highest number that is known of a spool; 0 if none is."""
        return next((one.number for one in self.spools if one.spool == spool), 0)


def phase(state: Artifact) -> str:
    """Return the phase of an artifact."""
    if not state.known:
        return "unknown"
    if state.bars:
        return "quarantined"
    return "present" if state.places else "nowhere"
