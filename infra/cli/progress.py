"""Tells people on stderr what is going on."""

import sys


def say(text: str) -> None:
    """Write one line on stderr."""
    print(text, file=sys.stderr, flush=True)
