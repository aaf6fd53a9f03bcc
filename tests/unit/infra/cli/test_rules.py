import json
from pathlib import Path

import pytest

from infra.cli.errors import NOT_FOUND, USAGE, CliError
from infra.cli.rules import check, list_, show

GOOD = "- rule: Mine\n  desc: d\n  condition: in_container and evt.type = execve\n  output: o\n  priority: notice\n"
BAD = GOOD.replace("in_container", "in_contaner")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEEDLOG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_good_files_may_use_names_of_the_built_in_rules(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (alone / "mine.yaml").write_text(GOOD)
    assert check(Path("mine.yaml")) == 0
    assert capsys.readouterr() == ("", "1 rules, 0 errors, 0 warnings and notes\n")


def test_an_error_is_shown_with_its_place_and_costs_the_exit_code(
    alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (alone / "mine.yaml").write_text(BAD)
    assert check(Path("mine.yaml")) == 1
    out = capsys.readouterr().out
    assert out.startswith("mine.yaml:3:14: error: rule Mine: there is no macro in_contaner\n")
    assert "^^^^^^^^^^^" in out
    assert "did you mean in_container?" in out


def test_problems_as_json(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (alone / "mine.yaml").write_text(BAD)
    assert check(Path("mine.yaml"), output="json") == 1
    assert json.loads(capsys.readouterr().out) == {
        "level": "error",
        "message": "there is no macro in_contaner",
        "hint": "did you mean in_container?",
        "subject": "rule Mine",
        "file": "mine.yaml",
        "line": 3,
        "column": 14,
        "width": 11,
        "text": "  condition: in_contaner and evt.type = execve",
    }


@pytest.mark.parametrize(("files", "code"), [([Path("none.yaml")], NOT_FOUND), ([], USAGE)])
def test_nothing_to_check(files: list[Path], code: int) -> None:
    with pytest.raises(CliError) as caught:
        check(*files)
    assert caught.value.exit_code == code
    assert caught.value.fix


def test_the_list_has_built_in_rules_and_those_of_the_settings(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (alone / "mine.yaml").write_text(GOOD + "- rule: Shell in container\n  enabled: false\n")
    monkeypatch.setenv("DEEDLOG_RULES", str(alone / "mine.yaml"))
    assert list_() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["RULE", "SOURCE", "PRIORITY", "ENABLED", "FILE"]
    assert any(line.startswith("Mine ") and "mine.yaml:1" in line for line in lines)
    assert any(line.startswith("Shell in container ") and " no " in line for line in lines)
    assert list_(output="json") == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"Mine", "Terminal shell in container"} <= {record["rule"] for record in records}


MORE = """
- rule: Secrets read
  desc: |
    Two
    lines.
  condition: ka.verb = get and ka.target.resource = secrets
  output: "%ka.user.name read 100%% of %ka.req.pod.containers.image[0]"
  priority: notice
  tags: [k8s, secrets]
  source: k8s_audit
"""


def test_one_rule_is_shown_whole(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (alone / "mine.yaml").write_text(GOOD + MORE)
    monkeypatch.setenv("DEEDLOG_RULES", str(alone / "mine.yaml"))
    assert show("secrets R") == 0
    assert (
        capsys.readouterr().out
        == f"""rule:      Secrets read
source:    k8s_audit
priority:  notice
enabled:   yes
tags:      k8s, secrets
file:      {alone}/mine.yaml:7
desc:
  Two
  lines.
condition:
  ka.verb = get and ka.target.resource = secrets
output:
  %ka.user.name read 100%% of %ka.req.pod.containers.image[0]
"""
    )
    assert show("Mine") == 0
    assert "events:    execve\n" in capsys.readouterr().out
    assert show("Mine", output="json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["rule"], record["source"], record["output"]) == ("Mine", "syscall", "o")


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("container", USAGE, "It may be"),
        ("Launch priveleged container", NOT_FOUND, "Perhaps it is Launch privileged container"),
    ],
)
def test_a_name_that_is_none_or_of_several(alone: Path, name: str, code: int, why: str) -> None:
    with pytest.raises(CliError) as caught:
        show(name)
    assert caught.value.exit_code == code
    assert why in caught.value.why
