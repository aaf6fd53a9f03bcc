"""Verdicts remembered between batches, in bounded memory."""

from collections.abc import Hashable
from typing import Final

GENERATION: Final = 8192


class Remembered:
    """Verdicts by value. The least used half goes when it is full: what was asked for lately stays."""

    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._young: dict[Hashable, bool] = {}
        self._old: dict[Hashable, bool] = {}

    def get(self, key: Hashable) -> bool | None:
        """Return the verdict on a value, None if it is not known (any more)."""
        verdict = self._young.get(key)
        if verdict is None:
            verdict = self._old.get(key)
            if verdict is not None:
                self.put(key, verdict)
        return verdict

    def put(self, key: Hashable, verdict: bool) -> None:
        """Remember a verdict."""
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
        self._young[key] = verdict

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
