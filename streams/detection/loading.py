"""Loads rule files: one bad rule does not stop the others."""

from collections.abc import Iterable, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeVar

import msgspec

from streams.detection.binding import Scope, bind, parsed
from streams.detection.definitions import Item, ListItem, MacroItem, RuleItem, Switch, read_items
from streams.detection.names import expand_lists, understand_macros
from streams.detection.outputs import parse_template
from streams.detection.problems import Place, RuleError, RuleErrors, did_you_mean
from streams.detection.rules import Rule, RuleSet
from streams.detection.sources import read_document

SUFFIXES = (".yaml", ".yml")
Named = TypeVar("Named", ListItem, MacroItem, RuleItem)


def load_rules(paths: Iterable[str | Path], *, builtin: bool = False) -> RuleSet:
    """Return the rules in files and folders, the built-in ones before them if asked for.

    An item of a later file replaces the one of its name. What is wrong is in `problems`; nothing is raised.
    """
    own = builtin_files() if builtin else []
    read: list[tuple[str, bytes | RuleError]] = list(own)
    for path in paths:
        read += [(str(file), _read(file)) for file in _files(Path(path))]
    problems = [data for _, data in read if isinstance(data, RuleError)]
    rules = load_texts([(name, data) for name, data in read if isinstance(data, bytes)])
    return RuleSet(rules.rules, (*problems, *rules.problems))


def builtin_files() -> list[tuple[str, bytes]]:
    """Return the names and contents of the rule files that deedlog brings along."""
    with as_file(files("streams") / "rules") as folder:
        return [(f"built-in/{path.name}", path.read_bytes()) for path in sorted(folder.glob("*.yaml"))]


def load_texts(texts: Sequence[tuple[str, bytes]]) -> RuleSet:
    """Return the rules in the contents of files, given with their names."""
    return _Loader().load(texts)


class _Loader:
    def __init__(self) -> None:
        self.lists: dict[str, ListItem] = {}
        self.macros: dict[str, MacroItem] = {}
        self.rules: dict[str, RuleItem] = {}
        self.problems: list[RuleError] = []

    def load(self, texts: Sequence[tuple[str, bytes]]) -> RuleSet:
        for name, data in texts:
            self.add_file(name, data)
        scope = understand_macros(self.macros, expand_lists(self.lists, self.report), self.report)
        rules = [rule for item in self.rules.values() if (rule := self.understood(item, scope))]
        files = {name: number for number, (name, _) in enumerate(texts)}
        self.problems.sort(key=lambda problem: (files[problem.place.file], problem.place.line, problem.place.column))
        return RuleSet(tuple(rules), tuple(self.problems))

    def add_file(self, name: str, data: bytes) -> None:
        try:
            items, problems = read_items(read_document(name, data))
        except RuleErrors as error:
            items, problems = [], list(error.problems)
        self.problems += problems
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        match item:
            case ListItem():
                self.define(self.lists, item, "list")
            case MacroItem():
                self.define(self.macros, item, "macro")
            case RuleItem():
                self.define(self.rules, item, "rule")
            case Switch():
                self.switch(item)

    def define(self, known: dict[str, Named], item: Named, kind: str) -> None:
        """Take an item in. Within a file a name twice is a mistake; a later file replaces on purpose."""
        name = item.name.value
        earlier = known.get(name)
        if earlier is not None:
            where = earlier.name.place()
            if earlier.name.document is item.name.document:
                message = f"there is a {kind} of this name already, in line {where.line}"
                self.report(f"{kind} {name}", [item.name.problem(message, hint="the earlier one stays")])
                return
            note = f"replaces the {kind} of {where.file}:{where.line}"
            self.report(f"{kind} {name}", [item.name.problem(note, level="note")])
        known[name] = item

    def switch(self, item: Switch) -> None:
        name = item.name.value
        rule = self.rules.get(name)
        if rule is None:
            hint = did_you_mean(name, self.rules)
            self.report(f"rule {name}", [item.name.problem("there is no rule of this name above", hint=hint)])
        else:
            self.rules[name] = msgspec.structs.replace(rule, enabled=item.enabled)

    def understood(self, item: RuleItem, scope: Scope) -> Rule | None:
        """Return the rule, or None with all that is wrong with it on record."""
        subject = f"rule {item.name.value}"
        meaning = template = None
        try:
            meaning, warnings = bind(parsed(item.condition), item.condition, scope)
            self.report(subject, warnings)
        except RuleErrors as error:
            self.report(subject, error.problems)
        try:
            template = parse_template(item.output)
        except RuleErrors as error:
            self.report(subject, error.problems)
        if meaning is None or template is None:
            return None
        return Rule(
            name=item.name.value,
            desc=item.desc,
            priority=item.priority,
            tags=item.tags,
            enabled=item.enabled,
            condition=item.condition.value.strip(),
            expression=meaning.expression,
            output=template,
            place=item.name.place(),
        )

    def report(self, subject: str, problems: Iterable[RuleError]) -> None:
        self.problems += [msgspec.structs.replace(problem, subject=problem.subject or subject) for problem in problems]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
    return [path]


def _read(path: Path) -> bytes | RuleError:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"the rule file cannot be read: {error.strerror}"
        return RuleError(message=message, place=Place(str(path)), hint=f"ls -l {path}")
