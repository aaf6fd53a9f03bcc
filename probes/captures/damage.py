"""Where a capture stops making sense, as a value: what came before is good."""

import msgspec


class Damage(msgspec.Struct, frozen=True):
    """The end of what can be read: `byte` counts from 0 in the unpacked capture."""

    byte: int
    reason: str

    def __str__(self) -> str:
        return f"it ends at byte {self.byte:,}: {self.reason}"


class BrokenError(Exception):
    """Raised inside the reader where bytes mean nothing; becomes a Damage."""
