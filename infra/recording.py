"""Which system calls are recorded: by the settings, what the loaded rules can match or everything."""

from infra.config import Settings
from probes import events
from schemas.call_filter import EVERYTHING, CallFilter
from streams.detection.filtering import call_filters
from streams.detection.rules import RuleSet


def recorded_calls(settings: Settings, rules: RuleSet) -> dict[str, CallFilter]:
    """Return the event types to record, and what of each."""
    if settings.record == "everything":
        return dict.fromkeys(events.NAMES.values(), EVERYTHING)
    return call_filters(rules.rules, events.NAMES.values())
