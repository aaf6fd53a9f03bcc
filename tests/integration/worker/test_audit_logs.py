"""Audit logs come in by the webhook and from files, and go through Kafka to the worker."""

import gzip
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from infra.config import Settings
from schemas.topics import K8S_AUDIT
from schemas.types.alerts import Alert
from schemas.types.audit import AuditEvent
from streams.detection.loading import load_rules
from streams.replay import replay
from tests.integration.cli.conftest import Program
from tests.integration.worker.conftest import Feed, Service, running, worker_settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
RULES = """
- rule: Secret read
  desc: somebody read a secret
  condition: ka.verb = get and ka.target.resource = secrets
  output: "%ka.user.name read %ka.target.namespace/%ka.target.name"
  priority: NOTICE
  source: k8s_audit
- rule: User made
  desc: a user was made
  condition: ct.name = CreateUser and not ct.error exists
  output: "%ct.user made %ct.request.username"
  priority: NOTICE
  source: aws_cloudtrail
"""


def audit_event(id: str, verb: str = "get") -> dict[str, Any]:
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": id,
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/shop/secrets/key",
        "verb": verb,
        "user": {"username": "mallory"},
        "objectRef": {"resource": "secrets", "namespace": "shop", "name": "key"},
        "responseStatus": {"code": 200},
        "stageTimestamp": "2026-11-23T07:52:04.839666Z",
    }


def post(settings: Settings, body: bytes, *, query: str = "", kind: str = "application/json") -> tuple[int, Any]:
    url = f"http://127.0.0.1:{settings.api_port}/k8s-audit{query}"
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def batch(*events: Any) -> bytes:
    return json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": events}).encode()


@pytest.fixture
def worker(registered: Settings, tmp_path: Path) -> Any:
    settings = worker_settings(registered, tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    with running("infra.services.worker", settings, tmp_path) as service:
        service.until(lambda told: told.get("READY") == "1")
        yield service


def alerts_of(feed: Feed, id: str) -> list[Alert]:
    from schemas.topics import ALERTS

    return [alert for alert in feed.all(ALERTS) if isinstance(alert, Alert) and alert.id.startswith(id)]


def test_what_the_webhook_sends_is_on_kafka_when_it_is_answered_and_then_judged(feed: Feed, worker: Service) -> None:
    id = uuid4().hex
    code, said = post(feed.settings, batch(audit_event(id), audit_event(id + "x", "list")), query="?cluster=prod")
    assert (code, said) == (200, {"events": 2})
    events = [e for e in feed.all(K8S_AUDIT) if isinstance(e, AuditEvent) and e.id.startswith(id)]
    assert [json.loads(event.text) for event in events] == [audit_event(id), audit_event(id + "x", "list")]
    feed.until(lambda: bool(alerts_of(feed, id)))
    (alert,) = alerts_of(feed, id)
    assert alert.output == "mallory read shop/key"
    assert (alert.source, alert.node, alert.id) == ("k8s_audit", "prod", f"{id}/ResponseComplete/Secret read")
    worker.until(lambda told: "audit events judged" in told.get("STATUS", ""))


def test_a_batch_that_comes_twice_gives_alerts_of_the_same_ids(feed: Feed, worker: Service) -> None:
    id = uuid4().hex
    for _ in range(2):
        assert post(feed.settings, batch(audit_event(id)))[0] == 200
    feed.until(lambda: len(alerts_of(feed, id)) == 2)
    assert len({alert.id for alert in alerts_of(feed, id)}) == 1


def test_an_item_that_is_no_event_is_put_aside_and_the_others_judged(feed: Feed, worker: Service) -> None:
    id, mark = uuid4().hex, uuid4().hex
    assert post(feed.settings, batch({"not": mark}, audit_event(id)))[0] == 200
    feed.until(lambda: bool(alerts_of(feed, id)))
    feed.until(lambda: any(mark.encode() in (letter.value or b"") for letter in feed.dead_letters()))
    letter = next(one for one in feed.dead_letters() if mark.encode() in (one.value or b""))
    assert (letter.topic, letter.reason) == ("k8s-audit", "invalid-event")
    assert "has not what tells an event of k8s_audit" in letter.detail


@pytest.mark.parametrize(
    ("body", "kind", "code", "message"),
    [
        (b"no json", "application/json", 400, "No audit event"),
        (b'{"Records":[{"eventID":"a","eventName":"b"}]}', "application/json", 400, "no audit events of Kubernetes"),
        (b"{}", "text/plain", 415, "application/json"),
        (b" " * ((16 << 20) + 1), "application/json", 413, "smaller batches"),
    ],
)
def test_what_the_webhook_would_not_send_is_refused(
    registered: Settings, body: bytes, kind: str, code: int, message: str
) -> None:
    got, said = post(registered, body, kind=kind)
    assert got == code
    assert message in said["message"]


def test_logs_are_imported_and_replayed(registered: Settings, tmp_path: Path) -> None:
    id = uuid4().hex
    program = Program(msgspec.structs.replace(registered, registry_url=registered.registry))
    (tmp_path / "a.jsonl").write_text(json.dumps(audit_event(id)) + "\nbroken\n")
    trail = {"eventID": id, "eventName": "CreateUser", "eventTime": "2026-11-23T08:00:00Z"} | {
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
        "requestParameters": {"userName": "bob"},
    }
    (tmp_path / "t.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [trail]}).encode()))
    code, _, err = program.run("events", "import", str(tmp_path / "a.jsonl"), "--node", "old")
    assert code == 0, err
    assert "1 Kubernetes audit events of a.jsonl are on record" in err
    assert "1 texts are no events" in err
    code, _, err = program.run("events", "import", str(tmp_path / "t.json.gz"))
    assert code == 0, err
    assert "1 CloudTrail events of t.json.gz are on record" in err
    (tmp_path / "r.yaml").write_text(RULES)
    since = 1_795_420_324_000_000_000
    rules = load_rules([tmp_path / "r.yaml"])
    again = list(replay(registered.kafka, registered.registry, rules, since, time.time_ns()))
    assert [alert.output for alert in again if alert.id.startswith(id)] == ["mallory read shop/key", "alice made bob"]


def test_what_is_json_and_no_log_is_told(registered: Settings, tmp_path: Path) -> None:
    program = Program(msgspec.structs.replace(registered, registry_url=registered.registry))
    (tmp_path / "x.json").write_text('{"a": 1}')
    code, _, err = program.run("events", "import", str(tmp_path / "x.json"))
    assert code == 1
    assert "x.json is no audit log" in err
