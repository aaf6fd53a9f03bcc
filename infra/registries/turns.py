"""One after the other, for each name: others with other names need not wait."""

import threading


class Turns:
    """Locks by name."""

    def __init__(self) -> None:
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, name: str) -> threading.Lock:
        """Return the lock of a name."""
        with self._lock:
            return self._turns.setdefault(name, threading.Lock())
