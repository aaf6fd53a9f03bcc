"""What an event or a command says, in one line for people."""

import re
import time
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from schemas.types.lifecycles import (
    CommandRejected,
    CommandUnchanged,
    EffectFailed,
    EffectGivenUp,
    EffectProgressed,
    EffectRetried,
    LabelsChanged,
)
from streams.lifecycles.sizes import size

BYTES: Final = frozenset({"size", "free"})
TIMES: Final = frozenset({"at", "written_ns", "time", "retry_at"})
PLUMBING: Final = frozenset({"effect"})
ACT_PLUMBING: Final = frozenset({"act", "at", "by", "client", "media_type", "node", "number", "size", "spool"})
"""Of acts that clients tell of: who and when stand beside it, the rest is for programs."""


def sentence(event: msgspec.Struct) -> str:
    """Return the name of an event or a command as words, and what it says."""
    return ": ".join(text for text in (words(type(event).__name__), detail(event)) if text)


def detail(event: msgspec.Struct, *, brief: bool = False) -> str:
    """Return what an event or a command says beyond its name, without line breaks of its own making.

    If brief, the effect that an observation answers is left out, of addresses all but the export, and of acts all but
    what was done where.
    """
    match event:
        case CommandRejected():
            way_out = f"; try: {event.fix}" if event.fix else ""
            return f"{words(event.command)}: {event.reason} ({event.code}){way_out}"
        case CommandUnchanged():
            return f"{words(event.command)}: it is so already"
        case EffectRetried():
            return f"attempt {event.attempt} at {event.effect}: {event.error}; again at {clock(event.retry_at)}"
        case EffectFailed():
            return f"{event.effect}: {event.error}{'; for good' * event.permanent}"
        case EffectGivenUp():
            return f"{event.effect} after {event.attempts} failures: {event.error}"
        case EffectProgressed():
            return f"{event.effect}: {progress(event.done, event.total, event.unit)}"
        case LabelsChanged():
            return labels(event.labels)
        case _:
            plumbing = _plumbing(event) if brief else frozenset[str]()
            told = [(name, value) for name, value in _fields(event) if name not in plumbing]
            return " ".join(_told(name, _export(value) if brief else value) for name, value in told)


def words(name: str) -> str:
    """Return the full or short name of a record as words: `ReplicaStarted` is `replica started`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.rpartition(".")[2]).lower()


def clock(time_ns: int) -> str:
    """Return the time of day of ns since the epoch, in this machine's zone."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(time_ns // 1_000_000_000))
    except (OverflowError, OSError, ValueError):
        return str(time_ns)


def progress(done: int, total: int, unit: str = "bytes") -> str:
    """Return how much is done of how much."""
    share = f" ({100 * done // total}%)" if total > 0 else ""
    if unit == "bytes":
        return f"{size(done)} of {size(total)}{share}"
    return f"{done:,} of {total:,} {unit}{share}"


def executor(node: str | None) -> str:
    """Return who does an effect, by its `node`."""
    match node:
        case None:
            return "nobody: it is waited for"
        case "":
            return "the lifecycle service"
        case _:
            return node


def labels(texts: dict[str, str]) -> str:
    """Return labels as they are given in commands."""
    return ",".join(f"{name}={text}" for name, text in sorted(texts.items())) or "none"


def _fields(event: msgspec.Struct) -> Iterable[tuple[str, Any]]:
    """Yield the fields that say something: no empty ones, and of sizes and times no zeros."""
    for name, value in msgspec.structs.asdict(event).items():
        if value not in ("", (), {}, None, []) and (value != 0 or name not in BYTES | TIMES):
            yield name, value


def _plumbing(event: msgspec.Struct) -> frozenset[str]:
    return ACT_PLUMBING if hasattr(event, "spool") else PLUMBING


def _export(value: Any) -> Any:
    """Return the name of the export that an address or an NBD URI leads to; anything else as it is."""
    if isinstance(value, str) and value.startswith("nbd"):
        return value.partition("?")[0].rpartition("/")[2] or value
    return getattr(value, "export", value)


def _told(name: str, value: Any) -> str:
    match value:
        case bool():
            return f"{name}={str(value).lower()}"
        case int() if name in BYTES:
            return f"{name}={size(value)}".replace(" ", "")
        case int() if name in TIMES:
            return f"{name}={clock(value)}"
        case float():
            return f"{name}={value:g}"
        case _:
            return f"{name}={_plain(value)}"


def _plain(value: Any) -> str:
    match value:
        case msgspec.Struct():
            return f"({' '.join(_told(name, one) for name, one in _fields(value))})"
        case tuple() | list():
            return ",".join(map(_plain, value))
        case dict():
            return labels(value)
        case _:
            return str(value)
