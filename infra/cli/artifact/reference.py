"""Writes `docs/reference/artifact.md`, from the tables of verbs and flags.

python -m infra.cli.artifact.reference [--check]
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from infra.cli.artifact.commands import Command
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import format_flags
from infra.cli.artifact.help import PLACEHOLDERS
from infra.cli.artifact.main import PROGRAM, load
from infra.cli.artifact.remote_flags import remote_flags
from infra.cli.artifact.targets import target_flags
from infra.cli.artifact.verbs import ROOT, Group, Verb
from infra.cli.reference import FOLDER, MADE

PAGE: Final = FOLDER / "artifact.md"
PREFIXES: Final = ("", "from-", "to-")

INTRO: Final = """`deedlog artifact VERB` needs no pipeline. Flags may stand anywhere, up to `--`. They are written
`--flag value`, `--flag=value`, `-f value` or `-fvalue`; short switches may be joined (`-rd`).
[How to use artifacts](../how-to/artifacts.md) has recipes, [your first artifact](../tutorial/first-artifact.md) shows
the verbs at work.

A reference is `registry/repository`, with `:tag` or `@digest` after it. With `--oci-layout` it is a path instead, of a
folder or a `.tar` archive, with `:tag` or `@digest` after it.
"""

END: Final = """## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed; stderr says why, and what to do |

## Environment

| variable | what it is |
|---|---|
| `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` | proxies, also in lower case; loopback is never proxied |
| `DOCKER_CONFIG` | folder of Docker's `config.json`, by default `~/.docker` |
| `REGISTRY_AUTH_FILE` | credentials as Podman keeps them, looked into after Docker's |
| `ORAS_CACHE` | image layout in which `pull` keeps content |
| `DEEDLOG_HOME`, `DEEDLOG_BOOTSTRAP_SERVERS` | where what is done goes on record; [all settings](settings.md) |
"""


def page() -> str:
    """Return the page of all verbs, from their tables."""
    verbs = list(_verbs(ROOT))
    parts = [f"# deedlog artifact\n\n{MADE}\n{INTRO}"]
    parts += ["## Verbs\n", _table(("verb", "what it does"), [_row(names, verb) for names, verb in verbs])]
    parts += [_section(names, verb, load(verb)) for names, verb in verbs]
    parts += [_shared(), END]
    return "\n".join(parts)


def _verbs(group: Group, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Verb]]:
    for name, one in group.verbs.items():
        if isinstance(one, Group):
            yield from _verbs(one, (*names, name))
        else:
            yield (*names, name), one


def _row(names: tuple[str, ...], verb: Verb) -> tuple[str, str]:
    name = " ".join(names)
    return f"[`{name}`](#{name.replace(' ', '-')})", verb.summary


def _section(names: tuple[str, ...], verb: Verb, command: Command) -> str:
    path = " ".join((PROGRAM, *names))
    usage = f"    {path} {command.usage}".rstrip()
    parts = [f"## {' '.join(names)}\n", f"{verb.summary}.", *_paragraphs(command.details), f"\n{usage}\n"]
    if verb.aliases:
        parts.append(f"Also `{'`, `'.join(verb.aliases)}`.\n")
    own = [flag for flag in _shown(command.flags) if flag.name not in _elsewhere(command)]
    if own:
        parts.append(_flags(own))
    if shared := _shared_flags(command):
        parts.append(f"{'And flags' if own else 'Flags'} {shared}.\n")
    parts += [f"{what}:\n\n    {PROGRAM} {words}\n" for what, words in command.examples]
    return "\n".join(parts)


def _paragraphs(text: str) -> list[str]:
    return text.split("\n") if text else []


def _shown(flags: Sequence[Flag]) -> list[Flag]:
    return sorted((one for one in flags if not one.hidden and not one.deprecated), key=lambda one: one.name)


def _elsewhere(command: Command) -> set[str]:
    """Return the names of the flags that are in a table of their own, because many verbs take them."""
    names = {flag.name for flag in command.flags}
    found = set(_names(format_flags())) if set(format_flags()) <= set(command.flags) else set()
    for prefix in PREFIXES:
        for some in (_names(remote_flags(prefix)), _names(_layout_flags(prefix))):
            found |= some if some <= names else set()
    return found


def _shared_flags(command: Command) -> str:
    """Return which of those a verb takes, as a part of a sentence; empty: none."""
    shared = _elsewhere(command)
    groups = (("registries", remote_flags), ("layouts", _layout_flags), ("results", lambda _: format_flags()))
    taken = {
        what: prefixes
        for what, flags in groups
        if (prefixes := [one for one in PREFIXES if _names(flags(one)) <= shared])
    }
    text = ", ".join(f"of [{what}](#flags-of-{what})" for what in taken)
    sided = [what for what, prefixes in taken.items() if "from-" in prefixes and what != "results"]
    return f"{text}; those of {' and '.join(sided)} as `--from-…` and `--to-…`" if sided else text


def _layout_flags(prefix: str = "") -> tuple[Flag, ...]:
    return target_flags(prefix)[len(remote_flags(prefix)) :]


def _names(flags: Iterable[Flag]) -> set[str]:
    return {flag.name for flag in flags}


def _shared() -> str:
    """Return the tables of the flags that many verbs take."""
    return "\n".join(
        f"## Flags of {what}\n\n{said}\n\n{_flags(_shown(flags))}"
        for what, said, flags in (
            ("registries", REGISTRIES, remote_flags()),
            ("layouts", "Where an artifact is, if it is not in a registry.", _layout_flags()),
            ("results", "Verbs that print only data have none of these.", format_flags()),
        )
    )


REGISTRIES: Final = (
    "How a registry is reached. Verbs with two sides take each flag once a side, as `--from-…` and `--to-…`, without"
    " short ones;\nsecrets from stdin are for verbs with one side only."
)


def _flags(flags: Sequence[Flag]) -> str:
    return _table(("flag", "value", "default", "what it is"), [_flag(flag) for flag in flags])


def _flag(flag: Flag) -> tuple[str, ...]:
    name = f"`-{flag.short}`, `--{flag.name}`" if flag.short else f"`--{flag.name}`"
    value = "" if flag.kind == "switch" else f"`{flag.value or PLACEHOLDERS[flag.kind]}`"
    default = f"`{flag.default}`" if flag.default and flag.kind != "switch" else ""
    choices = f"; one of `{'`, `'.join(flag.choices)}`" if flag.choices else ""
    return name, value, default, f"{flag.help}{choices}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (head, *rows)]
    return "\n".join((lines[0], "|" + "---|" * len(head), *lines[1:])) + "\n"


def main() -> int:
    """Write the page, or with `--check` only say whether it is up to date (exit code 1 if not)."""
    text = page()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{PAGE.name} is not what the code says; run: make docs", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
