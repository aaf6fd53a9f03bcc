"""What was worked out of values, remembered between batches in bounded memory."""

from collections.abc import Hashable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

GENERATION: Final = 8192
MAX_LENGTH: Final = 1024
"""Who remembers keeps to values that are not longer, in characters, so that memory is bounded."""


class Remembered(Generic[T]):
    """Results by value. The least used half goes when it is full: what was asked for lately stays."""

    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._young: dict[Hashable, T] = {}
        self._old: dict[Hashable, T] = {}

    def get(self, key: Hashable) -> T | None:
        """Return what was made of a value, None if it is not known (any more)."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def get_all(self, keys: Sequence[Hashable]) -> list[T | None]:
        """Return what was made of each of several values."""
        young = self._young
        found = [young.get(key) for key in keys]
        if self._old and None in found:
            return [self.get(key) if one is None else one for key, one in zip(keys, found, strict=True)]
        return found

    def put(self, key: Hashable, found: T) -> None:
        """Remember what was made of a value."""
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
        self._young[key] = found

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
