"""What a rule file says that it needs: a version of the rule language, and plugins."""

import re
from typing import Final

from streams.detection.entries import Entries
from streams.detection.problems import RuleError, RuleErrors
from streams.detection.sources import Text

ENGINE: Final = (0, 62, 0)
"""The version of the rule language that is understood: that of Falco 0.44 (falco_engine_version.h)."""
PLUGINS: Final = {"container": (0, 7, 1), "k8saudit": (0, 18, 0), "cloudtrail": (0, 17, 1), "json": (0, 7, 4)}
"""Plugins of Falco whose job deedlog does by itself, and the versions whose fields it has."""
VERSION: Final = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)


def check_engine_version(text: Text) -> None:
    """Raise RuleErrors for a version that is newer than ours; a number N is the version 0.N.0."""
    needed = _version(text)
    if needed > ENGINE:
        versions = f"{_written(needed)} of the rule language, and deedlog understands {_written(ENGINE)}"
        raise RuleErrors(text.problem(f"the file needs version {versions}", hint="its rules are left out"))


def check_plugin_versions(entries: Entries) -> None:
    """Raise RuleErrors if a file needs a plugin, of it and its alternatives, whose job deedlog does not do."""
    problems = []
    for node in entries.sequence("required_plugin_versions"):
        plugin = Entries(entries.document, node, "a required plugin is a mapping with name and version")
        what = "an alternative is a mapping with name and version"
        others = plugin.sequence("alternatives") if "alternatives" in plugin else []
        needed = [_plugin(one) for one in (plugin, *(Entries(entries.document, other, what) for other in others))]
        if not any(_is_done(name.value, version) for name, version in needed):
            problems.append(_missing(*needed[0]))
    if problems:
        raise RuleErrors(*problems)


def _plugin(plugin: Entries) -> tuple[Text, tuple[int, ...]]:
    name, version = plugin.text("name"), plugin.text("version")
    match = VERSION.fullmatch(version.value)
    if match is None:
        raise RuleErrors(version.problem(f"{version.value} is no version", hint="write it as 1.2.3"))
    return name, tuple(map(int, match.groups()))


def _is_done(name: str, version: tuple[int, ...]) -> bool:
    """Versions of one major number can stand for earlier ones, as in Falco."""
    ours = PLUGINS.get(name)
    return ours is not None and ours[0] == version[0] and ours >= version


def _missing(name: Text, version: tuple[int, ...]) -> RuleError:
    ours = PLUGINS.get(name.value)
    known = ", ".join(f"{plugin} {_written(done)}" for plugin, done in PLUGINS.items())
    message = f"the file needs {name.value} {_written(version)}, whose job deedlog does not do"
    if ours is not None:
        message = f"the file needs {name.value} {_written(version)}, and deedlog does what {_written(ours)} does"
    return name.problem(message, hint=f"deedlog stands for {known}")


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
