"""The webhook is answered when Kafka has the batch, and told to come again while Kafka is away."""

import json
import signal
from pathlib import Path

import pytest

from infra.config import Settings
from schemas.topics import K8S_AUDIT
from schemas.types.audit import AuditEvent
from streams.log import read
from tests.conftest import start_broker, stop
from tests.integration.api.test_service import api
from tests.integration.worker.test_audit_logs import audit_event, batch, post

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


def on_record(settings: Settings) -> list[AuditEvent]:
    messages = read(settings.kafka, K8S_AUDIT, registry=settings.registry)
    return [message.event for message in messages if isinstance(message.event, AuditEvent)]


def test_an_outage_of_kafka_loses_nothing_that_is_sent_again(settings: Settings, tmp_path: Path) -> None:
    with api(settings, tmp_path) as service:
        broker = start_broker(settings)
        service.told("READY", "1")
        assert post(settings, batch(audit_event("before")))[0] == 200
        broker.kill()
        broker.wait()
        code, said = post(settings, batch(audit_event("meanwhile")))
        assert code == 503, said
        assert post(settings, batch(audit_event("more")))[0] == 503
        broker = start_broker(settings)
        for id in ("meanwhile", "more"):
            assert again(settings, id)[0] == 200
        ids = [event.id for event in on_record(settings)]
        assert {id.partition("/")[0] for id in ids} == {"before", "meanwhile", "more"}
        assert len(ids) <= 4  # a batch that was refused may be on Kafka all the same; its ids tell
        service.process.send_signal(signal.SIGTERM)
        assert service.ends()[0] == 0
        stop(broker)


def again(settings: Settings, id: str) -> tuple[int, object]:
    """Send a batch as often as the webhook would."""
    for _ in range(10):
        answer = post(settings, json.dumps(audit_event(id)).encode())
        if answer[0] != 503:
            break
    return answer
