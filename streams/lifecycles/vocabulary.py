"""The messages that every lifecycle takes; what each takes beyond them is said beside its decider."""

from typing import Final

from schemas.types.lifecycles import (
    AddFinalizer,
    ChangeLabels,
    Delete,
    EffectFailed,
    EffectProgressed,
    RemoveFinalizer,
    TimerElapsed,
)

EVERY_COMMAND: Final[frozenset[type]] = frozenset({ChangeLabels, AddFinalizer, RemoveFinalizer, Delete})
EVERY_OBSERVATION: Final[frozenset[type]] = frozenset({EffectFailed, EffectProgressed, TimerElapsed})
