"""The command line of artifacts: finds the verb, loads only its module, and shows errors as scripts expect them."""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Final

from infra.cli.artifact.commands import Call, Command
from infra.cli.artifact.errors import FAILED, REGISTRY_SAYS, ArtifactError
from infra.cli.artifact.flags import parse
from infra.cli.artifact.printing import visible
from infra.cli.artifact.verbs import Group, Verb, find

PROGRAM: Final = "deedlog artifact"
SIGPIPE: Final = 13
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ROOM: Final = "\nMake room, or write elsewhere: the same command goes on with what is not done yet"


def main(arguments: Sequence[str]) -> int:
    """Run the verb that the arguments name; return the exit code: 0, or 1 for all errors."""
    debug = False
    open_streams()
    try:
        prepared = prepare(tuple(arguments))
        if prepared is not None:
            command, call = prepared
            debug = call.flags.on("debug")
            command.run(call)
        sys.stdout.flush()
    except BaseException as error:
        return explain(error, debug=debug)
    return 0


def open_streams() -> None:
    """Let there be all three streams, and let them take any text.

    Of a process that was started with one closed, the first file or connection would get its number.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            while (file := os.open(os.devnull, os.O_RDWR)) < number:
                continue
            setattr(sys, name, os.fdopen(file, "w" if number else "r", closefd=False))
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def prepare(words: tuple[str, ...]) -> tuple[Command, Call] | None:
    """Return the verb and how it is used; None if only help was asked for, which is shown. Raises ArtifactError."""
    if words[:1] == ("help",):
        words = (*words[1:], "--help")
    verb, names, rest = find(words)
    path = " ".join((PROGRAM, *names))
    if isinstance(verb, Group):
        _show_group(verb, path, rest)
        return None
    command = load(verb)
    flags, positional = parse(command.flags, rest)
    if flags.on("help"):
        from infra.cli.artifact.help import command_help

        sys.stdout.write(command_help(verb, command, path))
        return None
    for flag in flags.deprecated():
        print(f"Flag --{flag.name} has been deprecated, {flag.deprecated}", file=sys.stderr)
    call = Call(path, f"{path} {command.usage}".rstrip(), flags, positional)
    command.arguments.check(call)
    return command, call


def load(verb: Verb) -> Command:
    """Return the verb's command, from its module."""
    command: Command = import_module(f"infra.cli.artifact.{verb.module}").COMMAND
    return command


def _show_group(group: Group, path: str, rest: tuple[str, ...]) -> None:
    from infra.cli.artifact.help import group_help

    unknown = next((word for word in rest if word not in ("-h", "--help")), None)
    if unknown is not None:
        raise _unknown(group, path, unknown)
    sys.stdout.write(group_help(group, path))


def _unknown(group: Group, path: str, word: str) -> ArtifactError:
    import difflib

    if word.startswith("-"):
        return ArtifactError(f"unknown flag: {word}", recommendation=f"Run '{path} --help' for usage.")
    near = difflib.get_close_matches(word, group.verbs, n=1)
    meant = f"\nDid you mean this?\n\t{near[0]}\n\n" if near else ""
    return ArtifactError(
        f'unknown command "{word}" for "{path}"', recommendation=f"{meant}Run '{path} --help' for usage."
    )


def explain(error: BaseException, *, debug: bool) -> int:
    """Show an error on stderr; return the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else FAILED if error.code else 0
    if isinstance(error, BrokenPipeError):
        # Who read our output has enough; Python would complain once more while it closes it. What was being done may
        # not be done, so that is no success: it is what a shell says of who is ended by the signal.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + SIGPIPE
    if isinstance(error, KeyboardInterrupt):
        # Who asks twice waits for nothing.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if debug and not isinstance(error, ArtifactError | KeyboardInterrupt):
        import traceback

        traceback.print_exception(error)
    print(visible(shown(error)), file=sys.stderr)
    return FAILED


def shown(error: BaseException) -> str:
    """Return what a person is told of an error."""
    if isinstance(error, ArtifactError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "Error: interrupted; the same command goes on with what is not done yet"
    from infra.cli.errors import CliError
    from infra.oci.errors import OciError

    if isinstance(error, CliError):
        return str(error)
    if isinstance(error, OciError):
        return str(ArtifactError(str(error), recommendation=error.fix, prefix=prefix_of(error)))
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None and not isinstance(error.filename, int) else ""
        return f"Error: {where}{error.strerror.lower()}{ROOM if error.errno in NO_ROOM else ''}"
    if isinstance(error, UnicodeEncodeError):
        return f"Error: {error.object[:200]!r} is not written in UTF-8, which names and annotations must be"
    if isinstance(error, RecursionError):
        return "Error: something is nested too deeply to be read"
    return f"Error: {type(error).__name__}: {error}\nThis is a defect of deedlog; try the same command with --debug"


def prefix_of(error: BaseException) -> str:
    """Return what an error begins with: who said it."""
    from infra.registries.errors import RegistryError

    return REGISTRY_SAYS if isinstance(error, RegistryError) else "Error:"
