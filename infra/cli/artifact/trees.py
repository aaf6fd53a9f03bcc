"""Trees of lines, as `discover` shows them."""

from collections.abc import Iterator
from typing import Final

import msgspec

from infra.cli.artifact.printing import on_one_line, visible
from infra.cli.artifact.yaml_scalars import entry
from infra.oci.descriptors import Descriptor
from infra.oci.discovering import Tree

YELLOW, GREEN, GREY, PLAIN = "\x1b[93m", "\x1b[32m", "\x1b[90m", "\x1b[0m"
UNKNOWN: Final = "<unknown>"


class Branch(msgspec.Struct):
    """A line, and those below it."""

    text: str
    below: "list[Branch]"

    def at(self, text: str) -> "Branch":
        """Return the line below with this text; it is added if it is not there."""
        for one in self.below:
            if one.text == text:
                return one
        return self.add(text)

    def add(self, text: str) -> "Branch":
        """Add a line below; return it."""
        self.below.append(Branch(text, []))
        return self.below[-1]


def drawn(path: str, tree: Tree, *, annotations: bool, colours: bool) -> str:
    """Return a tree of referrers: by artifact type, with annotations if they are wanted."""
    root = Branch(_in(GREEN, f"{path}@{tree.descriptor.digest}", colours), [])
    _add(root, tree, annotations=annotations, colours=colours)
    return "\n".join(_lines(root, "")) + "\n"


def _add(branch: Branch, tree: Tree, *, annotations: bool, colours: bool) -> None:
    for below in tree.referrers:
        one = below.descriptor
        kind = branch.at(_in(YELLOW, one.artifact_type or UNKNOWN, colours))
        line = kind.at(_in(GREEN, one.digest, colours))
        if annotations and one.annotations:
            _add_annotations(line.add(_in(GREY, "[annotations]", colours)), one)
        _add(line, below, annotations=annotations, colours=colours)


def _add_annotations(branch: Branch, one: Descriptor) -> None:
    for key, value in sorted((one.annotations or {}).items()):
        branch.at(visible(entry(key, value)))


def _in(colour: str, text: str, colours: bool) -> str:
    text = on_one_line(text)
    return f"{colour}{text}{PLAIN}" if colours else text


def _lines(branch: Branch, prefix: str) -> Iterator[str]:
    yield branch.text
    for number, below in enumerate(branch.below):
        last = number == len(branch.below) - 1
        first, *others = _lines(below, prefix + ("    " if last else "│   "))
        yield f"{prefix}{'└── ' if last else '├── '}{first}"
        yield from others
