"""Whether acts of clients wait to be put on the log."""

from infra.artifacts.acts import spool_of
from infra.config import Settings
from infra.doctor.finding import Finding, ok, warn


def spool(settings: Settings) -> Finding:
    """Say how many records wait, and whether some were dropped."""
    found = spool_of(settings)
    waiting, dropped = found.waiting(), found.dropped()
    if dropped:
        fix = f"start the pipeline, then remove {found.folder / 'dropped'}"
        return warn(f"{dropped:,} records of acts were dropped, because too many waited", fix)
    if waiting:
        return warn(f"{waiting:,} records of acts wait to be put on the log", "deedlog status")
    return ok("no records of acts wait")
