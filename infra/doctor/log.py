"""Checks of the log itself: do the broker and the schema registry answer?"""

import http.client
from typing import Final

from infra.config import Settings
from infra.doctor.finding import Finding, fail, ok
from infra.supervisor.state import holder

ANSWER_SECONDS: Final = 5.0
NOT_YET: Final = "starts with the pipeline"


def broker(settings: Settings) -> Finding:
    """Check that the broker answers, if it should by now."""
    if settings.embedded and holder(settings) is None:
        return ok(NOT_YET)
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})
    try:
        found = admin.list_topics(timeout=ANSWER_SECONDS)
    except KafkaException as error:
        fix = "deedlog status" if settings.embedded else "check bootstrap_servers: deedlog config show --origin"
        return fail(f"no broker answers at {settings.kafka}: {error.args[0].str()}", fix)
    return ok(f"{settings.kafka}: {len(found.brokers)} broker(s), {len(found.topics)} topics")


def registry(settings: Settings) -> Finding:
    """Check that the schema registry answers, if it should by now."""
    if not settings.registry_url and holder(settings) is None:
        return ok(NOT_YET)
    from infra.services.dependencies import subjects

    try:
        found = subjects(settings.registry)
    except (OSError, http.client.HTTPException, ValueError) as error:
        fix = "check registry_url: deedlog config show --origin" if settings.registry_url else "deedlog status"
        return fail(f"no schema registry answers at {settings.registry}: {error}", fix)
    return ok(f"{settings.registry}: {len(found)} subjects")
