"""What the probes see: of each event type whether it is attached, which rules ask for it, and what is recorded."""

import os
from typing import Final

import msgspec

from infra.config import Settings
from infra.recording import recorded_calls
from infra.rules.configured import configured_rules
from probes import events
from probes.filtering import CallTables
from probes.loader import pinned_session
from schemas.call_filter import ACCESSES, CELLS, RESULTS, CallFilter
from streams.detection.filtering import UNCLEAR, asking

RESULT_NAMES: Final = ("failed", "0", "1", "2", "above 2")
ACCESS_NAMES: Final = ("reading", "writing", "both", "neither")
"""Of O_RDONLY, O_WRONLY, O_RDWR, and what is none of them."""
TABLE_NEEDS: Final = "the table of processes"
LIFE: Final = frozenset({"clone", "execve", "procexit"})
"""Types that have programs of their own."""


class Probe(msgspec.Struct, frozen=True):
    """One event type. `attached` is None where it cannot be told, because no probes run here or only root may know."""

    type: str
    attached: bool | None
    wanted: bool
    rules: tuple[str, ...]
    recorded: str


def probes(settings: Settings) -> list[Probe]:
    """Return what stands for each event type that there is a probe for."""
    rules, attached = configured_rules(settings), attached_types(settings)
    wanted = recorded_calls(settings, rules)
    return [
        Probe(
            type=name,
            attached=None if attached is None else name in attached,
            wanted=name in wanted or is_always_seen(name),
            rules=asking(rules.rules, name) or ((TABLE_NEEDS,) if is_always_seen(name) else ()),
            recorded="all" if is_always_seen(name) else recorded(wanted.get(name)),
        )
        for name in events.NAMES.values()
    ]


def attached_types(settings: Settings) -> frozenset[str] | None:
    """Return the types that the running probes see; None if there are none, or others than root ask."""
    folder = settings.run / "bpf"
    if os.geteuid() or pinned_session(folder) is None:
        return None
    tables = CallTables(folder)
    try:
        return tables.attached() | LIFE
    finally:
        tables.close()


def is_always_seen(name: str) -> bool:
    """Tell whether the table of processes is kept by the type."""
    return name in LIFE | events.STATE_KEEPERS


def recorded(found: CallFilter | None) -> str:
    """Return in words what of a type is recorded, a line for each part."""
    if found is None:
        return "nothing"
    by_cells: dict[int, list[str]] = {}
    for beginning, cells in found.below:
        if (only := cells & ~found.anywhere) and beginning != UNCLEAR:
            by_cells.setdefault(only, []).append(os.fsdecode(beginning))
    lines = [cells_in_words(found.anywhere)] if found.anywhere else []
    for cells, beginnings in by_cells.items():
        lines.append(f"{cells_in_words(cells)}, of paths that begin with {' '.join(beginnings)}")
    if rest := found.somewhere & ~found.anywhere:
        lines.append(f"{cells_in_words(rest)}, of paths that are relative, long or not normalised")
    lines += ["of these, what changes the name of its socket"] * found.only_changes
    lines += ["with the first bytes that are sent or received"] * found.with_data
    return "\n".join(lines)


def cells_in_words(cells: int) -> str:
    """Return what results and accesses some cells stand for."""
    masks = [cells >> place * ACCESSES & (1 << ACCESSES) - 1 for place in range(len(RESULTS))]
    by_access: dict[int, list[str]] = {}
    for mask, name in zip(masks, RESULT_NAMES, strict=True):
        if mask:
            by_access.setdefault(mask, []).append(name)
    return "; ".join(_part(names, access) for access, names in by_access.items())


def _part(results: list[str], access: int) -> str:
    names = [name for place, name in enumerate(ACCESS_NAMES) if access >> place & 1]
    how = "" if len(names) == ACCESSES else f" for {', '.join(names)}"
    if len(results) == len(RESULTS):
        return f"all{how}"
    done = [name for name in results if name != "failed"]
    what = ["failed"] if "failed" in results else []
    what += ["done"] if len(done) == len(RESULTS) - 1 else [f"result {name}" for name in done]
    return " and ".join(what) + how


assert CELLS == len(RESULTS) * len(ACCESS_NAMES) == len(RESULT_NAMES) * ACCESSES
