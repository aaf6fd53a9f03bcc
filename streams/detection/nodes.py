"""Conditions that are worked out bit by bit: what is known is put in, and what is left stays small.

Equal parts are one object, so that they are compared and looked up by identity.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, Literal

from streams.detection.predicates import (
    FALSE as FALSE_EXPRESSION,
)
from streams.detection.predicates import (
    TRUE as TRUE_EXPRESSION,
)
from streams.detection.predicates import (
    AllOf,
    AnyOf,
    Comparison,
    Constant,
    Expression,
    Negation,
    Predicate,
    all_of,
    any_of,
    negation,
)

Kind = Literal["constant", "atom", "all", "any", "not"]


class Node:
    """A part of a condition. `levels` has a bit for each level that its atoms hang on."""

    __slots__ = ("bit", "expression", "kind", "levels", "parts")

    def __init__(
        self, kind: Kind, parts: "tuple[Node, ...]" = (), *, levels: int = 0, bit: int = 0, expression: Any = None
    ) -> None:
        self.kind = kind
        self.parts = parts
        self.levels = levels
        self.bit = bit
        self.expression = expression


TRUE: Final = Node("constant", expression=TRUE_EXPRESSION)
FALSE: Final = Node("constant", expression=FALSE_EXPRESSION)

Place = Callable[[Predicate | Comparison], tuple[int, int]]
"""Says of an atom on which level it hangs, as one bit, and which bit of the level's truths is its own."""


class Nodes:
    """Makes nodes, each once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._made: dict[Hashable, Node] = {}

    def node(self, expression: Expression) -> Node:
        """Return the node of an expression."""
        match expression:
            case Constant(value):
                return TRUE if value else FALSE
            case AllOf(parts):
                return self._joined("all", map(self.node, parts), FALSE, TRUE)
            case AnyOf(parts):
                return self._joined("any", map(self.node, parts), TRUE, FALSE)
            case Negation(part):
                return self._not(self.node(part))
            case _:
                return self._atom(expression)

    def known(self, node: Node, level: int, truths: int, done: dict[Node, Node]) -> Node:
        """Return what is left of a node when the truths of one level's atoms are known.

        `done` keeps what was worked out with the same truths.
        """
        if not node.levels & level:
            return node
        left = done.get(node)
        if left is None:
            left = done[node] = self._known(node, level, truths, done)
        return left

    def _known(self, node: Node, level: int, truths: int, done: dict[Node, Node]) -> Node:
        match node.kind:
            case "atom":
                return TRUE if truths & node.bit else FALSE
            case "not":
                return self._not(self.known(node.parts[0], level, truths, done))
            case "all":
                return self._joined("all", (self.known(p, level, truths, done) for p in node.parts), FALSE, TRUE)
            case _:
                return self._joined("any", (self.known(p, level, truths, done) for p in node.parts), TRUE, FALSE)

    def _atom(self, expression: Predicate | Comparison) -> Node:
        node = self._made.get(expression)
        if node is None:
            level, bit = self._place(expression)
            node = self._made[expression] = Node("atom", levels=level, bit=bit, expression=expression)
        return node

    def _not(self, part: Node) -> Node:
        match part.kind:
            case "constant":
                return FALSE if part is TRUE else TRUE
            case "not":
                return part.parts[0]
            case _:
                return self._once("not", (part,))

    def _joined(self, kind: Kind, parts: Iterable[Node], deciding: Node, idle: Node) -> Node:
        kept: dict[Node, None] = {}
        for part in parts:
            if part is deciding:
                return deciding
            if part.kind == kind:
                kept.update(dict.fromkeys(part.parts))
            elif part is not idle:
                kept[part] = None
        if len(kept) < 2:
            return next(iter(kept), idle)
        return self._once(kind, tuple(kept))

    def _once(self, kind: Kind, parts: tuple[Node, ...]) -> Node:
        node = self._made.get((kind, parts))
        if node is None:
            levels = 0
            for part in parts:
                levels |= part.levels
            node = self._made[kind, parts] = Node(kind, parts, levels=levels)
        return node

    def __len__(self) -> int:
        return len(self._made)


def expression_of(node: Node) -> Expression:
    """Return the expression that a node stands for."""
    match node.kind:
        case "all":
            return all_of(map(expression_of, node.parts))
        case "any":
            return any_of(map(expression_of, node.parts))
        case "not":
            return negation(expression_of(node.parts[0]))
        case _:
            found: Expression = node.expression
            return found
