"""The rules of a pipeline: the built-in ones, those that were installed, and those of the settings."""

from pathlib import Path

from infra.config import Settings
from streams.detection.loading import load_rules
from streams.detection.rules import RuleSet


def configured_rules(settings: Settings) -> RuleSet:
    """Return all rules that the settings lead to, their own files last; what is wrong is in `problems`."""
    return load_rules((*installed(settings), *settings.rules), builtin=True)


def installed(settings: Settings) -> list[Path]:
    """Return the folders of installed rules, in the order of their names."""
    return sorted(path for path in settings.installed_rules.glob("*") if path.is_dir() and path.name[0] != ".")
