"""What stands for a quarantined artifact where a registry does not remove tags, so that who pulls is told why."""

from typing import Final

import msgspec

PLACEHOLDER_TYPE: Final = "application/vnd.deedlog.quarantine.v1"
DIGEST: Final = "dev.deedlog.quarantine.digest"
REASON: Final = "dev.deedlog.quarantine.reason"
QUARANTINE: Final = "dev.deedlog.quarantine.name"


class Barred(msgspec.Struct, frozen=True):
    """What a placeholder says of the artifact that it stands for."""

    quarantine: str
    reason: str


def barred(artifact_type: str | None, annotations: dict[str, str] | None) -> Barred | None:
    """Return what a manifest of this type and with these annotations says if it is a placeholder, else None."""
    if artifact_type != PLACEHOLDER_TYPE:
        return None
    notes = annotations or {}
    return Barred(notes.get(QUARANTINE, ""), notes.get(REASON, ""))
