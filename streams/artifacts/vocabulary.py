"""The messages that an artifact takes, and what its acts are called."""

from collections.abc import Mapping
from typing import Final

from schemas.types.artifacts import (
    ActBegan,
    ActFailed,
    ArtifactAttached,
    ArtifactCopied,
    ArtifactDeleted,
    ArtifactPulled,
    ArtifactPushed,
    ArtifactTagged,
    ArtifactUntagged,
    BarArtifact,
    ForgetReferrer,
    NoteReferrer,
    TellAct,
    UnbarArtifact,
)
from streams.lifecycles.vocabulary import EVERY_COMMAND, EVERY_OBSERVATION

Done = (
    ArtifactPushed
    | ArtifactPulled
    | ArtifactAttached
    | ArtifactCopied
    | ArtifactTagged
    | ArtifactUntagged
    | ArtifactDeleted
)
"""That an act succeeded."""
Told = ActBegan | ActFailed | Done
"""What clients tell."""
DONE: Final[Mapping[str, type[Done]]] = {
    "push": ArtifactPushed,
    "pull": ArtifactPulled,
    "attach": ArtifactAttached,
    "copy": ArtifactCopied,
    "tag": ArtifactTagged,
    "untag": ArtifactUntagged,
    "delete": ArtifactDeleted,
}
"""By the verb."""
VERBS: Final[Mapping[type, str]] = {type_: verb for verb, type_ in DONE.items()}

COMMANDS: Final[frozenset[type]] = EVERY_COMMAND.union(
    {
        TellAct,
        NoteReferrer,
        ForgetReferrer,
        BarArtifact,
        UnbarArtifact,
    }
)
OBSERVATIONS: Final[frozenset[type]] = EVERY_OBSERVATION.union({ActBegan, ActFailed, *DONE.values()})
