"""Entities as they are, and as they were: what the host holds, and what is read of the log."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.types.lifecycles import ChangeLabels, Delete
from schemas.types.nodes import CordonNode, NodeReported, UncordonNode
from streams.lifecycles.lifecycle import Event
from streams.lifecycles.views import Moment
from streams.nodes import NODES
from tests.lifecycles import BEGINNING, SECOND, Memory

REPORT = NodeReported(address="192.0.2.1", port=1, free=1 << 30, version="1")
NAMES = st.sampled_from(["a", "b", "c", "d-1"])
BODIES: st.SearchStrategy[Event] = st.one_of(
    st.just(REPORT),
    st.builds(CordonNode),
    st.builds(UncordonNode),
    st.builds(Delete),
    st.builds(ChangeLabels, set=st.dictionaries(st.sampled_from("xy"), st.sampled_from("12"), max_size=2)),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(NAMES, BODIES), max_size=30))
def test_each_moment_is_what_the_host_held_then(given_: list[tuple[str, Event]]) -> None:
    memory, view = Memory(), None
    held = []
    for name, body in given_:
        memory.give(NODES, name, body)
        every = {n: e for shard in memory.host.shards.values() for n, e in shard.fold.entities.items()}
        held.append((memory.now, name, every))
    view = memory.view(NODES)
    for now, name, every in held:
        assert view.all(Moment(time_ns=now)) == every
        assert every.get(name) in (None, view.one(name, Moment(time_ns=now)))
        if name in every:
            assert view.one(name, Moment(sequence=every[name].sequence)) == every[name]
    assert view.all() == (held[-1][2] if held else {})
    assert view.all(Moment(time_ns=BEGINNING)) == {}


def test_a_history_is_the_entity_s_own_events_in_order() -> None:
    memory = Memory()
    for name in ("a", "b", "a", "c"):
        memory.give(NODES, name, REPORT)
        memory.give(NODES, name, CordonNode())
    found = list(memory.view(NODES).history("a"))
    assert [one.sequence for one in found] == [1, 2, 3]
    assert {one.name for one in found} == {"a"}
    assert list(memory.view(NODES).history("nobody")) == []


def test_an_event_from_a_clock_that_is_ahead_does_not_hide_later_ones() -> None:
    memory = Memory()
    memory.give(NODES, "a", REPORT)
    memory.now += 100 * SECOND
    memory.give(NODES, "a", CordonNode())
    memory.now -= 100 * SECOND
    memory.give(NODES, "a", UncordonNode())
    assert memory.view(NODES).one("a", Moment(time_ns=memory.now)).sequence == 3
