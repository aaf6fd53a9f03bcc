"""The sd_notify protocol, both ends, over a real socket."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.notify import VARIABLE, decode, encode, notify
from infra.supervisor.mailbox import Mailbox

names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1)
values = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "n"))
        receiver.settimeout(5)
        monkeypatch.setenv(VARIABLE, str(tmp_path / "n"))
        yield receiver


def test_state_arrives_as_systemd_writes_it(receiver: socket.socket) -> None:
    notify(ready=1, status="12 events,\n3 dropped")
    assert receiver.recv(4096) == b"READY=1\nSTATUS=12 events, 3 dropped"


def test_nobody_to_tell_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    notify(ready=1)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    notify(ready=1)
    monkeypatch.setenv(VARIABLE, "x" * 500)
    notify(ready=1)


def test_a_supervisor_that_does_not_read_blocks_nobody(receiver: socket.socket) -> None:
    for _ in range(10_000):
        notify(status="still here")
    assert receiver.recv(4096) == b"STATUS=still here"


@given(st.dictionaries(names, values))
def test_what_was_said_is_heard(state: dict[str, str]) -> None:
    said: dict[str, Any] = {**state}
    heard = decode(encode(said))
    assert heard == {name.upper(): " ".join(value.splitlines()) for name, value in state.items()}


@given(st.binary(max_size=200))
def test_any_datagram_is_understood_or_left_out(datagram: bytes) -> None:
    assert all(name and "\n" not in name + value for name, value in decode(datagram).items())


def test_the_mailbox_hears_a_child() -> None:
    async def listen() -> dict[str, str]:
        heard: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        mailbox = Mailbox(heard.set_result)
        argv = [sys.executable, "-c", "from infra.notify import notify; notify(ready=1, status='ü')"]
        child = await asyncio.create_subprocess_exec(*argv, env=os.environ | {VARIABLE: mailbox.address})
        try:
            return await asyncio.wait_for(heard, 10)
        finally:
            await child.wait()
            mailbox.close()

    assert asyncio.run(listen()) == {"READY": "1", "STATUS": "ü"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_mailbox_does_not_hear_another_user() -> None:
    async def listen() -> list[dict[str, str]]:
        heard: list[dict[str, str]] = []
        mailbox = Mailbox(heard.append)
        await asyncio.to_thread(send_as, 65534, mailbox.address, b"READY=1")
        await asyncio.to_thread(send_as, 0, mailbox.address, b"STATUS=root may")
        await asyncio.sleep(0.1)
        mailbox.close()
        return heard

    # Root hears root; the message of user 65534 was there first and was dropped.
    assert asyncio.run(listen()) == [{"STATUS": "root may"}]


def send_as(user: int, address: str, datagram: bytes) -> None:
    code = (
        "import os, socket, sys\n"
        f"os.setuid({user})\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        f"s.sendto({datagram!r}, b'\\0' + {address[1:]!r}.encode())\n"
    )
    subprocess.run(["/usr/bin/python3", "-c", code], check=True, timeout=20)
