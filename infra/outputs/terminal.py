"""Alerts and events as lines for people."""

import re
import time
from typing import Final

from schemas.types.alerts import Alert

COLOURS: Final = {
    "emergency": "1;31",
    "alert": "1;31",
    "critical": "1;31",
    "error": "31",
    "warning": "33",
    "notice": "36",
    "informational": "",
    "debug": "2",
}
SYSCALL: Final = "syscall"
TIME_WIDTH: Final = 23
HEAD: Final = ("TIME", "PRIORITY", "RULE", "WHERE", "OUTPUT")
WIDE_HEAD: Final = ("TIME", "PRIORITY", "RULE", "WHERE", "NODE", "IMAGE", "ID", "OUTPUT")
WIDTHS: Final = {"TIME": TIME_WIDTH, "PRIORITY": 13, "RULE": 34, "WHERE": 20, "NODE": 16, "IMAGE": 34, "ID": 50}

# Control characters, and those that turn the direction of text: what a stranger chose, such as the name of a
# file, must not move the cursor or hide a part of the line.
UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def head(*, wide: bool = False) -> str:
    """Return the line above alerts."""
    names = WIDE_HEAD if wide else HEAD
    return line([(name, WIDTHS.get(name, 0)) for name in names])


def alert_line(alert: Alert, *, wide: bool = False, colour: bool = False) -> str:
    """Return one line for an alert; columns have the same places in every line while their texts fit."""
    cells = {
        "TIME": local_time(alert.time),
        "PRIORITY": alert.priority,
        "RULE": alert.rule,
        "WHERE": where(alert),
        "NODE": alert.node,
        "IMAGE": alert.container_image or "-",
        "ID": alert.id,
        "OUTPUT": alert.output + (f" ({alert.count:,} times)" if alert.count > 1 else ""),
    }
    shown = [(safe(cells[name]), WIDTHS.get(name, 0)) for name in (WIDE_HEAD if wide else HEAD)]
    return _coloured(line(shown), alert.priority) if colour else line(shown)


def where(alert: Alert) -> str:
    """Return the container's name, or the beginning of its id, or `host`; of an audit log what it is of."""
    if alert.source != SYSCALL:
        return alert.node
    return alert.container_name or (alert.container_id[:12] if alert.container_id else "host")


def line(cells: list[tuple[str, int]]) -> str:
    """Return the cells, each with its width, below each other in every line."""
    return "  ".join(text.ljust(width) for text, width in cells).rstrip()


def local_time(time_ns: int) -> str:
    """Return a time in ns since the epoch as date and time of this machine's zone, to the millisecond."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) + f".{rest // 1_000_000:03}"
    except (OverflowError, OSError, ValueError):
        return str(time_ns)


def safe(text: str) -> str:
    """Return the text with everything escaped that could play tricks on a terminal."""
    return UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _coloured(text: str, priority: str) -> str:
    code = COLOURS.get(priority, "")
    start, end = TIME_WIDTH + 2, TIME_WIDTH + 2 + len(priority)
    return f"{text[:start]}\x1b[{code}m{text[start:end]}\x1b[0m{text[end:]}" if code else text
