import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.artifact.yaml_scalars import entry, scalar

SAID = {
    "plain": "plain",
    "with: colon": "'with: colon'",
    "yes": "'yes'",
    "y": "'y'",
    "true": '"true"',
    "123": '"123"',
    "": '""',
    " lead": "' lead'",
    "trail ": "'trail '",
    "a #c": "'a #c'",
    "'q'": "'''q'''",
    "multi\nline": "|-\n    multi\n    line",
    "multi\nend\n": "|\n    multi\n    end",
    "a\n\nb": "|-\n    a\n\n    b",
    "  two\nlines": "|4-\n      two\n    lines",
    "x \ny": '"x \\ny"',
    "- x": "'- x'",
    "-": "'-'",
    "tab\there": '"tab\\there"',
    "1.5": '"1.5"',
    "0x1f": '"0x1f"',
    "0o17": '"0o17"',
    "1:30": "'1:30'",
    "2026-01-01": '"2026-01-01"',
    "2026-01-01T00:00:00Z": '"2026-01-01T00:00:00Z"',
    "http://x/y?z=1": "http://x/y?z=1",
    "a\\b": "a\\b",
    "\x01ctl": '"\\x01ctl"',
    "emoji 😀": '"emoji \\U0001F600"',
    "héé": "héé",
    "?x": "?x",
    "x:": "'x:'",
    "<<": "'<<'",
    "~": '"~"',
    "@x": "'@x'",
    "NaN": "NaN",
    ".inf": '".inf"',
}
"""Texts with what oras 1.3.6 shows of them in a tree."""


@pytest.mark.parametrize(("text", "shown"), SAID.items())
def test_texts_are_quoted_where_they_would_be_read_as_something_else(text: str, shown: str) -> None:
    assert scalar(text) == shown


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_what_is_written_is_read_back(text: str) -> None:
    # This reader folds the breaks of lines that are none to Go.
    if not set(text) & set("\r\x85\u2028\u2029"):
        assert yaml.safe_load(entry("key", text)) == {"key": text}
