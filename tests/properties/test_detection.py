"""The column engine and one that judges one event at a time agree; what is printed parses to the same."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.detection.judge import Judge
from streams.detection.loading import load_texts
from streams.detection.parsing import ConditionSyntaxError, parse_condition
from streams.detection.printing import printed
from streams.detection.rules import RuleSet
from streams.detection.syntax import Condition, without_places
from tests.oracle import holds
from tests.properties.conditions import CALLS, LISTS, checks, conditions
from tests.synthetic import Call, batch_of

PLANS_ALONE = 2
"""An automaton that may have so few states is given up at once, and plans judge."""


def rules_of(condition: Condition, macros: dict[str, Condition]) -> RuleSet:
    """Load a condition the way that users give it: as text in a YAML file."""
    items = [f"- list: {name}\n  items: {json.dumps(values)}" for name, values in LISTS.items()]
    items += [f"- macro: {name}\n  condition: |\n    {printed(macro)}" for name, macro in macros.items()]
    output = "%evt.type %fd.name %proc.cmdline %proc.aname %container.name %evt.num %evt.failed"
    rule = f"- rule: r\n  desc: d\n  condition: |\n    {printed(condition)}\n  output: '{output}'\n  priority: info"
    return load_texts([("rules.yaml", "\n".join([*items, rule]).encode())])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions(("m",)), checks(), st.lists(CALLS, min_size=1, max_size=12))
def test_columns_and_single_events_are_judged_alike(condition: Condition, macro: Condition, calls: list[Call]) -> None:
    rules = rules_of(condition, {"m": macro})
    assert not rules.errors, rules.errors
    judges = (Judge(rules), Judge(rules, max_states=PLANS_ALONE))
    expected = [place for place, call in enumerate(calls) if holds(condition, call, {"m": macro}, LISTS)]
    batch = batch_of(*calls)
    for judge in judges * 2:
        alerts = judge.judge(batch)
        assert [(a.id, a.time) for a in alerts] == [(f"s:{calls[i].number:x}/r", calls[i].time) for i in expected]


@given(conditions(("m", "other")))
def test_a_condition_prints_back_to_the_same(condition: Condition) -> None:
    assert without_places(parse_condition(printed(condition))) == condition


@given(st.text(alphabet="abc.()=!<>\"'\\ ,[]%&|\n", max_size=40) | st.text(max_size=40))
def test_any_text_parses_or_says_where_it_does_not(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ConditionSyntaxError as error:
        assert 0 <= error.at < error.end <= len(text) + 1
        assert error.message
    else:
        assert without_places(parse_condition(printed(condition))) == without_places(condition)
