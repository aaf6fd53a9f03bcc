"""A few threads that work through items, which may bring up more items."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SMALL_AT_ONCE: Final = 4
"""How many small things are moved in the place of a large one: they are mostly trips to a registry and back."""
SMALL: Final = 128 << 10
"""Bytes."""

Work = Callable[[T], Iterable[T] | None]


class Crew(Generic[T]):
    """Works through items, several at once; the first error ends it all."""

    def __init__(self, work: Work[T], concurrency: int) -> None:
        self._work = work
        self._concurrency = max(1, concurrency)
        self._waiting: deque[T] = deque()
        self._busy = 0
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def run(self, items: Iterable[T]) -> None:
        """Work through the items and all that they bring up. Raises the first error, when nobody works any more.

        Who is interrupted waits for nobody: what is being moved may take as long as it likes, and the process ends.
        """
        self._waiting.extend(items)
        hands = min(self._concurrency, max(len(self._waiting), 1))
        # Who brings up items may need more hands than there are items now.
        count = self._concurrency if self._waiting else 0
        others = [threading.Thread(target=self._labour, daemon=True) for _ in range(max(count, hands) - 1)]
        for thread in others:
            thread.start()
        try:
            self._labour()
        except BaseException as error:  # an interrupt, in the thread that was called
            self._fail(error)
            raise
        for thread in others:
            thread.join()
        if self._error:
            raise self._error

    def _labour(self) -> None:
        while (item := self._take()) is not None:
            try:
                self._put(self._work(item[0]) or ())
            except Exception as error:
                self._fail(error)

    def _take(self) -> tuple[T] | None:
        with self._changed:
            while not self._waiting and self._busy and not self._error:
                self._changed.wait()
            if self._error or not self._waiting:
                return None
            self._busy += 1
            return (self._waiting.popleft(),)

    def _put(self, items: Iterable[T]) -> None:
        more = tuple(items)
        with self._changed:
            self._waiting.extend(more)
            self._busy -= 1
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._busy = max(0, self._busy - 1)
            self._waiting.clear()
            self._changed.notify_all()


def each(work: Work[T], items: Iterable[T], concurrency: int) -> None:
    """Work through items, several at once. Raises the first error."""
    Crew(work, concurrency).run(items)


def each_by_size(work: Work[T], items: Iterable[T], size: Callable[[T], int], concurrency: int) -> None:
    """Work through the small items, more at once than the large ones that follow. Raises the first error."""
    found = list(items)
    each(work, [item for item in found if size(item) <= SMALL], concurrency * SMALL_AT_ONCE)
    each(work, [item for item in found if size(item) > SMALL], concurrency)
