"""Which system calls are recorded: by the settings, what the loaded rules can match or everything."""

from infra.config import Settings
from probes import events
from schemas.call_filter import EVERYTHING, CallFilter
from streams.detection.filtering import call_filters
from streams.detection.loading import load_rules
from streams.detection.rules import RuleSet


def configured_rules(settings: Settings) -> RuleSet:
    """Return the built-in rules and those of the settings."""
    return load_rules(settings.rules, builtin=True)


def recorded_calls(settings: Settings, rules: RuleSet) -> dict[str, CallFilter]:
    """Return the event types to record, and what of each."""
    if settings.record == "everything":
        return dict.fromkeys(events.NAMES.values(), EVERYTHING)
    return call_filters(rules.rules, events.NAMES.values())
