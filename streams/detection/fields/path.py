"""Fields of the paths that a call worked on: those that succeeded."""

from collections.abc import Callable
from typing import Any, Final

from streams.detection.event_types import OPENS
from streams.detection.fields.field import Field
from streams.detection.levels import PATHS, Paths
from streams.detection.paths import absolute

Ends = tuple[str | None, str | None]

ONE: Final = OPENS - {"creat"} | frozenset(
    {"mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "chmod", "fchmodat", "umount2"}
)
MOVES: Final = frozenset({"rename", "renameat", "renameat2", "mount"})
LINKS: Final = frozenset({"link", "linkat", "symlink", "symlinkat"})


def _first(paths: Paths) -> Ends:
    return paths.path, None if paths.type in ("symlink", "symlinkat", "mount") else paths.directory


def _second(paths: Paths) -> Ends:
    return paths.path2, paths.directory2


def _source(paths: Paths) -> Ends:
    return _second(paths) if paths.type in LINKS else _first(paths)


def _target(paths: Paths) -> Ends:
    return _first(paths) if paths.type in LINKS else _second(paths)


def _fields(name: str, doc: str, of: Callable[[Paths], Ends], types: frozenset[str]) -> tuple[Field, Field]:
    def resolved(paths: Paths) -> Any:
        path, directory = of(paths)
        return None if paths.failed or path is None else absolute(path, directory)

    def raw(paths: Paths) -> Any:
        return None if paths.failed else of(paths)[0]

    return (
        Field(
            name=f"fs.path.{name}",
            type="string",
            doc=f"{doc}, made absolute and normalised by its letters; absent if the call failed.",
            level=PATHS,
            how=resolved,
            types=types,
        ),
        Field(
            name=f"fs.path.{name}raw",
            type="string",
            doc=f"{doc}, as it was given; absent if the call failed.",
            level=PATHS,
            how=raw,
            types=types,
        ),
    )


FIELDS: Final = (
    *_fields("name", "Path that the call worked on", _first, ONE),
    *_fields(
        "source", "Path that was renamed, what was mounted, or, as Falco has it, the new link", _source, MOVES | LINKS
    ),
    *_fields(
        "target",
        "New path of a rename, where it was mounted, or, as Falco has it, what a link leads to",
        _target,
        MOVES | LINKS,
    ),
)
