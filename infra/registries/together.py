"""Referrers that are pushed at once to a registry that lists them itself, and whether it lists them all in the end.

Some registries keep their list as a file that they read, change and write: of two referrers that come at once, one is
lost. To push them one after the other would cost a trip each; to look once afterwards costs one for all.
"""

import threading
from collections.abc import Callable, Iterator

from infra.oci.descriptors import Descriptor

Push = tuple[Descriptor, bytes]


class Together:
    """What was pushed in one gathering, by subject."""

    def __init__(self) -> None:
        self._subjects: dict[str, Descriptor] = {}
        self._pushed: dict[str, list[Push]] = {}
        self._lock = threading.Lock()

    def note(self, subject: Descriptor, descriptor: Descriptor, data: bytes) -> None:
        """Take note of a referrer that was pushed."""
        with self._lock:
            self._subjects[subject.digest] = subject
            self._pushed.setdefault(subject.digest, []).append((descriptor, data))

    def lost(self, listed: Callable[[Descriptor], Iterator[Descriptor]]) -> Iterator[Push]:
        """Yield what the registry does not list; who was alone was pushed as always."""
        for digest, pushed in self._pushed.items():
            if len(pushed) > 1:
                there = {one.digest for one in listed(self._subjects[digest])}
                yield from (push for push in pushed if push[0].digest not in there)
