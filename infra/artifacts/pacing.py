"""Counts what is moved, and holds back who moves too much."""

import threading
import time
from collections.abc import Callable

from infra.oci.descriptors import Descriptor
from infra.oci.watching import Watcher

LONGEST_SECONDS = 5.0


class Pace:
    """Lets so many bytes a second through, shared by all who move something for one mirror; 0: all."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.bytes_per_second = 0
        self._clock = clock
        self._sleep = sleep
        self._free_at = 0.0
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Wait until so many bytes more may be moved."""
        if self.bytes_per_second <= 0 or count <= 0:
            return
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now) + count / self.bytes_per_second
            wait = self._free_at - now
        self._sleep(min(wait, LONGEST_SECONDS))


class Counting(Watcher):
    """Counts what is moved and what was there, and tells how far it is."""

    def __init__(self, pace: Pace, progress: Callable[[int, int], None]) -> None:
        self.moved_count = 0
        """Blobs and manifests."""
        self.skipped_count = 0
        self.bytes = 0
        self._all = 0
        self._pace = pace
        self._progress = progress
        self._lock = threading.Lock()

    def begun(self, descriptor: Descriptor) -> None:
        """Note that the content is being moved now."""
        with self._lock:
            self._all += descriptor.size

    def moved(self, descriptor: Descriptor, count: int) -> None:
        """Note that so many more bytes of it are moved, and wait if they are too many."""
        del descriptor
        with self._lock:
            self.bytes += count
            done, all_ = self.bytes, self._all
        self._progress(done, max(all_, done))
        self._pace.take(count)

    def done(self, descriptor: Descriptor) -> None:
        """Note that all of it is moved."""
        del descriptor
        with self._lock:
            self.moved_count += 1

    def existed(self, descriptor: Descriptor) -> None:
        """Note that it was there already."""
        del descriptor
        with self._lock:
            self.skipped_count += 1

    mounted = existed
