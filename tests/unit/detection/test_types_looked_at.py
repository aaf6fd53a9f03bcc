from pathlib import Path

from probes.events import NAMES
from streams.detection.filtering import call_filters
from streams.detection.loading import load_rules

RULES = """
- rule: A
  desc: d
  condition: {condition}
  output: o
  priority: NOTICE
  enabled: {enabled}
"""


def looked_at(tmp_path: Path, condition: str, *, enabled: bool = True) -> frozenset[str]:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.format(condition=condition, enabled=str(enabled).lower()))
    rules = load_rules([str(path)], builtin=False)
    assert not rules.errors
    return frozenset(call_filters(rules.rules, NAMES.values()))


def test_a_rule_is_looked_at_for_the_types_that_it_names(tmp_path: Path) -> None:
    assert looked_at(tmp_path, "evt.type in (setns, unshare) and proc.name = a") == {"setns", "unshare"}
    assert looked_at(tmp_path, "not evt.type = setns") == {*NAMES.values()} - {"setns"}
    assert looked_at(tmp_path, "evt.type = setns", enabled=False) == frozenset()


def test_a_rule_that_names_no_type_is_looked_at_for_all(tmp_path: Path) -> None:
    assert looked_at(tmp_path, "proc.name = a") == {*NAMES.values()}


def test_the_built_in_rules_need_few_calls() -> None:
    needed = call_filters(load_rules([], builtin=True).rules, NAMES.values())
    assert {*needed} == {"execve", "open", "openat", "openat2", "setns", "unshare"}
