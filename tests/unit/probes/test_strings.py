import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from probes.strings import Dictionary


@given(st.lists(st.binary(max_size=23).filter(lambda b: b"\0" not in b), max_size=50))
def test_a_column_of_strings_comes_back_from_the_dictionary(texts: list[bytes]) -> None:
    dictionary = Dictionary()
    field = np.array([t.ljust(24, b"\0") for t in texts], dtype="V24")
    codes = dictionary.encode(field, np.array([len(t) for t in texts], dtype=np.uint16))
    assert [dictionary.strings()[code] for code in codes] == texts
    assert len(set(dictionary.strings())) == len(dictionary.strings())
