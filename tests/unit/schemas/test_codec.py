import struct
import time

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from infra.kafka.ports import free_ports
from schemas.avro_files import all_schemas
from schemas.codec import Codec, UndecodableError, UnencodableError
from schemas.registry import HttpRegistry, MemoryRegistry, RegistryUnavailableError
from schemas.topics import ALERTS, EVENTS, SYSCALLS, TOPICS
from schemas.types import TYPES, Alert, Note
from schemas.types.syscalls import SyscallBatch
from tests.events import any_event

TOPIC_OF = {name: topic for topic in TOPICS.values() for name in topic.schemas}
NOTE = Note(type="com.example.deployed", subject="web", time=1)


def full_codec() -> Codec:
    """Return a codec whose registry knows every schema, with the ids 1 and up in the order of TYPES."""
    registry = MemoryRegistry()
    for name in sorted(TYPES):
        registry.register(TOPIC_OF[name].subject(name), all_schemas()[name])
    return Codec(registry)


CODEC = full_codec()


@given(any_event())
def test_what_was_encoded_is_decoded(pair: tuple[str, msgspec.Struct]) -> None:
    name, event = pair
    assert CODEC.decode(CODEC.encode(TOPIC_OF[name], event)) == event


@given(any_event(), st.data())
def test_a_value_cut_short_is_undecodable(pair: tuple[str, msgspec.Struct], data: st.DataObject) -> None:
    name, event = pair
    value = CODEC.encode(TOPIC_OF[name], event)
    with pytest.raises(UndecodableError) as caught:
        CODEC.decode(value[: data.draw(st.integers(0, len(value) - 1))])
    assert caught.value.reason == "undecodable"


@given(any_event(), st.binary(min_size=1, max_size=20))
def test_a_value_with_something_behind_it_is_undecodable(pair: tuple[str, msgspec.Struct], more: bytes) -> None:
    name, event = pair
    with pytest.raises(UndecodableError, match="undecodable"):
        CODEC.decode(CODEC.encode(TOPIC_OF[name], event) + more)


@given(st.integers(1, len(TYPES)), st.binary(max_size=200))
@example(7, b"\xff" * 9 + b"\x01")
@example(7, b"\xfe" * 9 + b"\x01" + b"x")
@example(1, b"\x02x\x02\x02x\x02x\x02x\x02x\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")
def test_random_bytes_after_a_good_prefix_raise_nothing_else(id: int, body: bytes) -> None:
    try:
        event = CODEC.decode(struct.pack(">bI", 0, id) + body)
    except UndecodableError as error:
        assert error.reason == "undecodable"
    else:
        assert type(event) is TYPES[sorted(TYPES)[id - 1]]


@given(any_event(), st.data())
def test_a_damaged_value_raises_nothing_else(pair: tuple[str, msgspec.Struct], data: st.DataObject) -> None:
    name, event = pair
    value = bytearray(CODEC.encode(TOPIC_OF[name], event))
    assume(len(value) > 5)  # a record without fields has no bytes that could be damaged
    for _ in range(data.draw(st.integers(1, 5))):
        value[data.draw(st.integers(5, len(value) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert type(CODEC.decode(bytes(value))) is TYPES[name]
    except UndecodableError as error:
        assert error.reason == "undecodable"


@given(st.none() | st.binary(max_size=64))
def test_any_bytes_raise_nothing_else(value: bytes | None) -> None:
    try:
        CODEC.decode(value)
    except UndecodableError as error:
        assert error.reason in ("undecodable", "unknown-schema")


@given(st.integers(len(TYPES) + 1, 2**32 - 1), st.binary(max_size=20))
def test_an_unknown_id_says_so(id: int, body: bytes) -> None:
    with pytest.raises(UndecodableError) as caught:
        CODEC.decode(struct.pack(">bI", 0, id) + body)
    assert (caught.value.reason, str(id) in caught.value.detail) == ("unknown-schema", True)


@pytest.mark.parametrize("name", ["com.example.Foreign", "Alert"])
def test_a_schema_of_somebody_else_is_unknown(name: str) -> None:
    registry = MemoryRegistry()
    registry.register("s", {"type": "record", "name": name, "fields": []})
    with pytest.raises(UndecodableError, match=f"unknown-schema: schema 1 is {name}"):
        Codec(registry).decode(b"\0\0\0\0\x01")


def test_a_registry_that_does_not_answer_is_no_fault_of_the_message() -> None:
    [free_port] = free_ports(1)
    with pytest.raises(RegistryUnavailableError, match=f"http://127.0.0.1:{free_port}: "):
        Codec(HttpRegistry(f"http://somebody:secret@127.0.0.1:{free_port}")).decode(b"\0\0\0\0\x01")


def test_the_registry_is_asked_once_for_each_id_known_or_not() -> None:
    class Counting(MemoryRegistry):
        asked = 0

        def schema(self, id: int) -> dict[str, object]:
            Counting.asked += 1
            return super().schema(id)

    codec = Codec(Counting())
    value = codec.encode(EVENTS, NOTE)
    assert [codec.decode(value) for _ in range(3)] == [NOTE] * 3
    for _ in range(3):
        with pytest.raises(UndecodableError):
            codec.decode(b"\0\0\0\0\x09")
    assert Counting.asked == 2


def test_values_of_an_older_schema_are_read_under_ours() -> None:
    older = dict(all_schemas()["deedlog.events.Note"])
    older["fields"] = [f for f in older["fields"] if f["name"] != "data"] + [
        {"name": "gone", "type": "int", "default": 0}
    ]
    registry = MemoryRegistry()
    assert registry.register("events-deedlog.events.Note", older) == 1
    body = b"\x02t\x02s\x02\x0e"
    assert Codec(registry).decode(b"\0\0\0\0\x01" + body) == Note(type="t", subject="s", time=1, data="{}")


def test_a_full_name_in_one_piece_is_the_same_name() -> None:
    normalized = {k: v for k, v in all_schemas()["deedlog.events.Note"].items() if k != "namespace"}
    registry = MemoryRegistry("NONE")
    registry.register("s", normalized | {"name": "deedlog.events.Note"})
    assert Codec(registry).decode(b"\0\0\0\0\x01\x02t\x02s\x02\x04{}") == Note(type="t", subject="s", time=1)


ALERT = Alert(id="i", time=1, rule="r", priority="p", output="o", source="syscall", node="n")


@pytest.mark.parametrize(
    "changes", [{"output": "\udcff"}, {"time": 2**63}, {"fields": {"flags": 2**64 - 1}}, {"output": 1}, {"tags": None}]
)
def test_an_event_that_does_not_fit_its_schema_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UnencodableError, match=r"deedlog\.alerts\.Alert"):
        CODEC.encode(ALERTS, msgspec.structs.replace(ALERT, **changes))


def test_an_event_of_another_topic_is_refused() -> None:
    with pytest.raises(UnencodableError, match=r"deedlog\.events\.Note is no event of topic alerts"):
        CODEC.encode(ALERTS, NOTE)


def test_a_foreign_struct_is_refused() -> None:
    class Foreign(msgspec.Struct):
        pass

    with pytest.raises(UnencodableError, match="Foreign"):
        CODEC.encode(ALERTS, Foreign())


def test_columns_of_a_batch_cost_no_work_per_byte() -> None:
    zero = {"string": "", "long": 0, "int": 0, "bytes": bytes(1 << 18)}
    fields = all_schemas()["deedlog.syscalls.SyscallBatch"]["fields"]
    record = {f["name"]: zero.get(f["type"], ()) if isinstance(f["type"], str) else () for f in fields}
    value = CODEC.encode(SYSCALLS, SyscallBatch(**record))
    assert len(value) > 8 << 20
    before = time.process_time()
    CODEC.decode(value)
    # A loop over bytes would take half a second at the least, copies take some milliseconds.
    assert time.process_time() - before < 0.2
