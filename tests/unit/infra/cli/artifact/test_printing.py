import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.artifact.main import explain, main, shown
from infra.cli.artifact.printing import on_one_line, visible
from infra.cli.artifact.status import name_of
from infra.cli.artifact.trees import drawn
from infra.oci.descriptors import Descriptor
from infra.oci.discovering import Tree
from infra.oci.media_types import TITLE

EVIL = "x\x1b]0;owned\x07\x9b31m\rok\u202egpj.exe"
COMMANDS = set(range(0x20)) - {0x0A, 0x09} | set(range(0x7F, 0xA0))


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_shown(text: str) -> None:
    assert not COMMANDS & set(map(ord, visible(text)))
    assert not {"\n", "\t"} & set(on_one_line(text))
    visible(text).encode()


@given(st.text(st.characters(whitelist_categories=["L", "N", "P", "S"], whitelist_characters=" \n\t")))
def test_what_people_read_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_names_and_types_of_strangers_are_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    one = Descriptor(EVIL, "sha256:" + "0" * 64, 1, annotations={TITLE: f"{EVIL}\nDigest: sha256:0", EVIL: EVIL})
    assert "\n" not in name_of(one)[0]
    tree = Tree(one, [Tree(Descriptor(EVIL, one.digest, 1, artifact_type=EVIL, annotations=one.annotations), [])])
    for text in (name_of(one)[0], name_of(Descriptor(EVIL, one.digest, 1))[0]):
        assert not COMMANDS & set(map(ord, text))
    lines = drawn("localhost:5000/x", tree, annotations=True, colours=False)
    assert not COMMANDS & set(map(ord, lines))
    explain(ValueError(EVIL), debug=False)
    assert not COMMANDS & set(map(ord, capsys.readouterr().err))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_with_what_to_do(number: int) -> None:
    text = shown(OSError(number, os.strerror(number), ".a.part"))
    assert text.startswith("Error: .a.part: ")
    assert "Make room" in text


@pytest.mark.parametrize(
    "reference", ["ann:s3cret@localhost:5000/x:v1", "https://ann:s3cret@localhost:5000/x:v1", "s3cret@h/x"]
)
def test_a_password_in_a_reference_is_not_shown(reference: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", reference]) == 1
    assert "s3cret" not in capsys.readouterr().err


def test_a_header_without_a_name_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", "-H", "Bearer s3cret", "localhost:5000/x:v1"]) == 1
    text = capsys.readouterr().err
    assert "invalid header" in text
    assert "s3cret" not in text


def run(words: str, tmp_path: Path, **more: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the program by a shell, for which PROGRAM stands, with an image layout in the folder."""
    program = f"{sys.executable} -m infra.cli.entry artifact"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "PROGRAM": program, **more}
    return subprocess.run(["bash", "-c", words], cwd=tmp_path, env=environment, capture_output=True, timeout=60)


def test_who_reads_no_further_ends_it_and_that_is_no_success(tmp_path: Path) -> None:
    many = " ".join(f"t{number}" for number in range(3000))
    (tmp_path / "a").write_text("a")
    done = run(
        f"$PROGRAM push --oci-layout l:v1 a && for t in 1 2 3; do $PROGRAM tag --oci-layout l:v1 {many} | head -1; "
        "echo ${PIPESTATUS[0]}; done",
        tmp_path,
    )
    assert done.stdout.split()[-1] == str(128 + signal.SIGPIPE).encode()
    assert done.stderr == b""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_no_files_of_ours(closed: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * 100_000)
    done = run(
        f"$PROGRAM push --oci-layout l:v1 a {closed} && rm a && $PROGRAM pull --oci-layout l:v1 {closed}", tmp_path
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "a").read_bytes() == b"a" * 100_000
    assert run(f"$PROGRAM pull --oci-layout l:v2 {closed}", tmp_path).returncode == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_names_are_shown_whatever_can_be_written(encoding: str, tmp_path: Path) -> None:
    done = run("echo x > 日本 && $PROGRAM push --oci-layout l:v1 日本", tmp_path, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")


def test_names_that_are_no_text_are_said(tmp_path: Path) -> None:
    done = run("touch $'caf\\xe9' && $PROGRAM push --oci-layout l:v1 $'caf\\xe9'", tmp_path)
    assert done.returncode == 1
    assert b"UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr
    done = run("touch a && $PROGRAM push --oci-layout l:v1 -a $'key=\\xe9' a", tmp_path)
    assert (done.returncode, b"UTF-8" in done.stderr, b"defect" in done.stderr) == (1, True, False)


def test_a_full_stdout_is_an_error(tmp_path: Path) -> None:
    done = run("echo x > a; $PROGRAM push --oci-layout l:v1 a > /dev/full", tmp_path)
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 2)
