"""What is printed, whole lines at a time whichever thread prints them."""

import sys
import threading
from typing import Final

_LOCK: Final = threading.Lock()


def say(*parts: object) -> None:
    """Print a line on stdout, at once."""
    line = " ".join(map(str, parts)) + "\n"
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
    line = " ".join(map(str, parts)) + "\n"
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
