import subprocess
import sys
from collections.abc import Iterator

import pytest

from infra.cli.artifact.help import command_help
from infra.cli.artifact.main import load, main
from infra.cli.artifact.verbs import ROOT, Group, Verb, find
from infra.cli.entry import part, run_artifact, settings_of

ORAS = [
    "attach",
    "backup",
    "blob/delete",
    "blob/fetch",
    "blob/push",
    "cp",
    "discover",
    "login",
    "logout",
    "manifest/delete",
    "manifest/fetch",
    "manifest/fetch-config",
    "manifest/push",
    "manifest/index/create",
    "manifest/index/update",
    "pull",
    "push",
    "repo/ls",
    "repo/tags",
    "resolve",
    "restore",
    "tag",
    "version",
    "copy",
    "digest",
    "repo/list",
    "repo/show-tags",
    "repository/ls",
    "manifest/get",
    "manifest/show",
    "manifest/get-config",
    "manifest/rm",
    "manifest/remove",
    "manifest/index/pack",
    "blob/get",
    "blob/rm",
    "blob/remove",
]


def verbs(group: Group = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Verb]]:
    for name, verb in group.verbs.items():
        if isinstance(verb, Group):
            yield from verbs(verb, (*path, name))
        else:
            yield (*path, name), verb


@pytest.mark.parametrize("words", ORAS)
def test_all_words_of_oras_are_known(words: str) -> None:
    verb, _, rest = find(tuple(words.split("/")))
    assert isinstance(verb, Verb)
    assert rest == ()


@pytest.mark.parametrize(
    ("path", "verb"), list(verbs()), ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_every_verb_has_help_and_flags_that_differ(path: tuple[str, ...], verb: Verb) -> None:
    command = load(verb)
    names = [flag.name for flag in command.flags]
    shorts = [flag.short for flag in command.flags if flag.short]
    assert len(set(names)) == len(names)
    assert len(set(shorts)) == len(shorts)
    assert all(flag.help for flag in command.flags if not flag.hidden and not flag.deprecated)
    text = command_help(verb, command, "deedlog artifact " + " ".join(path))
    assert max(map(len, text.splitlines())) <= 140
    for _, words in command.examples:
        assert find(tuple(words.split()))[1] == path


@pytest.mark.parametrize(
    "words",
    [(), ("--help",), ("-h",), ("help",), ("manifest",), ("manifest", "index", "-h"), ("help", "push"), ("push", "-h")],
)
def test_help_is_no_error(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert "Usage:\n  deedlog artifact" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pussh",), "Did you mean this?\n\tpush"),
        (("manifest", "fetsh"), "Did you mean this?\n\tfetch"),
        (("--nope",), "unknown flag: --nope"),
        (
            ("push",),
            'Error: "deedlog artifact push" requires at least 1 argument but got 0\nUsage: deedlog artifact push',
        ),
        (("cp", "a"), "requires exactly 2 arguments but got 1"),
        (("resolve", "a", "b"), "requires exactly 1 argument but got 2"),
        (("resolve", "localhost:1/a"), "no tag or digest specified"),
        (("resolve", "localhost:1/a:b"), "Error: "),
        (("tag", "list"), "repo tags"),
        (("pull", "--oci-layout", "/nowhere:v1"), "Error: "),
        (("attach", "localhost:1/a:b", "x"), 'required flag(s) "artifact-type" not set'),
    ],
)
def test_errors_are_on_stderr_and_their_code_is_one(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert "Traceback" not in shown.err


def test_a_traceback_is_there_for_who_asks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("pull", "--debug", "--oci-layout", "/nowhere:v1")) == 1
    assert "Traceback" in capsys.readouterr().err


def test_old_flags_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("resolve", "-v", "localhost:1/a")) == 1
    assert "Flag --verbose has been deprecated, and will be removed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "parted"),
    [
        (["artifact", "push", "-h"], ([], ["push", "-h"])),
        (["--home", "x", "artifact", "push"], (["--home", "x"], ["push"])),
        (["--home=x", "--debug", "--set", "node=y", "artifact"], (["--home=x", "--debug", "--set", "node=y"], [])),
        (["get", "artifact"], None),
        (["--help"], None),
        (["--home", "artifact"], None),
        ([], None),
    ],
)
def test_flags_of_all_commands_may_come_before(
    arguments: list[str], parted: tuple[list[str], list[str]] | None
) -> None:
    assert part(arguments) == parted


def test_flags_of_all_commands_are_settings() -> None:
    flags = ["--home", "x", "--registry-url=u", "--set", "batch-bytes=5000", "--debug"]
    assert settings_of(flags) == {"home": "x", "registry_url": "u", "batch_bytes": "5000"}


def test_other_commands_are_left_alone() -> None:
    assert run_artifact(["get", "volumes"]) is None


def test_what_other_commands_need_is_not_loaded() -> None:
    program = (
        "import sys; from infra.cli.entry import main; main(['artifact', 'resolve', 'localhost:1/a']);"
        "print(*{'cyclopts', 'rich', 'difflib', 'argparse', 'asyncio', 'tarfile', 'faust'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
