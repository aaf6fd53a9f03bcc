"""Recorded events of a Kubernetes API server, judged by Falco's own rules: exactly what their labels say."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from producers.audit import events_in
from schemas.types.alerts import Alert
from streams.detection.audit.judge import AuditJudge
from streams.detection.loading import load_texts

SHARED = Path(__file__).parents[5] / "shared/data"
RULES = SHARED / "falco-rules/k8s_audit_rules.yaml"
INDEX: dict[str, Any] = msgspec.json.decode((SHARED / "k8s-audit/index.json").read_bytes())
ALL_EVENTS = "All K8s Audit Events"
SWITCHED_ON = """
- macro: allowed_k8s_containers
  condition: (ka.req.pod.containers.image.repository in (nginx, registry.example.com/shop/web))
  override: {condition: replace}
- macro: allowed_full_admin_users
  condition: (k8s_audit_never_true)
  override: {condition: replace}
- macro: allow_all_k8s_nodes
  condition: (k8s_audit_never_true)
  override: {condition: replace}
- macro: consider_all_events
  condition: (k8s_audit_always_true)
  override: {condition: replace}
"""


def judged(*more: str) -> dict[str, list[Alert]]:
    texts = [("k8s_audit_rules.yaml", RULES.read_bytes()), *((f"{n}.yaml", t.encode()) for n, t in enumerate(more))]
    rules = load_texts(texts)
    assert not rules.errors
    judge = AuditJudge(rules)
    lines = (SHARED / "k8s-audit/audit.jsonl").read_bytes()
    return {event.id: judge.judge(event, number) for number, event in enumerate(events_in(lines, node="test"), 1)}


def labels(*keys: str) -> dict[str, set[str]]:
    """Return the rules that are expected of each event, by its id."""
    steps = [event for step in INDEX["steps"] for event in step["events"] + step.get("caused_events", [])]
    events = steps + INDEX["routine"]["with_expected_rules"]
    return {f"{one['auditID']}/{one['stage']}": {rule for key in keys for rule in one.get(key, ())} for one in events}


def test_every_event_gives_exactly_the_alerts_of_its_label() -> None:
    alerts, expected = judged(), labels("expected")
    assert len(alerts) == INDEX["events"]
    found = {id: {alert.rule for alert in of_event} for id, of_event in alerts.items()}
    assert found == {id: expected.get(id, set()) for id in alerts}
    per_rule = [alert.rule for found in alerts.values() for alert in found]
    assert {rule: per_rule.count(rule) for rule in INDEX["rules"]} == {
        rule: one["events_expected"] for rule, one in INDEX["rules"].items()
    }


def test_rules_that_are_switched_off_give_their_labels_when_switched_on() -> None:
    alerts, expected = judged(SWITCHED_ON), labels("expected", "expected_if_switched_on")
    found = {id: {alert.rule for alert in found} for id, found in alerts.items()}
    for id, rules in expected.items():
        assert found[id] - {ALL_EVENTS} == rules
    complete = {id for id in alerts if id.endswith("/ResponseComplete")}
    assert {id for id, rules in found.items() if ALL_EVENTS in rules} == complete


@pytest.mark.parametrize("rule", ["Create Privileged Pod", "K8s Secret Get Successfully", "Attach/Exec Pod"])
def test_an_alert_says_what_the_event_does(rule: str) -> None:
    id, alert = next((id, alert) for id, found in judged().items() for alert in found if alert.rule == rule)
    assert alert.id == f"{id}/{rule}"
    assert alert.source == "k8s_audit"
    assert alert.events == (id,)
    assert alert.node == "test"
    assert alert.time > 1_700_000_000_000_000_000
    assert alert.fields["ka.user.name"]
    assert str(alert.fields["ka.user.name"]) in alert.output
