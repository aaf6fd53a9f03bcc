from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.registry import MemoryRegistry
from schemas.topics import DEAD_LETTERS
from schemas.types.dead_letters import DeadLetter
from streams.dead_letters import dead_letter
from streams.message import Message

CODEC = Codec(MemoryRegistry())
HEADERS = st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.none() | st.binary()), max_size=4).map(tuple)
MESSAGES = st.builds(
    Message,
    topic=st.text(st.characters(codec="utf-8")),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    timestamp_ms=st.integers(-1, 2**53),
    key=st.none() | st.binary(),
    headers=HEADERS,
    value=st.none() | st.binary(),
    codec=st.just(CODEC),
)


@given(MESSAGES, st.text(), st.integers(0, 2**63 - 1))
def test_any_message_can_be_put_aside_whole(message: Message, detail: str, time_ns: int) -> None:
    letter = dead_letter(message, "failed", detail, "test", time_ns=time_ns)
    read_back = CODEC.decode(CODEC.encode(DEAD_LETTERS, letter))
    assert isinstance(read_back, DeadLetter)
    assert (read_back.key, read_back.value, read_back.time) == (message.key, message.value, time_ns)
    assert (read_back.topic, read_back.partition, read_back.offset) == (
        message.topic,
        message.partition,
        message.offset,
    )
    assert read_back.headers == {name: value for name, value in message.headers if value is not None}
