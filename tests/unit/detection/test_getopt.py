"""What `getopt` finds, as its own tests in falcosecurity/libs have it (filter_transformer.ut.cpp)."""

import getopt as posix

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detection.getopt import options_of, value_of


@pytest.mark.parametrize(
    ("words", "letters", "found"),
    [
        (["-n", ""], "n", ["n"]),
        (["-t", "hello"], "t:", ["t", "hello"]),
        (["-nt", "hello"], "nt:", ["n", "t", "hello"]),
        (["-thello"], "t:", ["t", "hello"]),
        (["-n", "--", "-t"], "nt:", ["n"]),
        (["-x", "-n"], "n", ["?", "n"]),
        (["-l", "-p", "8080", "-e", "/bin/sh"], "lp:e:", ["l", "p", "8080", "e", "/bin/sh"]),
        (["-lpe", "/bin/sh"], "lpe:", ["l", "p", "e", "/bin/sh"]),
        (["-lpe", "/bin/sh"], "lp:e:", ["l", "p", "e"]),
        (["-n", "-t"], "", ["?", "?"]),
        ([""], "n", []),
        (["a", "-n"], "n", []),
        (["-", "-n"], "n", []),
        (["-t"], "t:", [""]),
        (["-t"], ":t:", [""]),
        (["-abcvalue"], "abc:", ["a", "b", "c", "value"]),
        (["--exec", "-n"], "n", ["n"]),
        (["-:"], ":n", ["?"]),
    ],
)
def test_options_and_values(words: list[str], letters: str, found: list[str]) -> None:
    assert options_of(words, letters) == found


@pytest.mark.parametrize(
    ("words", "wanted", "value"),
    [
        (["-p", "1", "-p2"], "p", "2"),
        (["-n"], "n", "n"),
        (["-p"], "p", ""),
        (["-n"], "p", None),
        (["-x", "-n"], "x", None),
    ],
)
def test_the_value_of_one_option(words: list[str], wanted: str, value: str | None) -> None:
    assert value_of(words, "np:", wanted) == value


@given(st.lists(st.text(alphabet="-npx", min_size=1, max_size=4), max_size=5))
def test_what_python_takes_is_read_as_python_reads_it(words: list[str]) -> None:
    try:
        pairs, _ = posix.getopt(words, "np:x")
    except posix.GetoptError:
        return
    if any(word.startswith("--") and len(word) > 2 for word in words):
        return
    expected = [part for option, value in pairs for part in ([option[1:], value] if option == "-p" else [option[1:]])]
    assert options_of(words, "np:x") == expected
