"""Copies of layers: whole or not there, whatever is wrong with the source, the way or the disk."""

import fcntl
import functools
import os
import random
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.volumes import copying
from infra.volumes.certificates import ensure
from infra.volumes.copy_record import DIGEST, Origin, Record, decode_record, encode_origin
from infra.volumes.copying import CHUNK, copy_layer
from infra.volumes.errors import EngineError
from infra.volumes.peer import Peer
from infra.volumes.peers import RemotePeer
from infra.volumes.sparse import BLOCK, filled
from tests.layers import FolderPeer

LAYER = ("v1", "r1", "base")
STEP = 3


@pytest.fixture(autouse=True)
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "STEP", STEP)


class StoppedError(Exception):
    """What a test ends a copy with."""


class DamagedPeer(FolderPeer):
    """A source whose memory fails: of what it reads, the first `times` times, one bit is another."""

    times = 1

    def read_layer(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        content = super().read_layer(volume, replica, layer, offset, length)
        if offset != CHUNK or not self.times:
            return content
        self.times -= 1
        return content[:7] + bytes([content[7] ^ 4]) + content[8:]


@functools.cache
def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def copy(peer: Peer, target: Path) -> list[int]:
    steps: list[int] = []
    copy_layer(peer, *LAYER, target, lambda done, _: steps.append(done))
    return steps


def stopped(peer: FolderPeer, target: Path, after: int) -> None:
    """End a copy when so many bytes are durable."""

    def progress(done: int, size: int) -> None:
        if done >= after:
            raise StoppedError

    with pytest.raises(StoppedError):
        copy_layer(peer, *LAYER, target, progress)


@pytest.fixture
def peer(tmp_path: Path) -> FolderPeer:
    return FolderPeer(tmp_path / "source")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target" / "base.qcow2"


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 12345])
def test_a_copy_is_what_the_source_is(peer: FolderPeer, target: Path, size: int) -> None:
    peer.put(*LAYER, noise(size))
    assert copy(peer, target)[-1] == size
    assert target.read_bytes() == noise(size)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_what_is_there_is_not_copied_again(peer: FolderPeer, target: Path) -> None:
    target.write_bytes(b"whole")
    assert copy(peer, target) == []
    assert target.read_bytes() == b"whole"


def test_zeros_are_neither_sent_nor_written(peer: FolderPeer, target: Path) -> None:
    content = noise(BLOCK) + bytes(2 * BLOCK) + noise(BLOCK) + bytes(4 * CHUNK) + noise(1)
    peer.put(*LAYER, content)
    copy(peer, target)
    assert target.read_bytes() == content
    assert peer.read < 2 * CHUNK + 2 * BLOCK
    assert target.stat().st_blocks * 512 < 4 * BLOCK


def test_a_copy_goes_on_where_it_ended(peer: FolderPeer, target: Path) -> None:
    content = noise((STEP + 2) * CHUNK)
    peer.put(*LAYER, content)
    stopped(peer, target, STEP * CHUNK)
    assert not target.exists()
    peer.read = 0
    assert copy(peer, target)[0] == STEP * CHUNK
    assert peer.read == 2 * CHUNK
    assert target.read_bytes() == content


def test_what_the_disk_lost_is_copied_again(peer: FolderPeer, target: Path) -> None:
    content = noise((STEP + 2) * CHUNK)
    peer.put(*LAYER, content)
    stopped(peer, target, STEP * CHUNK)
    part = target.with_name(f"{target.name}.part")
    with part.open("r+b") as file:
        file.seek(CHUNK)
        file.write(bytes(4096))
    assert copy(peer, target)[0] == CHUNK
    assert target.read_bytes() == content


def test_a_part_that_is_gone_is_made_anew(peer: FolderPeer, target: Path) -> None:
    peer.put(*LAYER, noise((STEP + 1) * CHUNK))
    stopped(peer, target, STEP * CHUNK)
    target.with_name(f"{target.name}.part").unlink()
    assert copy(peer, target)[0] == 0
    assert target.read_bytes() == noise((STEP + 1) * CHUNK)


def test_rests_after_the_last_step_do_not_fill_holes(peer: FolderPeer, target: Path) -> None:
    peer.put(*LAYER, bytes(CHUNK))
    target.with_name(f"{target.name}.part").write_bytes(noise(2 * CHUNK))
    copy(peer, target)
    assert target.read_bytes() == bytes(CHUNK)


def test_another_replica_is_copied_from_its_beginning(peer: FolderPeer, target: Path) -> None:
    peer.put(*LAYER, noise((STEP + 1) * CHUNK))
    stopped(peer, target, STEP * CHUNK)
    peer.put("v1", "r2", "base", b"the same in other bytes")
    copy_layer(peer, "v1", "r2", "base", target, lambda done, size: None)  # noqa: ARG005
    assert target.read_bytes() == b"the same in other bytes"


def test_a_record_of_other_chunks_is_begun_anew(peer: FolderPeer, target: Path) -> None:
    peer.put(*LAYER, noise(CHUNK))
    other = Origin(*LAYER, CHUNK, CHUNK // 2)
    target.with_name(f"{target.name}.progress").write_bytes(encode_origin(other) + bytes(DIGEST))
    assert copy(peer, target)[0] == 0
    assert target.read_bytes() == noise(CHUNK)


@pytest.mark.parametrize("changed", [noise(5 * CHUNK), noise((STEP + 1) * CHUNK - 1) + b"x", noise(CHUNK)])
def test_a_source_that_changed_meanwhile_is_told_and_then_copied_anew(
    peer: FolderPeer, target: Path, changed: bytes
) -> None:
    peer.put(*LAYER, b"y" * ((STEP + 1) * CHUNK))
    stopped(peer, target, STEP * CHUNK)
    peer.put(*LAYER, changed)
    with pytest.raises(EngineError, match="its source changed") as caught:
        copy(peer, target)
    assert not caught.value.permanent
    assert not target.exists()
    copy(peer, target)
    assert target.read_bytes() == changed


@pytest.mark.parametrize("changed", [b"x" + noise(2 * CHUNK)[1:], noise(2 * CHUNK)[:-1] + b"x", noise(CHUNK)])
def test_a_source_that_changes_at_the_end_is_told(peer: FolderPeer, target: Path, changed: bytes) -> None:
    peer.put(*LAYER, noise(2 * CHUNK))

    def progress(done: int, size: int) -> None:
        if done == size:
            peer.put(*LAYER, changed)

    with pytest.raises(EngineError, match="its source changed"):
        copy_layer(peer, *LAYER, target, progress)
    assert not target.exists()


def test_a_chunk_that_arrives_damaged_is_asked_for_again(tmp_path: Path, target: Path) -> None:
    peer = DamagedPeer(tmp_path / "source")
    peer.put(*LAYER, noise(3 * CHUNK))
    copy(peer, target)
    assert target.read_bytes() == noise(3 * CHUNK)


def test_a_chunk_that_always_arrives_damaged_is_told(tmp_path: Path, target: Path) -> None:
    peer = DamagedPeer(tmp_path / "source")
    peer.times = 1000
    peer.put(*LAYER, noise(3 * CHUNK))
    with pytest.raises(EngineError, match="other than their digest says"):
        copy(peer, target)
    assert not target.exists()


def test_a_disk_that_gives_back_something_else_is_told(peer: FolderPeer, target: Path) -> None:
    peer.put(*LAYER, noise(3 * CHUNK))

    def progress(done: int, size: int) -> None:
        if done == size:
            descriptor = os.open(target.with_name(f"{target.name}.part"), os.O_WRONLY)
            os.pwrite(descriptor, b"rot", CHUNK + 5)
            os.close(descriptor)

    with pytest.raises(EngineError, match="gives back other bytes"):
        copy_layer(peer, *LAYER, target, progress)
    copy(peer, target)
    assert target.read_bytes() == noise(3 * CHUNK)


def test_a_layer_that_is_not_there_is_told_at_once(peer: FolderPeer, target: Path) -> None:
    with pytest.raises(EngineError, match="there is no such layer") as caught:
        copy(peer, target)
    assert caught.value.permanent


def test_a_target_without_a_folder_is_told(peer: FolderPeer, tmp_path: Path) -> None:
    peer.put(*LAYER, b"x")
    with pytest.raises(EngineError, match="No such file"):
        copy(peer, tmp_path / "nowhere" / "base.qcow2")


def test_two_do_not_copy_to_one_place(peer: FolderPeer, target: Path) -> None:
    peer.put(*LAYER, b"x")
    with target.with_name(f"{target.name}.progress").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EngineError, match="being copied already"):
            copy(peer, target)
    copy(peer, target)


def test_rests_of_a_copy_that_was_killed_at_its_end_are_removed(peer: FolderPeer, target: Path) -> None:
    target.write_bytes(b"whole")
    for ending in ("part", "progress"):
        target.with_name(f"{target.name}.{ending}").write_bytes(b"rest")
    copy(peer, target)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


blocks = st.lists(st.sampled_from([bytes(8), b"\0" * 7 + b"x", b"xxxxxxxx"]))


@given(blocks, st.binary(max_size=7))
def test_runs_are_all_that_is_not_zero(parts: list[bytes], tail: bytes) -> None:
    content = b"".join(parts) + tail
    copied = bytearray(len(content))
    runs = list(filled(content, 8))
    for begin, end in runs:
        copied[begin:end] = content[begin:end]
        assert begin % 8 == 0
        assert begin < end
    assert copied == content
    assert sum(-(-(end - begin) // 8) for begin, end in runs) == sum(any(p) for p in (*parts, tail))


names = st.text(max_size=20)
sizes = st.integers(0, 2**50)
origins = st.builds(Origin, names, names, names, sizes, st.integers(1, 2**30))


@given(origins, st.lists(st.binary(min_size=DIGEST, max_size=DIGEST), max_size=5), st.data())
def test_a_record_that_is_torn_is_read_up_to_there(origin: Origin, digests: list[bytes], data: st.DataObject) -> None:
    content = encode_origin(origin) + b"".join(digests)
    torn = data.draw(st.integers(0, len(content)))
    first = len(encode_origin(origin))
    whole = min((torn - first) // DIGEST, origin.chunks)
    expected = Record(origin, tuple(digests[:whole])) if torn >= first else None
    assert decode_record(content[:torn]) == expected


@given(st.binary())
def test_any_bytes_are_a_record_or_none(content: bytes) -> None:
    decode_record(content)
    decode_record(encode_origin(Origin("v1", "r1", "base", 10 * CHUNK, CHUNK)) + content)


def test_a_source_that_is_away_for_long_is_told(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    away = RemotePeer("127.0.0.1", port, ensure(tmp_path / "tls", "n1", ["127.0.0.1"]))
    with pytest.raises(EngineError, match="refused"):
        copy(away, target)
