import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import users
from probes.procfs import main_cgroup, parse_stat, processes, read_process
from probes.users import NOBODY, Users, parse_names, read_accounts

NUMBERS = " ".join(map(str, range(1, 50)))


@given(st.binary(max_size=64).filter(lambda name: b"\0" not in name))
def test_any_name_is_read_from_stat(name: bytes) -> None:
    found, fields = parse_stat(b"42 (" + name + b") S " + NUMBERS.encode())
    assert found == name
    assert fields[1] == 1


@given(st.binary(max_size=80))
def test_no_stat_breaks_the_reader(text: bytes) -> None:
    with suppress(ValueError):
        parse_stat(text)


@given(st.binary(max_size=200))
def test_no_cgroup_file_and_no_file_of_names_breaks_the_reader(text: bytes) -> None:
    assert isinstance(main_cgroup(text), bytes)
    assert all(names for names in parse_names(text).values())


def test_the_memory_controllers_cgroup_comes_before_the_unified_one() -> None:
    assert main_cgroup(b"4:memory:/a\n2:cpu,cpuacct:/b\n0::/c\n") == b"/a"
    assert main_cgroup(b"0::/c\n") == b"/c"


def test_this_process_is_found() -> None:
    me = read_process(Path("/proc/self").resolve())
    assert me is not None
    assert (me.pid, me.ppid, me.uid) == (os.getpid(), os.getppid(), os.geteuid())
    assert me.args.split(b"\0")[0]
    assert me.cwd == os.fsencode(Path.cwd())
    assert os.getpid() in {process.pid for process in processes()}


def test_a_process_that_is_gone_is_none(tmp_path: Path) -> None:
    assert read_process(tmp_path / "999999") is None


def test_users_are_told_by_name_and_old_files_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passwd = tmp_path / "1/root/etc/passwd"
    passwd.parent.mkdir(parents=True)
    passwd.write_text("app:x:7:7::/:/bin/sh\n")
    known = Users(tmp_path)
    assert known.name(7, "container", 1) == b"app"
    assert known.name(8, "container", 1) == b""
    passwd.write_text("other:x:7:7::/:/bin/sh\n")
    assert known.name(7, "container", 1) == b"app"
    monkeypatch.setattr(users, "MAX_AGE", 0.0)
    assert known.name(7, "container", 1) == b"other"
    assert known.name(7, "container", 2) == b"other"  # this process is gone; what is known stays
    assert known.name(0, None, 1) == known.group(0, None, 1) == b"root"


def test_groups_are_told_by_name_where_users_are_not_known(tmp_path: Path) -> None:
    group = tmp_path / "1/root/etc/group"
    group.parent.mkdir(parents=True)
    group.write_text("app:x:7:one,two\n\nbroken\nlate:x:7:\n")
    known = Users(tmp_path)
    assert known.group(7, "container", 1) == b"app"
    assert known.group(8, "container", 1) == known.name(7, "container", 1) == b""


@pytest.mark.parametrize("kind", ["link out of the container", "fifo", "missing"])
def test_a_hostile_file_of_names_is_not_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        file = tmp_path / "etc" / name
        if kind == "fifo":
            os.mkfifo(file)
        elif kind == "link out of the container":
            file.symlink_to(f"/etc/{name}")
    assert read_accounts(tmp_path) == NOBODY
