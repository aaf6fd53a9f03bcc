"""The checks of `deedlog doctor` for volumes."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import Settings
from infra.doctor import volumes
from infra.volumes.folders import endpoint


def test_what_is_installed_is_good_enough(settings: Settings) -> None:
    assert volumes.storage_daemon(settings).level == "ok"
    assert volumes.image_tool(settings).text == "/usr/bin/qemu-img"


def test_missing_programs_say_how_to_get_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for found in (volumes.storage_daemon(settings), volumes.image_tool(settings)):
        assert found.level == "fail"
        assert "apt-get install" in found.fix


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("qemu-storage-daemon version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003", "ok"),
        ("qemu-storage-daemon version 10.0.2", "ok"),
        ("qemu-storage-daemon version 6.2.0", "fail"),
        ("no such file", "warn"),
        ("", "warn"),
    ],
)
def test_versions(said: str, level: str) -> None:
    assert volumes.judge_version(said).level == level


@given(st.text())
def test_whatever_it_says_is_judged(said: str) -> None:
    found = volumes.judge_version(said)
    assert found.level == "ok" or found.fix


@pytest.mark.parametrize(("length", "level"), [(20, "ok"), (65, "ok"), (66, "warn"), (80, "warn"), (81, "fail")])
def test_homes_too_long_for_sockets_are_found(settings: Settings, length: int, level: str) -> None:
    home = Path("/" + "x" * (length - 1))
    assert volumes.socket_paths(msgspec.structs.replace(settings, home=home, node="n1")).level == level


def test_a_name_as_long_as_it_says_has_an_endpoint(settings: Settings) -> None:
    home = Path("/" + "x" * 59)
    text = volumes.socket_paths(msgspec.structs.replace(settings, home=home, node="n1")).text
    endpoint(home / "volumes/n1", "v" * int(text.split("may have ")[1].split()[0]))
