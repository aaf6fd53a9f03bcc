"""What a rule file says that it needs."""

import pytest

from streams.detection.loading import load_texts
from streams.detection.problems import RuleError
from streams.detection.rules import RuleSet

GOOD = "\n- {rule: R, desc: d, condition: evt.type = open, output: o, priority: INFO}"


def load(text: str) -> RuleSet:
    return load_texts([("a.yaml", (text + GOOD).encode()), ("b.yaml", GOOD.replace("R", "S").encode())])


def marked(problem: RuleError) -> str:
    place = problem.place
    return place.text[place.column - 1 : place.column - 1 + place.width]


@pytest.mark.parametrize("version", ["0", "10", "62", "0.57.0", "0.62.0", "0.10.0-rc1+x"])
def test_an_engine_version_up_to_ours_is_taken(version: str) -> None:
    found = load(f"- required_engine_version: {version}")
    assert not found.problems
    assert len(found.rules) == 2


@pytest.mark.parametrize(("version", "named"), [("63", "0.63.0"), ("0.62.1", "0.62.1"), ("1.0.0", "1.0.0")])
def test_a_newer_engine_version_costs_the_file_and_names_both(version: str, named: str) -> None:
    found = load(f"- required_engine_version: {version}")
    (problem,) = found.errors
    assert named in problem.message
    assert "0.62.0" in problem.message
    assert marked(problem) == version
    assert [rule.name for rule in found.rules] == ["S"]


@pytest.mark.parametrize("version", ["new", "1.2", "-3", "[1]", "''"])
def test_what_is_no_engine_version_is_an_error(version: str) -> None:
    (problem,) = load(f"- required_engine_version: {version}").errors
    assert "required_engine_version" in problem.message or "no version" in problem.message


@pytest.mark.parametrize(
    "plugins",
    [
        "{name: container, version: 0.2.2, alternatives: [{name: b, version: 1.0.0}]}",
        "{name: b, version: 1.0.0, alternatives: [{name: c, version: 1.0.0}, {name: k8saudit, version: 0.18.0}]}",
        "{name: json, version: 0.7.0}, {name: cloudtrail, version: 0.10.0}",
    ],
)
def test_plugins_whose_job_is_done_are_not_missed(plugins: str) -> None:
    found = load(f"- required_plugin_versions: [{plugins}]")
    assert not found.problems
    assert len(found.rules) == 2


@pytest.mark.parametrize(
    ("plugins", "mark", "message"),
    [
        ("{name: okta, version: 0.11.0}", "okta", "whose job deedlog does not do"),
        ("{name: okta, version: 0.11.0, alternatives: [{name: b, version: 1.0.0}]}", "okta", "whose job"),
        ("{name: json, version: 0.7.0}, {name: json, version: 0.99.0}", "json", "deedlog does what 0.7.4 does"),
        ("{name: container, version: 1.0.0}", "container", "deedlog does what 0.7.1 does"),
    ],
)
def test_other_plugins_and_newer_ones_are_an_error_that_costs_no_rule(plugins: str, mark: str, message: str) -> None:
    found = load(f"- required_plugin_versions: [{plugins}]")
    (problem,) = found.errors
    assert message in problem.message
    assert marked(problem) == mark
    assert len(found.rules) == 2


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ("a", "must be a list"),
        ("[a]", "a mapping with name and version"),
        ("[{name: a}]", "version is missing"),
        ("[{version: 1.2.3}]", "name is missing"),
        ("[{name: a, version: '1'}]", "is no version"),
        ("[{name: a, version: 1.2.3, alternatives: [{name: b, version: x}]}]", "x is no version"),
    ],
)
def test_required_plugins_that_cannot_be_read_are_an_error_that_costs_no_rule(plugins: str, message: str) -> None:
    found = load(f"- required_plugin_versions: {plugins}")
    (problem,) = found.errors
    assert message in problem.message
    assert len(found.rules) == 2
