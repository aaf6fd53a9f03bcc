import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.go_prints import go_float, plain, sprintf
from infra.cli.artifact.go_templates import render

SAID = json.loads((Path(__file__).parent / "templates.json").read_text())
"""Templates with what oras 1.3.6 makes of them, and those that it refuses; why is what we say."""


@pytest.mark.parametrize("example", SAID["examples"], ids=lambda example: example["template"][:40])
def test_examples(example: dict[str, str]) -> None:
    assert render(example["template"], SAID["data"]) == example["wanted"]


@pytest.mark.parametrize("example", SAID["refused"], ids=lambda example: example["template"][:40])
def test_what_cannot_be_is_refused_with_a_reason(example: dict[str, str]) -> None:
    with pytest.raises(ArtifactError, match=re.escape(example["why"])):
        render(example["template"], SAID["data"])


@given(st.text())
def test_text_without_actions_stays_as_it_is(text: str) -> None:
    if "{{" not in text:
        assert render(text, {}) == text


LANGUAGE = """{{ }} {{- -}} | ( ) . .a .b.c $ $x := , if else end range with define template block "t" 1 2.5 len
printf "%v" index join toJson nil true /* */ break continue"""
words = st.sampled_from([*LANGUAGE.split(), " "])


@given(st.lists(words, max_size=14).map(" ".join))
def test_whatever_is_written_is_rendered_or_refused(template: str) -> None:
    try:
        render(template, {"a": [1, "x", None], "b": {"c": 3}})
    except ArtifactError as error:
        assert error.what.startswith("template:")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_values_survive_json(value: object) -> None:
    template = "{{toJson .v}}{{if eq (toJson .v) (toJson (fromJson (toJson .v)))}} same{{end}}"
    assert render(template, {"v": value}).endswith(" same")


@given(st.lists(st.text(alphabet="abc", max_size=3)))
def test_what_is_split_may_be_joined_again(parts: list[str]) -> None:
    assert render('{{splitList "," .v | join ","}}', {"v": ",".join(parts)}) == ",".join(parts)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.5, "1.5"),
        (123456.0, "123456"),
        (1234567.0, "1.234567e+06"),
        (1234567.89, "1.23456789e+06"),
        (1e21, "1e+21"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-3.25, "-3.25"),
        (float("inf"), "+Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_floats_are_as_short_as_go_has_them(value: float, text: str) -> None:
    assert go_float(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_back(value: float) -> None:
    assert float(go_float(value)) == value


def test_values_are_printed_as_go_prints_them() -> None:
    assert plain({"b": 1.0, "a": ["x", None, True]}) == "map[a:[x <nil> true] b:1]"


def test_formats_say_what_does_not_fit() -> None:
    assert sprintf("%d %s %s", (1.0, "x")) == "%!d(float64=1) x %!s(MISSING)"
    assert sprintf("a", (1, "b")) == "a%!(EXTRA int=1, string=b)"
