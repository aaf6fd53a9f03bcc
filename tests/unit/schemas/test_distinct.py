import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas import distinct as module
from schemas.distinct import distinct

BIG = st.integers(0, 2**64 - 1)
SMALL = st.integers(0, 40)
FEW = st.sampled_from([0, 2**19, 2**63])


@given(st.lists(st.tuples(BIG | FEW, SMALL, FEW), max_size=200), st.sampled_from([(0, 1, 2), (1,), (2,), (1, 2), ()]))
def test_rows_share_a_code_exactly_when_they_are_equal(rows: list[tuple[int, int, int]], chosen: tuple[int]) -> None:
    parts = [np.array([row[place] for row in rows], dtype=np.uint64) for place in chosen]
    codes, first = distinct(parts, len(rows))
    wanted = [tuple(row[place] for place in chosen) for row in rows]
    assert len(set(zip(codes.tolist(), wanted, strict=True))) == len(set(codes.tolist())) == len(set(wanted))
    present = set(codes.tolist())
    for code, place in enumerate(first.tolist()):
        assert (place >= 0) == (code in present)
        assert place < 0 or codes[place] == code


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_numbers_may_be_negative(values: list[int]) -> None:
    codes, first = distinct([np.array(values, dtype=np.int64)], len(values))
    assert [values[place] for place in first[codes].tolist()] == values


def test_many_rows_are_told_apart() -> None:
    values = np.arange(50_000, dtype=np.uint64) * np.uint64(1_000_003)
    codes, first = distinct([np.repeat(values, 2)], 100_000)
    assert len(set(codes.tolist())) == 50_000
    assert (np.repeat(values, 2)[first[codes]] == np.repeat(values, 2)).all()


def test_rows_made_to_collide_stay_apart() -> None:
    # With the key known, a second word can be chosen so that any two first words hash alike.
    def mixed(value: np.uint64) -> np.uint64:
        value = value * module.MULTIPLIER
        return value ^ (value >> module.SHIFT)

    with np.errstate(over="ignore"):
        seconds = [mixed(np.uint64(first)) ^ np.uint64(9) for first in range(1, 100)]
    parts = [np.arange(1, 100, dtype=np.uint64), np.array(seconds, dtype=np.uint64)]
    codes, _ = distinct(parts, 99)
    assert len(set(codes.tolist())) == 99
