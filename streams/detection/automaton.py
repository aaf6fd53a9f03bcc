"""All rules at once over the events of one type: an automaton whose states are what is left of the rules.

A state is the rules that may still match, each with what is left of its condition. A stage tells an event the class of
one more of its values, which leads to the next state; events that no rule is left for leave at once. Next states are
worked out when first needed and then looked up, so rules cost little more than their number of distinct outcomes.
What the stages do not decide is left to plans. A table that would grow too big is given up: plans judge instead.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from streams.detection.columns import Array, Columns
from streams.detection.fields import FIELDS
from streams.detection.levels import (
    AGES,
    ARGUMENTS,
    DESCRIPTOR,
    NUMBERS,
    PATHS,
    PROCESS,
    PROGRAM,
    RESULT,
    SERVICE,
    Level,
    Numbers,
)
from streams.detection.nodes import FALSE, TRUE, Node, Nodes, expression_of
from streams.detection.plans import Plan, Planner, level_of
from streams.detection.predicates import Expression, Predicate
from streams.detection.sieves import Atom
from streams.detection.stages import MAX_NUMBERS, UNKNOWN, FullError, LevelStage, NumberStage, Stage
from streams.detection.views import View

ORDER: Final[tuple[Level | Numbers, ...]] = (
    *(NUMBERS, RESULT, ARGUMENTS, SERVICE, DESCRIPTOR, PATHS, AGES, PROGRAM, PROCESS),
)
"""What is cheap to learn comes first; the process, of which there is most to learn, last."""
VECTORS: Final = frozenset(1 << place for place, level in enumerate(ORDER) if isinstance(level, Numbers))
DEAD: Final = 0
START: Final = 1
MAX_STATES: Final = 4096
MAX_NODES: Final = 100_000
"""Parts of conditions that are kept beside those that the rules have themselves."""

Left = tuple[tuple[int, Node], ...]
"""Rules by their places, with what is left of their conditions."""


class Automaton:
    """Judges events of one type by conditions, given with the places of their rules."""

    def __init__(self, conditions: Sequence[tuple[int, Expression]], max_states: int = MAX_STATES) -> None:
        """Take conditions; what needs more states than `max_states`, 2 at least, is judged by plans."""
        self._conditions = conditions
        self._max_states = max_states
        self._planner = Planner()
        self._begin()

    def matches(self, columns: Columns, events: Array) -> list[tuple[int, int]]:
        """Return each event that a condition is true for, with the rule's place; `events` are rows of one type."""
        if not self._conditions:
            return []
        try:
            ended, states = self._walked(columns, events)
        except FullError:
            self._begin()
            ended, states = events, np.full(len(events), START)
        found: list[tuple[int, int]] = []
        for state in np.flatnonzero(np.bincount(states)).tolist():
            found += self._finished(state, columns, ended[states == state])
        return found

    def _begin(self) -> None:
        self._atoms: dict[int, list[tuple[Atom, int]]] = {}
        self._nodes = Nodes(self._place)
        left = tuple((place, self._nodes.node(condition)) for place, condition in self._conditions)
        self._most_nodes = len(self._nodes) + MAX_NODES
        self._stages = [_stage(bit, atoms) for bit, atoms in sorted(self._atoms.items())]
        self._states: list[Left] = []
        self._numbers: dict[Left, int] = {}
        self._plans: dict[int, list[tuple[int, Plan | None]]] = {}
        self._levels = np.zeros(self._max_states, np.uint16)
        self._number_of(())
        self._number_of(left)

    def _place(self, atom: Atom) -> tuple[int, int]:
        """Give an atom its stage, as a bit in the order of stages, and its bit there; no stage: plans see to it."""
        stage = _stage_bit(atom)
        atoms = self._atoms.setdefault(stage, []) if stage else []
        if stage in VECTORS and len(atoms) >= MAX_NUMBERS:
            return 0, 0
        own = 1 << len(atoms)
        if stage:
            atoms.append((atom, own))
        return stage, own

    def _walked(self, columns: Columns, events: Array) -> tuple[Array, Array]:
        """Return the events that a rule is left for after all stages, and their states."""
        states, present = np.full(len(events), START), np.array([START])
        for stage in self._stages:
            asking = self._levels[present] & stage.bit != 0
            if asking.all():
                states = self._next(stage, columns, events, states)
            elif asking.any():
                some = self._levels[states] & stage.bit != 0
                states[some] = self._next(stage, columns, events[some], states[some])
            else:
                continue
            present = np.flatnonzero(np.bincount(states))
            if present[0] == DEAD:
                alive = states != DEAD
                events, states, present = events[alive], states[alive], present[1:]
            if not len(events):
                break
        return events, states

    def _next(self, stage: Stage, columns: Columns, events: Array, states: Array) -> Array:
        classes = stage.classify(columns, events)
        stage.table.reach(len(self._states), len(stage.classes.truths))
        found = stage.table.look_up(states, classes)
        missing = found == UNKNOWN
        if missing.any():
            for state, class_ in set(zip(states[missing].tolist(), classes[missing].tolist(), strict=True)):
                stage.table.put(state, class_, self._follower(stage, state, class_))
            found = stage.table.look_up(states, classes)
        return found

    def _follower(self, stage: Stage, state: int, class_: int) -> int:
        if len(self._nodes) > self._most_nodes:
            raise FullError
        truths, done = stage.classes.truths[class_], dict[Node, Node]()
        left = [(p, self._nodes.known(node, stage.bit, truths, done)) for p, node in self._states[state]]
        return self._number_of(tuple((place, node) for place, node in left if node is not FALSE))

    def _number_of(self, left: Left) -> int:
        number = self._numbers.get(left)
        if number is None:
            number = self._numbers[left] = len(self._states)
            if number >= self._max_states:
                raise FullError
            self._states.append(left)
            for _, node in left:
                self._levels[number] |= node.levels
        return number

    def _finished(self, state: int, columns: Columns, events: Array) -> list[tuple[int, int]]:
        """Return what matches among the events that ended in a state."""
        plans = self._plans.get(state)
        if plans is None:
            plans = self._plans[state] = [
                (place, None if node is TRUE else self._planner.plan(expression_of(node)))
                for place, node in self._states[state]
            ]
        view, everything = View(columns, events), np.arange(len(events))
        found: list[tuple[int, int]] = []
        for place, plan in plans:
            chosen = events if plan is None else events[plan.select(view, everything)]
            found += [(event, place) for event in chosen.tolist()]
        return found


def _stage_bit(atom: Atom) -> int:
    level: Level | Numbers | None = level_of(atom)
    if isinstance(atom, Predicate):
        level = FIELDS[atom.field].level
    return 1 << ORDER.index(level) if level in ORDER else 0


def _stage(bit: int, atoms: list[tuple[Atom, int]]) -> Stage:
    level = ORDER[bit.bit_length() - 1]
    return NumberStage(bit, atoms) if isinstance(level, Numbers) else LevelStage(level, bit, atoms)
