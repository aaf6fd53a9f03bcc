from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.registry import MemoryRegistry
from streams.merge import Merge, merged
from streams.message import Message

CODEC = Codec(MemoryRegistry())


def message(partition: int, offset: int, timestamp_ms: int) -> Message:
    return Message(topic="t", partition=partition, offset=offset, timestamp_ms=timestamp_ms, codec=CODEC)


def partitions(times: list[list[int]]) -> list[list[Message]]:
    return [[message(p, o, at) for o, at in enumerate(each)] for p, each in enumerate(times)]


TIMES = st.lists(st.lists(st.integers(0, 20), max_size=6), max_size=4)


@given(TIMES)
def test_partitions_in_order_give_one_order(times: list[list[int]]) -> None:
    logs = partitions([sorted(each) for each in times])
    out = list(merged([m for log in logs for m in log]))
    assert [m.timestamp_ms for m in out] == sorted(at for each in times for at in each)


@given(TIMES)
def test_the_order_within_a_partition_never_changes(times: list[list[int]]) -> None:
    logs = partitions(times)
    out = list(merged([m for log in logs for m in log]))
    assert [[m for m in out if m.partition == p] for p in range(len(logs))] == logs


@given(TIMES.filter(bool), st.randoms())
def test_messages_come_out_the_same_however_they_arrive(times: list[list[int]], random: object) -> None:
    logs = partitions(times)
    merge, out = Merge(range(len(logs))), []
    arriving = [list(log) for log in logs]
    while merge.open:
        number = random.choice(sorted(merge.open))  # type: ignore[attr-defined]
        if arriving[number]:
            merge.add(arriving[number].pop(0))
        else:
            merge.finish(number)
        out += merge.ready()
    assert out == list(merged([m for log in logs for m in log]))
    assert all(merge.held(p) == (0, 0) for p in range(len(logs)))


def test_a_message_waits_for_a_partition_that_may_have_an_earlier_one() -> None:
    merge = Merge([0, 1])
    late = message(0, 0, 5)
    merge.add(late)
    assert list(merge.ready()) == []
    assert merge.held(0) == (1, 0)
    merge.finish(1)
    assert list(merge.ready()) == [late]
