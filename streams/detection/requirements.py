"""What a rule file says that it needs: a version of the rule language, and plugins."""

import re
from typing import Final

from streams.detection.entries import Entries
from streams.detection.problems import RuleErrors
from streams.detection.sources import Text

ENGINE: Final = (0, 62, 0)
"""The version of the rule language that is understood: that of Falco 0.44 (falco_engine_version.h)."""
VERSION: Final = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)


def check_engine_version(text: Text) -> None:
    """Raise RuleErrors for a version that is newer than ours; a number N is the version 0.N.0."""
    needed = _version(text)
    if needed > ENGINE:
        versions = f"{_written(needed)} of the rule language, and deedlog understands {_written(ENGINE)}"
        raise RuleErrors(text.problem(f"the file needs version {versions}", hint="its rules are left out"))


def note_plugin_versions(entries: Entries) -> None:
    """Put on record which plugins a file names; raise RuleErrors if it does not name them properly."""
    for node in entries.sequence("required_plugin_versions"):
        plugin = Entries(entries.document, node, "a required plugin is a mapping with name and version")
        _check_plugin(plugin)
        if "alternatives" in plugin:
            for other in plugin.sequence("alternatives"):
                _check_plugin(Entries(entries.document, other, "an alternative is a mapping with name and version"))
        message = f"deedlog has no plugins, so {plugin.text('name').value} is not asked for"
        entries.warn(plugin.text("name").node, message, "note")


def _check_plugin(plugin: Entries) -> None:
    plugin.text("name")
    version = plugin.text("version")
    if not VERSION.fullmatch(version.value):
        raise RuleErrors(version.problem(f"{version.value} is no version", hint="write it as 1.2.3"))


def _version(text: Text) -> tuple[int, ...]:
    value = text.value.strip()
    if NUMBER.fullmatch(value):
        return (0, int(value), 0)
    match = VERSION.fullmatch(value)
    if match is None:
        raise RuleErrors(text.problem(f"{value} is no version", hint="write a number, or a version such as 0.57.0"))
    return tuple(map(int, match.groups()))


def _written(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
