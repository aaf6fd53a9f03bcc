"""Loads rule files: one bad rule does not stop the others."""

from collections.abc import Iterable, Sequence
from importlib.resources import as_file, files
from pathlib import Path

import msgspec

from streams.detection.amending import Named, amended
from streams.detection.definitions import Change, Item, ListItem, MacroItem, RuleItem, Update
from streams.detection.problems import Place, RuleError, RuleErrors, did_you_mean
from streams.detection.reading import read_items
from streams.detection.rules import RuleSet
from streams.detection.sources import Text, read_document
from streams.detection.understanding import Understanding

SUFFIXES = (".yaml", ".yml")


def load_rules(paths: Iterable[str | Path], *, builtin: bool = False) -> RuleSet:
    """Return the rules in files and folders, the built-in ones before them if asked for.

    An item of a later file replaces the one of its name, or changes it if it says `override` or `append`.
    What is wrong is in `problems`; nothing is raised.
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
        understood = Understanding(self.rules, self.macros, self.lists).understood()
        self.problems += understood.problems
        files = {name: number for number, (name, _) in enumerate(texts)}
        self.problems.sort(key=lambda problem: (files[problem.place.file], problem.place.line, problem.place.column))
        return RuleSet(understood.rules, tuple(self.problems))

    def add_file(self, name: str, data: bytes) -> None:
        try:
            items, problems = read_items(read_document(name, data))
        except RuleErrors as error:
            items, problems = [], list(error.problems)
        self.problems += problems
        for item in items:
            try:
                self.add(item)
            except RuleErrors as error:
                self.report(error.problems, f"{_kind(item)} {item.name.value}")

    def add(self, item: Item) -> None:
        match item, _kind(item):
            case ListItem(), _:
                self.define(self.lists, item)
            case MacroItem(), _:
                self.define(self.macros, item)
            case RuleItem(), _:
                self.define(self.rules, item)
            case Update(), "list":
                self.update(self.lists, item)
            case Update(), "macro":
                self.update(self.macros, item)
            case Update(), _:
                self.update(self.rules, item)

    def define(self, known: dict[str, Named], item: Named) -> None:
        """Take an item in. Within a file a name twice is a mistake; a later file replaces on purpose."""
        kind, name = _kind(item), item.name.value
        earlier = known.get(name)
        if earlier is not None:
            where = earlier.name.place()
            if earlier.name.document is item.name.document:
                message = f"there is a {kind} of this name already, in line {where.line}"
                raise RuleErrors(item.name.problem(message, hint="the earlier one stays"))
            if isinstance(item, RuleItem):
                _refuse_other_source(earlier, item.name, item.source)
            note = f"replaces the {kind} of {where.file}:{where.line}"
            self.report([item.name.problem(note, level="note")], f"{kind} {name}")
        known[name] = item

    def update(self, known: dict[str, Named], update: Update) -> None:
        name = update.name.value
        earlier = known.get(name)
        if earlier is None:
            if self.defined(update):
                return
            hint = did_you_mean(name, known)
            raise RuleErrors(update.name.problem(f"there is no {update.kind} of this name above", hint=hint))
        _refuse_other_source(earlier, update.name, update.source)
        known[name] = amended(earlier, update)

    def defined(self, update: Update) -> bool:
        """Take a list or macro that replaces one that is not there as a new one, as Falco does; say whether it is."""
        match update:
            case Update("list", name, (Change("items", "replace", tuple(items)),)):
                self.lists[name.value] = ListItem(name, items)  # type: ignore[arg-type]
            case Update("macro", name, (Change("condition", "replace", Text() as condition),)):
                self.macros[name.value] = MacroItem(name, condition)
            case _:
                return False
        message = f"there is no {update.kind} of this name above to replace; it is taken as a new one"
        self.report([update.name.problem(message, level="warning")], f"{update.kind} {update.name.value}")
        return True

    def report(self, problems: Iterable[RuleError], subject: str) -> None:
        self.problems += [msgspec.structs.replace(problem, subject=problem.subject or subject) for problem in problems]


def _kind(item: Item) -> str:
    match item:
        case ListItem():
            return "list"
        case MacroItem():
            return "macro"
        case RuleItem():
            return "rule"
        case Update(kind):
            return kind


def _refuse_other_source(earlier: ListItem | MacroItem | RuleItem, name: Text, source: str) -> None:
    if isinstance(earlier, RuleItem) and source and source != earlier.source:
        where = earlier.name.place()
        message = f"the rule of {where.file}:{where.line} has the source {earlier.source}, and this one {source}"
        raise RuleErrors(name.problem(message, hint="give one of them another name"))


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
