"""A bar for each piece of content that is being moved, on a terminal: how far it is, how fast, how long it took.

What is finished scrolls up and stays; what is not is drawn anew below it.
"""

import os
import threading
import time
from typing import Final, TextIO

from infra.cli.artifact.sizes import duration, size
from infra.cli.artifact.status import Words, name_of, short
from infra.oci.descriptors import Descriptor
from infra.oci.watching import Watcher

EVERY: Final = 0.1
"""Seconds between two pictures."""
CELLS: Final = 20
DONE, ERASE, UP = "✓", "\x1b[2K", "\x1b[1A"


class Piece:
    """Content on its way."""

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor
        self.start = time.monotonic()
        self.count = 0
        self.end = 0.0


class Bars(Watcher):
    """Draws bars until it is closed."""

    def __init__(self, words: Words, out: TextIO) -> None:
        self._words = words
        self._out = out
        self._lock = threading.Lock()
        self._pieces: dict[str, Piece] = {}
        self._finished: list[str] = []
        self._drawn = 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_drawing, daemon=True)
        self._thread.start()

    def begun(self, descriptor: Descriptor) -> None:
        """Note that the content is being moved now."""
        with self._lock:
            self._pieces[descriptor.digest] = Piece(descriptor)

    def moved(self, descriptor: Descriptor, count: int) -> None:
        """Note that so many more bytes of it are moved."""
        with self._lock:
            if piece := self._pieces.get(descriptor.digest):
                piece.count += count

    def done(self, descriptor: Descriptor) -> None:
        """Note that all of it is moved."""
        with self._lock:
            piece = self._pieces.pop(descriptor.digest, None) or Piece(descriptor)
        self._finish(self._words.done, descriptor, time.monotonic() - piece.start)

    def existed(self, descriptor: Descriptor) -> None:
        """Note that it was there already."""
        self._finish(self._words.existed, descriptor)

    def mounted(self, descriptor: Descriptor) -> None:
        """Note that the registry took it from another repository of its own."""
        self._finish(self._words.mounted, descriptor)

    def restored(self, descriptor: Descriptor) -> None:
        """Note that it was written under one more name."""
        self._finish(self._words.restored, descriptor)

    def skipped(self, descriptor: Descriptor) -> None:
        """Note that it is left out."""
        self._finish(self._words.skipped, descriptor)

    def close(self) -> None:
        """Draw the last picture."""
        self._closed.set()
        self._thread.join()
        self._draw()

    def _finish(self, word: str, descriptor: Descriptor, seconds: float = 0.0) -> None:
        right = f"{size(descriptor.size)} {100:6.2f}% {duration(seconds):>6}"
        with self._lock:
            self._finished.append(_line(f"{DONE} {word} {_shown(descriptor)}", right))

    def _keep_drawing(self) -> None:
        while not self._closed.wait(EVERY):
            self._draw()

    def _draw(self) -> None:
        with self._lock:
            finished, self._finished = self._finished, []
            live = [_progress(self._words.begun, piece) for piece in self._pieces.values()][: _height() - 1]
            self._out.write((UP + ERASE) * self._drawn + "".join(f"\r{ERASE}{line}\n" for line in (*finished, *live)))
            self._out.flush()
            self._drawn = len(live)


def _progress(word: str, piece: Piece) -> str:
    total = piece.descriptor.size
    share = min(1.0, piece.count / total) if total else 1.0
    seconds = time.monotonic() - piece.start
    full = int(share * CELLS)
    speed = f"{size(int(piece.count / seconds) if seconds > 0 else 0)}/s"
    left = f"⣾ [{'█' * full}{'.' * (CELLS - full)}]({speed:>9}) {word} {_shown(piece.descriptor)}"
    return _line(left, f"{size(piece.count)}/{size(total)} {100 * share:6.2f}% {duration(seconds):>6}")


def _shown(descriptor: Descriptor) -> str:
    return f"{name_of(descriptor)[0]} {short(descriptor)}"


def _line(left: str, right: str) -> str:
    room = _width() - len(right) - 2
    left = left if len(left) <= room else left[: max(0, room - 1)] + "…"
    return f"{left.ljust(max(0, room))} {right}"


def _width() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80


def _height() -> int:
    try:
        return os.get_terminal_size(2).lines or 24
    except OSError:
        return 24
