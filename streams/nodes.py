"""The lifecycle of a node: a machine whose agent can run engines. Events, state, evolve, decide, pending."""

from typing import Final

import msgspec

from schemas.topics import NODES_EVENTS, NODES_INBOX
from schemas.types.lifecycles import Delete
from schemas.types.nodes import (
    CordonNode,
    NodeCordoned,
    NodeForgotten,
    NodeReported,
    NodeUncordoned,
    UncordonNode,
)
from streams.lifecycles.lifecycle import Effect, Event, Lifecycle, Message, Phase, Rejected, nothing_to_tell
from streams.lifecycles.vocabulary import EVERY_COMMAND, EVERY_OBSERVATION

NOTABLE: Final = 0.05
"""Share of the free bytes by which a report must differ to be recorded."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a node."""

    known: bool = False
    address: str = ""
    port: int = 0
    free: int = 0
    version: str = ""
    cordoned: bool = False


def evolve(state: Node, event: Event) -> Node:
    """Return the node after the event."""
    match event:
        case NodeReported():
            return msgspec.structs.replace(
                state, known=True, address=event.address, port=event.port, free=event.free, version=event.version
            )
        case NodeCordoned():
            return msgspec.structs.replace(state, cordoned=True)
        case NodeUncordoned():
            return msgspec.structs.replace(state, cordoned=False)
        case NodeForgotten():
            return Node()
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a node")


def decide(state: Node, message: Message) -> tuple[Event, ...] | Rejected:
    """Return what follows from the message."""
    body = message.body
    match body:
        case NodeReported():
            return (body,) if _is_news(state, body) else ()
        case CordonNode() | UncordonNode() if not state.known:
            return Rejected("not-found", f"there is no node {message.name}", "deedlog get node")
        case CordonNode():
            return () if state.cordoned else (NodeCordoned(),)
        case UncordonNode():
            return (NodeUncordoned(),) if state.cordoned else ()
        case Delete():
            return (NodeForgotten(),)
        case _:
            return ()


def _is_news(state: Node, report: NodeReported) -> bool:
    same = (state.address, state.port, state.version) == (report.address, report.port, report.version)
    return not state.known or not same or abs(report.free - state.free) > NOTABLE * max(state.free, 1)


def pending(_state: Node) -> tuple[Effect, ...]:
    """Return nothing: a node is observed, not made."""
    return ()


def phase(state: Node) -> str:
    """Return the phase of the node."""
    if not state.known:
        return "unknown"
    return "cordoned" if state.cordoned else "ready"


NODES: Final = Lifecycle(
    kind="node",
    inbox=NODES_INBOX,
    events=NODES_EVENTS,
    commands=EVERY_COMMAND | {CordonNode, UncordonNode},
    observations=EVERY_OBSERVATION | {NodeReported},
    answers={},
    initial=Node(),
    state_type=Node,
    state_version=1,
    decide=decide,
    evolve=evolve,
    pending=pending,
    react=nothing_to_tell,
    phase=phase,
    phases={
        "unknown": Phase("absent", "No agent of that name has reported."),
        "ready": Phase("stable", "Its agent has reported; replicas can be placed on it."),
        "cordoned": Phase("stable", "What is on it stays; nothing new is placed on it."),
    },
)
