"""What is printed, whole lines at a time whichever thread prints them."""

import re
import sys
import threading
from typing import Final

_LOCK: Final = threading.Lock()
UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What terminals obey, what turns the direction of writing, and what is no character: it may come from strangers."""
BREAKS: Final = re.compile(r"[\t\n]")


def visible(text: str) -> str:
    """Return a text in which all that a terminal would obey, except for ends of lines, is written out."""
    return UNSEEN.sub(_written_out, text)


def on_one_line(text: str) -> str:
    """Return the same for a name, in which ends of lines are written out too."""
    return BREAKS.sub(_written_out, visible(text))


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode-escape").decode()


def say(*parts: object) -> None:
    """Print a line on stdout, at once."""
    line = visible(" ".join(map(str, parts))) + "\n"
    with _LOCK:
        sys.stdout.write(line)
        sys.stdout.flush()


def put(data: bytes) -> None:
    """Write bytes on stdout as they are."""
    with _LOCK:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def tell(*parts: object) -> None:
    """Print a line on stderr: it is for people only."""
    line = visible(" ".join(map(str, parts))) + "\n"
    with _LOCK:
        sys.stderr.write(line)
        sys.stderr.flush()


def ask(prompt: str) -> str:
    """Ask on stdout, and return the line that is answered, without its end."""
    with _LOCK:
        sys.stdout.write(prompt)
        sys.stdout.flush()
    return sys.stdin.readline().rstrip("\r\n")


def confirmed(prompt: str) -> bool:
    """Ask whether something is to be done; anything but yes means no."""
    if ask(f"{prompt} [y/N] ").lower() in ("y", "yes"):
        return True
    say("Operation cancelled.")
    return False
