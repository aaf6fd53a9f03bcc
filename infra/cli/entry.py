"""The program's entry point: `deedlog artifact` starts without what other commands need, for it is used in loops."""

import gc
import os
import sys
from typing import Final, NoReturn

WORD: Final = "artifact"
SETTINGS: Final = {"--home": "home", "--bootstrap-servers": "bootstrap_servers", "--registry-url": "registry_url"}
"""Flags of all commands that are settings of their own."""
SET: Final = "--set"
DEBUG: Final = "--debug"
PATIENCE: Final = 50_000
"""Objects that are made before the garbage collector looks for those that are in circles."""


def main(argv: list[str] | None = None) -> int:
    """Run the program with these arguments, by default the process's; return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    code = run_artifact(arguments)
    if code is not None:
        if argv is None:
            leave(code)
        return code
    from infra.cli.main import main as run_any

    return run_any(arguments)


def run_artifact(arguments: list[str]) -> int | None:
    """Run a verb of artifacts and return the exit code; None if another command is meant."""
    parted = part(arguments)
    if parted is None:
        return None
    # Collections while modules are loaded find nothing, and cost more than loading some of them.
    gc.set_threshold(PATIENCE)
    before, rest = parted
    if code := take(before):
        return code
    from infra.cli.artifact.main import main as run

    return run([*rest, DEBUG] if DEBUG in before else rest)


def leave(code: int) -> NoReturn:
    """End the process at once: to take the interpreter apart takes longer than many a verb."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # who would have read it is gone
    os._exit(code)


def part(arguments: list[str]) -> tuple[list[str], list[str]] | None:
    """Return the flags before the word `artifact` and what follows it; None if another command is meant."""
    place = 0
    while place < len(arguments) and arguments[place] != WORD:
        name, equals, _ = arguments[place].partition("=")
        if name not in (*SETTINGS, SET, DEBUG):
            return None
        place += 1 if equals or name == DEBUG else 2
    return (arguments[:place], arguments[place + 1 :]) if place < len(arguments) else None


def take(flags: list[str]) -> int:
    """Let flags of all commands be settings; return the exit code if one cannot be, else 0."""
    if not flags or flags == [DEBUG]:
        return 0
    from infra.cli.errors import CliError
    from infra.config import take_flags

    try:
        take_flags(settings_of(flags))
    except CliError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def settings_of(flags: list[str]) -> dict[str, str]:
    """Return what flags of all commands say of settings, by the names that files have for them. Raises CliError."""
    said: dict[str, str] = {}
    words = iter(flags)
    for word in words:
        name, equals, value = word.partition("=")
        if name == DEBUG:
            continue
        value = value if equals else next(words)
        if name == SET:
            name, equals, value = value.partition("=")
            if not equals:
                from infra.cli.errors import USAGE, CliError

                raise CliError(f"--set {name} has no value", "It takes NAME=VALUE", "deedlog config show", USAGE)
        said[SETTINGS.get(name) or name.strip().replace("-", "_")] = value
    return said


if __name__ == "__main__":
    sys.exit(main())
