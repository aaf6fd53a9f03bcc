"""What a verb is: its flags, how many arguments it takes, how it is shown, and what it does."""

from collections.abc import Callable
from typing import Final

import msgspec

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, Flags, switch

NO_LIMIT: Final = 1 << 30


class Arguments(msgspec.Struct, frozen=True):
    """How many arguments a verb takes."""

    least: int
    most: int
    meaning: str
    """What they are, for who forgot them."""

    def check(self, call: "Call") -> None:
        """Raise ArtifactError unless there are as many as there should be."""
        count = len(call.arguments)
        if self.least <= count <= self.most:
            return
        noun = "argument" if self.least == 1 else "arguments"
        wanted = f"{'exactly' if self.most == self.least else 'at least'} {self.least} {noun}"
        raise ArtifactError(
            f'"{call.path}" requires {wanted} but got {count}',
            usage=call.usage,
            recommendation=f'Please specify {wanted} as {self.meaning}. Run "{call.path} -h" for more',
        )


def exactly(count: int, meaning: str) -> Arguments:
    """Return that there must be so many arguments."""
    return Arguments(count, count, meaning)


def at_least(count: int, meaning: str) -> Arguments:
    """Return that there must be so many arguments or more."""
    return Arguments(count, NO_LIMIT, meaning)


class Call(msgspec.Struct, frozen=True):
    """One use of a verb."""

    path: str
    """The words of the command: program and verb."""
    usage: str
    flags: Flags
    arguments: tuple[str, ...]


class Command(msgspec.Struct, frozen=True):
    """A verb."""

    usage: str
    """Its own arguments, without the program."""
    flags: tuple[Flag, ...]
    arguments: Arguments
    run: Callable[[Call], None]
    details: str = ""
    examples: tuple[tuple[str, str], ...] = ()
    """What each does, and its words after the program."""


VERBOSE: Final = switch("verbose", "", "v", deprecated="and will be removed in a future release.")
"""Scripts of the time when there was less output without it."""
LOUD: Final = switch("verbose", "", "v", default=True, deprecated="and will be removed in a future release.")
"""Can still be set to false, for less output."""
DEBUG: Final = switch("debug", "show what is asked of registries and tracebacks of errors (implies --no-tty)", "d")
NO_TTY: Final = switch("no-tty", "show no progress bars")


def concurrency(default: int) -> Flag:
    """Return the flag that says how much is done at once."""
    return Flag("concurrency", "how many pieces are moved at once", "number", default=str(default))
