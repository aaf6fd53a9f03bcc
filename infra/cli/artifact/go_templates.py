"""Gives what a template of Go makes of a value; which functions there are is in `go_template_functions`.

What Go's text/template refuses is refused, with one exception: numbers may be compared whatever their types.
"""

from collections.abc import Iterator
from typing import Any, Final

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.go_data import as_data
from infra.cli.artifact.go_prints import go_type, plain
from infra.cli.artifact.go_template_functions import FUNCTIONS, NOTHING, Missing, truth
from infra.cli.artifact.go_template_parts import (
    Branch,
    Include,
    Jump,
    Literally,
    Name,
    Node,
    Operand,
    Path,
    Pipe,
    Show,
    Template,
    Text,
    parse,
)

DEEPEST: Final = 200
"""Templates in templates; more must be a circle."""


class _Broken(Exception):  # noqa: N818
    """The end of a loop."""


class _Continued(Exception):  # noqa: N818
    """The end of a round of a loop."""


def render(template: str, value: Any) -> str:
    """Return what a template makes of a value of JSON. Raises ArtifactError."""
    parsed = parse(template)
    check_functions(parsed)
    running = _Running(parsed, as_data(value))
    running.run(parsed.body, running.root)
    return "".join(running.out)


def check_functions(template: Template) -> None:
    """Raise ArtifactError for a function that there is not, also where it would not be called."""
    for nodes in (template.body, *template.named.values()):
        for pipe in _pipes(nodes):
            for name in _names(pipe):
                if name not in FUNCTIONS and name not in ("and", "or"):
                    raise ArtifactError(f'template: format output: function "{name}" not defined')


def _pipes(nodes: tuple[Node, ...]) -> Iterator[Pipe]:
    for node in nodes:
        match node:
            case Show(pipe=pipe):
                yield pipe
            case Include(pipe=Pipe() as pipe):
                yield pipe
            case Branch():
                yield node.pipe
                yield from _pipes(node.body)
                yield from _pipes(node.other)
            case _:
                pass


def _names(pipe: Pipe) -> Iterator[str]:
    for command in pipe.commands:
        for operand in command:
            if isinstance(operand, Name):
                yield operand.name
            elif isinstance(operand, Path) and isinstance(operand.start, Pipe):
                yield from _names(operand.start)


def wrong(why: str) -> ArtifactError:
    """Return the error of a template that does not fit its value."""
    return ArtifactError(f"template: format output: {why}")


class _Running:
    """One use of a template."""

    def __init__(self, template: Template, root: Any) -> None:
        self._template = template
        self._scopes: list[dict[str, Any]] = [{"$": root}]
        self._depth = 0
        self.root = root
        self.out: list[str] = []

    def run(self, nodes: tuple[Node, ...], dot: Any) -> None:
        """Write what the nodes make of the dot."""
        for node in nodes:
            match node:
                case Text(text=text):
                    self.out.append(text)
                case Show(pipe=pipe):
                    self._show(pipe, dot)
                case Branch():
                    self._branch(node, dot)
                case Jump(word="break"):
                    raise _Broken
                case Jump():
                    raise _Continued
                case Include():
                    self._include(node, dot)

    def _show(self, pipe: Pipe, dot: Any) -> None:
        value = self._pipe(pipe, dot)
        if not pipe.variables:
            self.out.append("<no value>" if value is None or value is NOTHING else plain(value))

    def _branch(self, node: Branch, dot: Any) -> None:
        self._scopes.append({})
        try:
            if node.word == "range":
                self._range(node, dot)
                return
            value = self._pipe(node.pipe, dot)
            if truth(value):
                self.run(node.body, value if node.word == "with" else dot)
            else:
                self.run(node.other, dot)
        finally:
            self._scopes.pop()

    def _range(self, node: Branch, dot: Any) -> None:
        items = _items(self._pipe(node.pipe, dot, sets=False))
        for key, value in items:
            self._scopes.append({})
            try:
                self._set_for(node.pipe, key, value)
                self.run(node.body, value)
            except _Continued:
                continue
            except _Broken:
                break
            finally:
                self._scopes.pop()
        if not items:
            self.run(node.other, dot)

    def _set_for(self, pipe: Pipe, key: Any, value: Any) -> None:
        values = (key, value) if len(pipe.variables) > 1 else (value,)
        for name, one in zip(pipe.variables, values, strict=False):
            self._set(name, one, declares=pipe.declares)

    def _include(self, node: Include, dot: Any) -> None:
        if node.name not in self._template.named:
            raise wrong(f'template "{node.name}" not defined')
        value = self._pipe(node.pipe, dot) if node.pipe else NOTHING
        scopes, self._scopes = self._scopes, [{"$": value}]
        self._depth += 1
        if self._depth > DEEPEST:
            raise wrong(f'template "{node.name}" is in itself, without an end')
        self.run(self._template.named[node.name], value)
        self._depth -= 1
        self._scopes = scopes

    def _set(self, name: str, value: Any, *, declares: bool) -> None:
        if declares:
            self._scopes[-1][name] = value
            return
        for scope in reversed(self._scopes):
            if name in scope:
                scope[name] = value
                return
        raise wrong(f'undefined variable "{name}"')

    def _pipe(self, pipe: Pipe, dot: Any, *, sets: bool = True) -> Any:
        last: tuple[Any, ...] = ()
        for command in pipe.commands:
            last = (self._command(command, dot, last),)
        value = last[0]
        if sets:
            for name in pipe.variables:
                self._set(name, value, declares=pipe.declares)
        return value

    def _command(self, operands: tuple[Operand, ...], dot: Any, last: tuple[Any, ...]) -> Any:
        first, *rest = operands
        if isinstance(first, Name):
            return self._call(first.name, rest, dot, last)
        if rest or last:
            raise wrong("can't give argument to non-function")
        if isinstance(first, Literally) and first.value is None:
            raise wrong("nil is not a command")
        return self._operand(first, dot)

    def _call(self, name: str, operands: list[Operand], dot: Any, last: tuple[Any, ...]) -> Any:
        if name in ("and", "or"):
            return self._short(name, operands, dot, last)
        values = (*(self._operand(one, dot) for one in operands), *last)
        try:
            return FUNCTIONS[name](*(None if value is NOTHING else value for value in values))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise wrong(f"error calling {name}: {_reason(name, error)}") from None

    def _short(self, name: str, operands: list[Operand], dot: Any, last: tuple[Any, ...]) -> Any:
        value: Any = NOTHING
        for one in operands:
            value = self._operand(one, dot)
            if truth(value) == (name == "or"):
                return value
        return last[0] if last else value

    def _operand(self, operand: Operand, dot: Any) -> Any:
        match operand:
            case Literally(value=value):
                return value
            case Name(name=name):
                return self._call(name, [], dot, ())
            case Path(start=Pipe() as start, names=names):
                return _fields(self._pipe(start, dot), names)
            case Path(start="", names=names):
                return _fields(dot, names)
            case Path(start=start, names=names):
                return _fields(self._variable(str(start)), names)

    def _variable(self, name: str) -> Any:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        raise wrong(f'undefined variable "{name}"')


def _reason(name: str, error: Exception) -> str:
    text = str(error)
    if isinstance(error, TypeError) and "positional argument" in text:
        return f"wrong number of args for {name}"
    return text


def _fields(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        match value:
            case Missing():
                return NOTHING
            case dict():
                value = value.get(name, NOTHING)
            case None:
                raise wrong(f"nil pointer evaluating interface {{}}.{name}")
            case _:
                raise wrong(f"can't evaluate field {name} in type {go_type(value)}")
    return value


def _items(value: Any) -> list[tuple[Any, Any]]:
    match value:
        case None | Missing():
            return []
        case dict():
            return [(key, value[key]) for key in sorted(value)]
        case list():
            return list(enumerate(value))
        case int() if not isinstance(value, bool):
            return [(number, number) for number in range(value)]
        case _:
            raise wrong(f"range can't iterate over {plain(value)}")
