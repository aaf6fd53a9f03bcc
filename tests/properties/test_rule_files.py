"""Rule files of any shape: whatever stands where, loading ends and says what is wrong."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.detection.judge import Judge
from streams.detection.loading import load_texts

WORDS = ("a", "b", "proc.name", "evt.num", "in", "=", "append", "replace", "and proc.name = x", "or b", "1", "(a", "")
TEXTS = st.sampled_from([*WORDS, "evt.type = open", "tolower(proc.name) = a", "%proc.name", "INFO", "k8s_audit"])
ANY: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-1, 99),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
ROWS = st.lists(TEXTS | st.lists(TEXTS | st.lists(TEXTS, max_size=2), max_size=2), max_size=3)
EXCEPTIONS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("ef")},
        optional={"fields": TEXTS | st.lists(TEXTS, max_size=2) | ANY, "comps": TEXTS | ANY, "values": ROWS | ANY},
    ),
    max_size=2,
)
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "condition": TEXTS,
    "items": st.lists(TEXTS, max_size=3),
    "desc": TEXTS,
    "output": TEXTS,
    "priority": TEXTS,
    "tags": st.lists(TEXTS, max_size=2),
    "enabled": st.booleans(),
    "source": TEXTS,
    "append": st.booleans(),
    "skip-if-unknown-filter": st.booleans(),
    "capture_duration": st.integers(-1, 5),
    "exceptions": EXCEPTIONS,
    "required_engine_version": TEXTS | st.integers(0, 99),
    "required_plugin_versions": st.lists(st.dictionaries(st.sampled_from(["name", "version"]), TEXTS), max_size=2),
}
OVERRIDES = st.dictionaries(st.sampled_from([*KEYS]), st.sampled_from(["append", "replace", "no"]), max_size=3)
KINDS = st.sampled_from(["rule", "macro", "list"])
FULL = {"desc": "d", "condition": "proc.name = a or evt.type = open", "output": "o", "priority": "INFO"}


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(KINDS)
    full = FULL if kind == "rule" and draw(st.booleans()) else {}
    more = draw(
        st.fixed_dictionaries({}, optional={k: v | ANY for k, v in KEYS.items()} | {"override": OVERRIDES | ANY})
    )
    few = dict(list(more.items())[: draw(st.integers(0, 4))])
    return {kind: draw(st.sampled_from("ab") | ANY), **full, **few}


@settings(max_examples=300, deadline=None)
@given(st.lists(items(), max_size=4), st.lists(items() | ANY, max_size=4))
def test_any_items_load_or_it_is_said_why_not(first: list[Any], second: list[Any]) -> None:
    base = [{"rule": "a", **FULL}, {"list": "b", "items": ["x"]}, {"macro": "b", "condition": "proc.name in (b)"}]
    texts = [base, first, second]
    found = load_texts([(f"{n}.yaml", json.dumps(text).encode()) for n, text in enumerate(texts)])
    for problem in found.problems:
        assert problem.message
        assert str(problem)
        assert problem.place.column <= len(problem.place.text) + 1
    assert len(Judge(found).rules) == sum(rule.enabled for rule in found.rules)
