import io
import os
import struct

import pytest

from probes.captures.reading import Capture
from tests.batches import Event, events_of
from tests.scap_writer import (
    START,
    clone,
    descriptor,
    descriptors,
    event,
    execve,
    i64,
    inet,
    machine,
    openat,
    process,
    processes,
    section,
    text,
    u32,
    users,
    z,
)
from tests.unit.probes.captures.reading import read

ID = "0123456789abcdef" * 4
LOCAL, REMOTE = bytes([10, 0, 0, 1]), bytes([192, 0, 2, 7])
BEGIN = section() + machine(b"box")


def only(data: bytes) -> Event:
    capture, [found] = read(BEGIN + data)
    assert capture.damage is None
    return found


def test_an_open_is_told_with_linux_flags() -> None:
    found = only(openat(5, 3, b"/etc/shadow", flags=2 | 1 << 2 | 1 << 8 | 1 << 12 | 1 << 14))
    assert (found.type, found.result, found.fd, found.path, found.mode) == ("openat", 3, 3, b"/etc/shadow", 0o644)
    assert found.flags == os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    assert (found.time, found.thread, found.id) == (START, 5, "s:1")


def test_a_failed_open_has_no_descriptor() -> None:
    found = only(openat(5, -2, b"x"))
    assert (found.result, found.fd, found.directory) == (-2, -1, b"")


@pytest.mark.parametrize(
    ("falco", "linux"),
    [
        (1, os.O_RDONLY),
        (3, os.O_RDWR),
        (1 | 1 << 10 | 1 << 13, os.O_DIRECTORY),
        (3 | 1 << 10 | 1 << 13, os.O_RDWR | os.O_TMPFILE),
        (1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 9, os.O_APPEND | os.O_EXCL | os.O_NONBLOCK | os.O_DIRECT),
        (1 | 1 << 4 | 1 << 7, os.O_DSYNC),
    ],
)
def test_flags_of_open(falco: int, linux: int) -> None:
    assert only(openat(5, 3, b"/x", flags=falco)).flags == linux


@pytest.mark.parametrize(("bit", "linux"), [(5, 0x20000), (20, 0x10000000), (6, 0x20000000), (28, 0x02000000)])
def test_flags_of_unshare(bit: int, linux: int) -> None:
    assert only(event(285, 5, i64(0), u32(1 << bit))).flags == linux


@pytest.mark.parametrize(("falco", "linux"), [(1, 0), (11, 16), (20, 0x4206), (0, -1), (99, -1)])
def test_requests_of_ptrace(falco: int, linux: int) -> None:
    found = only(event(169, 5, i64(0), b"\0" + i64(0), b"\0" + i64(0), struct.pack("<H", falco), i64(77)))
    assert (found.argument, found.target) == (linux, 77)


def test_paths_are_relative_to_what_a_descriptor_is() -> None:
    data = openat(5, 3, b"/var/lib", flags=1 | 1 << 10) + openat(5, 4, b"sub/../f", dirfd=3)
    data += event(317, 5, i64(0), i64(4), u32(0o777)) + event(5, 5, i64(0), i64(4))
    data += event(317, 5, i64(0), i64(4), u32(0o777))
    _, opened, changed, again = read(BEGIN + data).events
    assert (opened.path, opened.directory) == (b"sub/../f", b"/var/lib")
    assert (changed.type, changed.file, changed.mode) == ("fchmod", b"/var/lib/f", 0o777)
    assert again.file == b""


def test_two_directories() -> None:
    lists = processes(process(5, 5, 1)) + descriptors(
        5, descriptor(3, 2, text(b"/one")), descriptor(4, 2, text(b"/two"))
    )
    found = only(lists + event(319, 5, i64(0), i64(3), z(b"a"), i64(4), z(b"b"), u32(1)))
    assert (found.path, found.directory, found.path2, found.directory2) == (b"a", b"/one", b"b", b"/two")
    assert found.flags == 1


def test_processes_of_the_list() -> None:
    cgroups = b"cpu=/x\0memory=/docker/" + ID.encode() + b"\0"
    one, two = process(1, 1, 0, b"init"), process(5, 5, 1, b"web", exepath=b"/web", cwd=b"/srv/", uid=33, tty=34816)
    three = process(6, 6, 7, b"child", cgroups=cgroups, args=b"a\0b")
    found = read(BEGIN + processes(one, two, process(7, 5, 1), three) + users((33, b"www")) + openat(6, 3, b"/x"))
    [event_] = found.events
    child = event_.process
    assert (child.name, child.args, child.ppid, child.ancestors) == (b"child", b"child\0a\0b\0", 5, (b"web", b"init"))
    assert child.container is not None
    assert (child.container.id, child.container.runtime) == (ID, "docker")
    assert (child.loginuid, child.cap_permitted, child.cap_effective, child.known) == (1000, 2, 3, True)
    web = only(users((33, b"www")) + processes(one, two) + openat(5, 3, b"/x")).process
    assert (web.uid, web.user, web.cwd, web.tty, web.exepath) == (33, b"www", b"/srv", 34816, b"/web")


def test_a_program_starts() -> None:
    found = only(processes(process(1, 1, 0, b"init"), process(5, 5, 1)) + execve(5, b"cat", uid=7))
    p = found.process
    assert (found.type, found.result, p.name, p.exepath) == ("execve", 0, b"cat", b"/usr/bin/cat")
    assert (p.args, p.cwd, p.uid, p.gid, p.tty) == (b"cat\0-c\0x y\0", b"/srv", 7, 7, 34817)
    assert (p.cap_permitted, p.cap_effective, p.loginuid, p.ancestors) == (7, 5, 1000, (b"init",))


def test_an_exec_that_failed_is_counted_and_nothing_else() -> None:
    capture, events = read(BEGIN + execve(5, b"cat", result=-2) + openat(5, 3, b"/x"))
    assert capture.others == {"execve that failed": 1}
    assert events[0].process.name == b""
    assert (capture.events, capture.decoded) == (2, 1)


def test_a_fork_and_an_exit() -> None:
    data = processes(process(1, 1, 0, b"init"), process(5, 5, 1, b"sh", cwd=b"/here"))
    data += descriptors(5, descriptor(3, 16, u32(1) + text(b"/f") + u32(0)))
    data += clone(5, 6) + clone(6, 0, pid=6, ptid=5) + event(317, 6, i64(0), i64(3), u32(0))
    data += event(186, 6, i64(256), i64(1), b"\0", b"\0", i64(1)) + openat(6, 3, b"/y")
    capture, (forked, changed, ended, after) = read(BEGIN + data)
    assert (forked.type, forked.result, forked.process.pid) == ("clone", 6, 5)
    assert (changed.file, changed.process.pid, changed.process.ppid) == (b"/f", 6, 5)
    assert (changed.process.start, changed.process.ancestors) == (START, (b"sh", b"init"))
    assert (ended.type, ended.result, ended.process.pid) == ("procexit", 256, 6)
    assert not after.process.known
    assert capture.others == {"clone of a thread, or as the child tells it": 1}


def test_threads_are_one_process() -> None:
    data = processes(process(5, 5, 1)) + clone(5, 8, flags=1 << 13) + clone(8, 0, flags=1 << 13, pid=5)
    data += openat(8, 3, b"/var", flags=1 | 1 << 10) + openat(5, 4, b"x", dirfd=3)
    first, second = read(BEGIN + data).events
    assert (first.process.pid, first.thread, second.directory) == (5, 8, b"/var")


def test_an_exec_closes_what_closes_on_exec() -> None:
    data = openat(5, 3, b"/a", flags=1 | 1 << 12) + openat(5, 4, b"/b") + execve(5, b"cat")
    data += event(367, 5, i64(9), i64(3)) + event(367, 5, i64(9), i64(4))
    *_, closed, kept = read(BEGIN + data).events
    assert (closed.file, kept.file, kept.argument, kept.fd) == (b"", b"/b", 9, 4)


def test_a_change_of_directory() -> None:
    data = processes(process(5, 5, 1, cwd=b"/a")) + event(95, 5, i64(0), z(b"b")) + openat(5, 3, b"f")
    data += event(317, 5, i64(0), i64(3), u32(0))
    moved, opened, changed = read(BEGIN + data).events
    assert (moved.process.cwd, opened.process.cwd, changed.file) == (b"/a", b"/a/b", b"/a/b/f")


def test_users_change() -> None:
    data = users((0, b"root"), (7, b"bob")) + processes(process(5, 5, 1)) + event(199, 5, i64(0), u32(7))
    found = only(data)
    assert (found.argument, found.process.uid, found.process.user) == (7, 7, b"bob")


def test_a_connection() -> None:
    data = event(19, 5, i64(3), u32(2), u32(1 | os.O_CLOEXEC), u32(0), u32(0))
    pair = inet(2, (LOCAL, 40000), (REMOTE, 443))
    data += event(23, 5, i64(-115), pair, i64(3), inet(2, (REMOTE, 443)))
    data += event(31, 5, i64(3), b"abc", i64(3), u32(3), b"")
    made, connected, sent = read(BEGIN + data).events
    assert (made.type, made.fd, made.argument, made.flags) == ("socket", 3, 2, 1 | os.O_CLOEXEC)
    for found in (connected, sent):
        assert (found.family, found.protocol, found.kind) == (2, 6, 12)
        assert (found.local, found.remote) == ((LOCAL, 40000), (REMOTE, 443))


def test_a_server() -> None:
    data = event(19, 5, i64(3), u32(10), u32(1), u32(0), u32(0)) + event(
        21, 5, i64(0), inet(10, (bytes(15) + b"\1", 80)), i64(3)
    )
    data += event(25, 5, i64(0), i64(3), u32(128))
    data += event(389, 5, i64(4), inet(2, (REMOTE, 9), (LOCAL, 80)), b"\0", u32(0), u32(0), u32(1 << 12))
    _, bound, listening, accepted = read(BEGIN + data).events
    assert bound.local == listening.local == (bytes(15) + b"\1", 80)
    assert (listening.argument, listening.protocol) == (128, 6)
    assert (accepted.fd, accepted.remote, accepted.local) == (4, (REMOTE, 9), (LOCAL, 80))
    assert accepted.flags == os.O_CLOEXEC


def test_a_unix_socket_names_its_path() -> None:
    found = only(event(23, 5, i64(0), b"\1" + bytes(16) + z(b"/run/x"), i64(3), b"\1" + z(b"/run/x")))
    assert (found.family, found.path, found.file) == (1, b"/run/x", b"")


def test_what_is_not_decoded_is_counted_by_name() -> None:
    capture, _ = read(BEGIN + event(7, 5, i64(1), b"a") + event(6, 5, i64(1)) + event(999, 5) + openat(5, 3, b"/x"))
    assert capture.others == {"read": 1, "read begins": 1, "event 999": 1}
    assert (capture.events, capture.decoded) == (4, 1)


@pytest.mark.parametrize("flags", [False, True])
def test_old_captures_tell_arguments_at_the_beginning(flags: bool) -> None:
    def old(code: int, *parameters: bytes) -> bytes:
        return event(code, 5, *parameters, old=True, flags=flags)

    data = old(102, i64(-100), z(b"/etc/passwd"), u32(3), u32(0)) + old(103, i64(3))
    data += old(18, u32(2), u32(2), u32(0)) + old(19, i64(4)) + old(22, i64(4))
    data += old(23, i64(0), inet(2, (LOCAL, 1), (REMOTE, 53))) + old(128, i64(99), b"\x09") + old(129, i64(-3))
    data += old(124, i64(3)) + old(125, i64(7))
    opened, made, connected, killed, doubled = read(BEGIN + data).events
    assert (opened.type, opened.fd, opened.path, opened.flags) == ("openat", 3, b"/etc/passwd", os.O_RDWR)
    assert (made.argument, made.fd) == (2, 4)
    assert (connected.fd, connected.protocol, connected.remote) == (4, 17, (REMOTE, 53))
    assert (killed.target, killed.argument, killed.result) == (99, 9, -3)
    assert (doubled.fd, doubled.argument, doubled.file) == (3, 7, b"/etc/passwd")


@pytest.mark.parametrize("more", [(), (b"",), (b"", b"", b"")])
def test_a_number_at_the_end_of_a_capture_is_read_as_it_is(more: tuple[bytes, ...]) -> None:
    assert only(event(129, 5, i64(0), i64(9), bytes([15]), *more)).argument == 15


def test_a_beginning_without_its_end_is_not_taken_for_another() -> None:
    data = event(102, 5, i64(-100), z(b"/x"), u32(1), u32(0)) + event(129, 5, i64(0), i64(9), b"\x0f")
    found = only(data + b"")
    assert (found.type, found.path, found.target) == ("kill", b"", 9)


def test_long_paths_and_strange_bytes_come_whole() -> None:
    path = b"/" + b"\xff\n\x1b" * 1300
    assert only(openat(5, 3, path)).path == path


def test_batches_are_split_where_their_texts_are_too_long_for_a_message() -> None:
    many = range(100, 2200)
    lists = [processes(*(process(tid, tid, 1, args=b"%d" % tid * 1200) for tid in many[at::30])) for at in range(30)]
    data = section() + b"".join(lists) + b"".join(openat(tid, 3, b"f", dirfd=9) for tid in many)
    batches = list(Capture(io.BytesIO(data), session="s").batches())
    assert len(batches) > 1
    assert all(sum(map(len, batch.strings)) < 6 << 20 for batch in batches)
    assert [batch.sequence for batch in batches] == list(range(len(batches)))
    events = [event for batch in batches for event in events_of(batch)]
    assert [event.process.pid for event in events] == list(many)
    assert [event.id for event in events] == [f"s:{number:x}" for number in range(1, len(many) + 1)]


def test_the_node_is_the_machine_or_what_is_asked_for() -> None:
    assert read(BEGIN + openat(5, 3, b"/x")).capture.node == "box"
    assert read(section() + openat(5, 3, b"/x")).capture.node == "file"
