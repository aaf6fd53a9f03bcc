"""The fields of each source of events that is judged."""

from collections.abc import Mapping
from typing import Final

from streams.detection.audit import cloudtrail, kubernetes
from streams.detection.fields import FIELDS
from streams.detection.fields.field import AnyField

Table = Mapping[str, AnyField]

SYSCALL: Final = "syscall"
TABLES: Final[dict[str, Table]] = {
    SYSCALL: FIELDS,
    "k8s_audit": kubernetes.FIELDS,
    "aws_cloudtrail": cloudtrail.FIELDS,
}
"""Fields by the name that rules call the source."""


def sources_of(field: str) -> tuple[str, ...]:
    """Return the sources whose events have the field."""
    return tuple(source for source, table in TABLES.items() if field in table)
