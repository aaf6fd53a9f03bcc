import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from probes import strings
from probes.strings import Dictionary, distinct_rows

words = st.integers(min_value=0, max_value=2**64 - 1)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=60))
def test_rows_get_the_same_kind_exactly_when_they_are_equal(rows: list[tuple[int, int]]) -> None:
    matrix = np.array(rows, dtype=np.uint64)
    first, kind = distinct_rows(matrix)
    assert (matrix[first[kind]] == matrix).all()
    assert len(first) == len(set(rows))


def test_rows_made_to_collide_stay_apart() -> None:
    # With the key known, a second word can be chosen so that any two first words hash alike.
    def mixed(value: np.uint64) -> np.uint64:
        value = value * strings.MULTIPLIER
        return value ^ (value >> strings.SHIFT)

    with np.errstate(over="ignore"):
        ones, twos = mixed(strings.SEED ^ np.uint64(1)), mixed(strings.SEED ^ np.uint64(2))
    matrix = np.array([[1, ones ^ np.uint64(9)], [2, twos ^ np.uint64(9)]], dtype=np.uint64)
    first, kind = distinct_rows(matrix)
    assert len(first) == 2
    assert kind[0] != kind[1]


@given(st.lists(st.binary(max_size=23).filter(lambda b: b"\0" not in b), max_size=50))
def test_a_column_of_strings_comes_back_from_the_dictionary(texts: list[bytes]) -> None:
    dictionary = Dictionary()
    field = np.array([t.ljust(24, b"\0") for t in texts], dtype="V24")
    codes = dictionary.encode(field, np.array([len(t) for t in texts], dtype=np.uint16))
    assert [dictionary.strings()[code] for code in codes] == texts
    assert len(set(dictionary.strings())) == len(dictionary.strings())
