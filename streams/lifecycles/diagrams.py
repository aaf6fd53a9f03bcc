"""Writes `docs/reference/lifecycles.md` from the deciders: `python -m streams.lifecycles.diagrams [--check]`."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.avro_files import all_schemas
from schemas.codec import NAMES
from streams.lifecycles.entity import Recorded
from streams.lifecycles.evolving import GENERIC
from streams.lifecycles.kinds import LIFECYCLES
from streams.lifecycles.lifecycle import Effect, Lifecycle
from streams.lifecycles.walking import Taken, explore

PAGE: Final = Path(__file__).parents[2] / "docs/reference/lifecycles.md"
SEEDS: Final = range(2)
WALKS: Final = 250
STEPS: Final = 50
INTRODUCTION: Final = """# Lifecycles

<!-- Made by `make docs`; change the code, not this page. -->

What each lifecycle can become, found by random walks through its decider: each arrow is an event that led from one
phase to another. Phases are *stable*, *transitional* (they wait for effects, and end at the latest with their
deadlines), *failed* (`deedlog describe` says the way out) or *absent*.
How they are run, and what holds of all of them: [Lifecycles, exactly once](../explanation/lifecycles.md).
"""

Transition = tuple[str, str, str]
"""Phase, name of the event, phase after it."""


class Explored(msgspec.Struct, frozen=True):
    """What walks found of a lifecycle."""

    transitions: set[Transition]
    effects: dict[str, list[Effect]]
    """By the word with which the ids of effects begin; one effect for each deadline."""


def explored(lifecycle: Lifecycle[Any]) -> Explored:
    """Walk through a lifecycle, always in the same way."""
    found = Explored(set(), {})

    def note(taken: Taken[Any]) -> None:
        found.transitions.update(transitions(lifecycle, taken.before.state, taken.recorded))
        for effect in lifecycle.pending(taken.after.state):
            alike = found.effects.setdefault(effect.id.partition("/")[0], [])
            if effect.seconds not in [one.seconds for one in alike]:
                alike.append(effect)

    for seed in SEEDS:
        for _ in explore(lifecycle, WALKS, STEPS, seed, note):
            pass
    return found


def transitions(lifecycle: Lifecycle[Any], state: Any, history: Iterable[Recorded]) -> Iterator[Transition]:
    """Yield each event that led from a state to another phase."""
    before = lifecycle.phase(state)
    for recorded in history:
        if not isinstance(recorded.event, GENERIC):
            state = lifecycle.evolve(state, recorded.event)
        after = lifecycle.phase(state)
        if after != before:
            yield before, type(recorded.event).__name__, after
        before = after


def page() -> str:
    """Return the page."""
    return INTRODUCTION + "".join(section(lifecycle, explored(lifecycle)) for lifecycle in LIFECYCLES)


def section(lifecycle: Lifecycle[Any], found: Explored) -> str:
    """Return what is said of one lifecycle."""
    parts = (
        f"## {lifecycle.kind.capitalize()}",
        f"Topics `{lifecycle.inbox.name}` and `{lifecycle.events.name}`.",
        diagram(lifecycle, found),
        "### Phases\n\n| phase | kind | what it means |\n|---|---|---|\n" + "\n".join(_phases(lifecycle)),
        "### Transitions\n\n| from | to | by |\n|---|---|---|\n" + "\n".join(_transitions(found)),
        "### Commands\n\n| command | what it asks for |\n|---|---|\n" + "\n".join(_commands(lifecycle)),
        f"### Effects\n\n{_effects(lifecycle, found)}",
    )
    return "\n" + "\n\n".join(parts) + "\n"


def diagram(lifecycle: Lifecycle[Any], found: Explored) -> str:
    """Return the transitions as Mermaid draws them; what is not there is where it begins and ends."""
    absent = {name for name, phase in lifecycle.phases.items() if phase.kind == "absent"}
    lines = [
        f"    {'[*]' if one in absent else one} --> {'[*]' if other in absent else other}: {'<br/>'.join(events)}"
        for (one, other), events in _arrows(found).items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _arrows(found: Explored) -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, event, after in sorted(found.transitions):
        arrows.setdefault((before, after), []).append(event)
    return arrows


def _phases(lifecycle: Lifecycle[Any]) -> Iterator[str]:
    for name, phase in lifecycle.phases.items():
        yield f"| {name} | {phase.kind} | {phase.doc} |"


def _transitions(found: Explored) -> Iterator[str]:
    for (before, after), events in _arrows(found).items():
        yield f"| {before} | {after} | {', '.join(f'`{event}`' for event in events)} |"


def _commands(lifecycle: Lifecycle[Any]) -> Iterator[str]:
    for name in sorted(NAMES[one] for one in lifecycle.commands):
        yield f"| `{name.rpartition('.')[2]}` | {all_schemas()[name]['doc']} |"


def _effects(lifecycle: Lifecycle[Any], found: Explored) -> str:
    if not found.effects:
        return f"None: a {lifecycle.kind} is observed, not made."
    head = "| id | what is done | by | answered by | given up after |\n|---|---|---|---|---|\n"
    return head + "\n".join(_effect(lifecycle, verb, alike) for verb, alike in sorted(found.effects.items()))


def _effect(lifecycle: Lifecycle[Any], verb: str, alike: list[Effect]) -> str:
    first = alike[0]
    who = "nobody" if first.node is None else "a node's agent" if first.node else "the lifecycle service"
    answer = lifecycle.answers.get(type(first.action))
    ids = f"`{verb}{'/…' if '/' in first.id else ''}`"
    times = " or ".join(_shown(seconds) for seconds in sorted(one.seconds for one in alike))
    doc = " ".join((type(first.action).__doc__ or "").split())
    if answer is None:
        return f"| {ids} | {doc} | {who} | a message | {times} |"
    return f"| {ids} | {doc} | {who} | `{answer.__name__}` | {times}, or {first.attempts} attempts |"


def _shown(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def main() -> int:
    """Write the page, or with `--check` only say if it is not up to date (exit code 1)."""
    text = page()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{PAGE.name} is not what the code says; run: make docs", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
