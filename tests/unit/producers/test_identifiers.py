import uuid

from hypothesis import given
from hypothesis import strategies as st

from producers.identifiers import new_id, uuid7

CHANCE = st.binary(min_size=10, max_size=10)
TIMES = st.integers(0, 2**48 * 10**6 - 1)


@given(TIMES, CHANCE)
def test_it_is_a_uuid_of_version_7(time_ns: int, chance: bytes) -> None:
    made = uuid.UUID(uuid7(time_ns, chance))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, time_ns // 10**6)


@given(TIMES, TIMES, CHANCE, CHANCE)
def test_ids_sort_by_their_millisecond(one: int, other: int, chance: bytes, more: bytes) -> None:
    first, second = sorted((one, other))
    assert first // 10**6 == second // 10**6 or uuid7(first, chance) < uuid7(second, more)


def test_two_ids_differ() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
