"""A server and its clients over real TLS on the loopback device."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from infra.volumes import serving
from infra.volumes.answering import answer
from infra.volumes.certificates import ensure
from infra.volumes.errors import EngineError
from infra.volumes.issuing import Authority, Key
from infra.volumes.peers import RemotePeer
from infra.volumes.requests import (
    LONGEST_READ,
    PATH,
    AnyCall,
    Fence,
    LayerDigest,
    LayerSize,
    Lean,
    Prepare,
    ReadLayer,
    Serve,
    Take,
    Unserve,
    decode_call,
    encode_call,
)
from infra.volumes.serving import PeerServer
from infra.volumes.tls import client_context
from schemas.types.volumes import Address
from tests.authorities import expire
from tests.layers import FolderPeer

HOST = "127.0.0.1"

names = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,95}", fullmatch=True)
counts = st.integers(0, 2**63 - 1)
lengths = st.integers(0, LONGEST_READ)
addresses = st.builds(Address, host=st.text(), port=st.integers(0, 65535), path=st.text(), export=st.text())
of_a_layer = {"volume": names, "replica": names, "layer": names}
of_a_process = {"volume": names, "replica": names, "incarnation": counts}
of_bytes = of_a_layer | {"offset": counts, "length": lengths}
calls = st.one_of(
    *(st.builds(kind, **of_a_process, layer=names) for kind in (Prepare, Take)),
    *(st.builds(kind, **of_a_layer) for kind in (Serve, Unserve, LayerSize)),
    *(st.builds(kind, **of_bytes) for kind in (ReadLayer, LayerDigest)),
    st.builds(Fence, **of_a_process, generation=counts),
    st.builds(Lean, **of_a_process, backing=addresses),
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure(tmp_path_factory.mktemp("tls"), "n1", [HOST])


@pytest.fixture
def local(tmp_path: Path) -> FolderPeer:
    peer = FolderPeer(tmp_path / "replicas")
    peer.put("v1", "r1", "base", b"0123456789")
    return peer


@pytest.fixture
def server(local: FolderPeer, certificates: Path) -> Iterator[PeerServer]:
    with closing(PeerServer(local, HOST, 0, certificates)) as server:
        yield server


@pytest.fixture
def remote(server: PeerServer, certificates: Path) -> Iterator[RemotePeer]:
    with closing(RemotePeer(HOST, server.port, certificates)) as remote:
        yield remote


def test_every_call_arrives_with_its_arguments(local: FolderPeer, remote: RemotePeer) -> None:
    backing = Address(host="10.0.0.7", port=10809, path="", export="s-base")
    assert not remote.prepare("v1", "r1", 3, "s1")
    assert remote.prepare("v1", "r1", 3, "head")
    remote.take("v1", "r1", 3, "s1")
    remote.fence("v1", "r1", 3, 7)
    assert remote.serve("v1", "r1", "base") == backing
    remote.unserve("v1", "r1", "base")
    remote.lean("v1", "r1", 3, backing)
    assert local.calls == [
        ("prepare", "v1", "r1", 3, "s1"),
        ("prepare", "v1", "r1", 3, "head"),
        ("take", "v1", "r1", 3, "s1"),
        ("fence", "v1", "r1", 3, 7),
        ("serve", "v1", "r1", "base"),
        ("unserve", "v1", "r1", "base"),
        ("lean", "v1", "r1", 3, backing),
    ]
    assert remote.layer_size("v1", "r1", "base") == 10
    assert remote.read_layer("v1", "r1", "base", 3, 4) == b"3456"
    assert remote.layer_digest("v1", "r1", "base", 3, 4) == local.layer_digest("v1", "r1", "base", 3, 4)


def test_a_connection_is_used_again(remote: RemotePeer) -> None:
    remote.layer_size("v1", "r1", "base")
    first = remote._idle[0][1].sock
    remote.layer_size("v1", "r1", "base")
    assert remote._idle[0][1].sock is first


def test_many_threads_may_ask_at_once(local: FolderPeer, remote: RemotePeer) -> None:
    local.put("v1", "r1", "big", bytes(range(256)) * 20_000)
    wrong: list[int] = []

    def read(offset: int) -> None:
        for at in range(offset, offset + 100):
            found = remote.read_layer("v1", "r1", "big", at, 3)
            wrong.extend([at] * (found != bytes((at + i) % 256 for i in range(3))))

    threads = [threading.Thread(target=read, args=(n * 1000,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_error_of_the_other_node_arrives_as_it_is(remote: RemotePeer) -> None:
    with pytest.raises(EngineError, match="there is no such layer") as caught:
        remote.layer_size("v1", "r1", "gone")
    assert caught.value.permanent
    assert f"{HOST}:" in caught.value.what


def test_an_unexpected_failure_there_may_pass(
    remote: RemotePeer, local: FolderPeer, caplog: pytest.LogCaptureFixture
) -> None:
    local.path("v1", "r1", "base").unlink()
    local.path("v1", "r1", "base").mkdir()
    with pytest.raises(EngineError, match="IsADirectoryError") as caught:
        remote.read_layer("v1", "r1", "base", 0, 1)
    assert not caught.value.permanent
    assert "a call of another node failed" in caplog.text


def test_a_server_that_starts_again_is_found_again(local: FolderPeer, certificates: Path) -> None:
    first = PeerServer(local, HOST, 0, certificates)
    with closing(RemotePeer(HOST, first.port, certificates)) as remote:
        assert remote.layer_size("v1", "r1", "base") == 10
        first.close()
        with pytest.raises(EngineError, match="refused") as caught:
            remote.layer_size("v1", "r1", "base")
        assert not caught.value.permanent
        with closing(PeerServer(local, HOST, first.port, certificates)):
            assert remote.layer_size("v1", "r1", "base") == 10


def test_a_kept_connection_that_is_cut_is_replaced(local: FolderPeer, certificates: Path) -> None:
    first = PeerServer(local, HOST, 0, certificates)
    with closing(RemotePeer(HOST, first.port, certificates)) as remote:
        remote.layer_size("v1", "r1", "base")
        first.close()
        with closing(PeerServer(local, HOST, first.port, certificates)):
            assert remote.layer_size("v1", "r1", "base") == 10


def test_an_answer_under_way_is_given_before_a_server_closes(tmp_path: Path, certificates: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    class Slow(FolderPeer):
        def layer_size(self, volume: str, replica: str, layer: str) -> int:
            asked.set()
            go_on.wait(5)
            return super().layer_size(volume, replica, layer)

    local = Slow(tmp_path)
    local.put("v1", "r1", "base", b"0123456789")
    server, sizes = PeerServer(local, HOST, 0, certificates), list[int]()
    with closing(RemotePeer(HOST, server.port, certificates)) as remote:
        asking = threading.Thread(target=lambda: sizes.append(remote.layer_size("v1", "r1", "base")))
        asking.start()
        assert asked.wait(5)
        threading.Timer(0.1, go_on.set).start()
        server.close()
        asking.join()
        assert sizes == [10]
        with pytest.raises(EngineError):
            remote.layer_size("v1", "r1", "base")


def test_an_address_may_be_of_ipv6(local: FolderPeer, tmp_path: Path) -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("there is no IPv6 here")
    certificates = ensure(tmp_path / "tls", "n1", ["::1"])
    with (
        closing(PeerServer(local, "::1", 0, certificates)) as server,
        closing(RemotePeer("::1", server.port, certificates)) as remote,
    ):
        assert remote.layer_size("v1", "r1", "base") == 10


def test_more_connections_than_there_is_room_for_are_sent_away(
    local: FolderPeer, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 1)
    with (
        closing(PeerServer(local, HOST, 0, certificates)) as server,
        closing(RemotePeer(HOST, server.port, certificates)) as first,
        closing(RemotePeer(HOST, server.port, certificates)) as second,
    ):
        first.layer_size("v1", "r1", "base")
        with pytest.raises(EngineError) as caught:
            second.layer_size("v1", "r1", "base")
        assert not caught.value.permanent
        assert first.layer_size("v1", "r1", "base") == 10


def test_an_address_that_is_taken_is_told(server: PeerServer, local: FolderPeer, certificates: Path) -> None:
    with pytest.raises(EngineError, match="ss -ltnp"):
        PeerServer(local, HOST, server.port, certificates)


def test_missing_certificates_are_told(local: FolderPeer, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="No such file"):
        PeerServer(local, HOST, 0, tmp_path)


def test_a_silent_server_is_not_waited_for_long(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LayerSize, "SECONDS", 0.1)
    with socket.create_server((HOST, 0)) as listener:
        remote = RemotePeer(HOST, listener.getsockname()[1], certificates)
        with pytest.raises(EngineError, match="in time") as caught:
            remote.layer_size("v1", "r1", "base")
    assert not caught.value.permanent


class TestStrangers:
    """Those without a certificate of this CA get nothing."""

    def refused(self, server: PeerServer, certificates: Path) -> str:
        remote = RemotePeer(HOST, server.port, certificates)
        with pytest.raises(EngineError) as caught:
            remote.layer_size("v1", "r1", "base")
        assert not caught.value.permanent
        return caught.value.why

    def test_another_ca(self, server: PeerServer, tmp_path: Path) -> None:
        assert "not believed" in self.refused(server, ensure(tmp_path / "tls", "n1", [HOST]))

    def test_a_client_certificate_of_another_ca(self, server: PeerServer, certificates: Path, tmp_path: Path) -> None:
        stranger = ensure(tmp_path / "tls", "n1", [HOST])
        (stranger / "ca-cert.pem").write_bytes((certificates / "ca-cert.pem").read_bytes())
        assert "certificate" in self.refused(server, stranger)

    def test_a_servers_certificate_is_none_of_a_client(
        self, server: PeerServer, certificates: Path, tmp_path: Path
    ) -> None:
        stranger = copied(certificates, tmp_path)
        for part in ("cert", "key"):
            (stranger / f"server-{part}.pem").replace(stranger / f"client-{part}.pem")
        assert "certificate" in self.refused(server, stranger)

    def test_an_expired_certificate(self, server: PeerServer, certificates: Path, tmp_path: Path) -> None:
        stranger = copied(certificates, tmp_path)
        expire(stranger, "n1", HOST, authority_of(certificates.parent), datetime.now(UTC) - timedelta(minutes=1))
        assert "certificate" in self.refused(server, stranger)

    def test_none_at_all(self, server: PeerServer, certificates: Path) -> None:
        context = ssl.create_default_context(cafile=certificates / "ca-cert.pem")
        connection = http.client.HTTPSConnection(HOST, server.port, context=context, timeout=5)
        with closing(connection), pytest.raises((ssl.SSLError, ConnectionError)):
            connection.request("POST", PATH, encode_call(LayerSize(volume="v1", replica="r1", layer="base")))
            connection.getresponse()

    def test_no_tls(self, server: PeerServer) -> None:
        connection = http.client.HTTPConnection(HOST, server.port, timeout=5)
        with closing(connection), pytest.raises((http.client.HTTPException, ConnectionError)):
            connection.request("POST", PATH, b"{}")
            connection.getresponse()

    def test_an_expired_server(self, local: FolderPeer, certificates: Path, tmp_path: Path) -> None:
        spent = copied(certificates, tmp_path)
        expire(spent, "n1", HOST, authority_of(certificates.parent), datetime.now(UTC) - timedelta(minutes=1))
        with closing(PeerServer(local, HOST, 0, spent)) as server:
            assert "expired" in self.refused(server, certificates)


class TestRequests:
    """Whatever is sent, no path is left and the server goes on."""

    def sent(self, server: PeerServer, certificates: Path, body: bytes) -> tuple[int, bytes]:
        context = client_context(certificates)
        with closing(http.client.HTTPSConnection(HOST, server.port, context=context, timeout=5)) as connection:
            connection.request("POST", PATH, body)
            response = connection.getresponse()
            return response.status, response.read()

    @pytest.mark.parametrize(
        "name", ["..", "../r2", "/etc/passwd", "r1/../r2", "r1\n", "", "R1", "r1\0", ".", "a" * 200]
    )
    def test_a_name_that_is_a_way_out_is_refused(self, server: PeerServer, certificates: Path, name: str) -> None:
        good = {"call": "layer-size", "volume": "v1", "replica": "r1", "layer": "base"}
        assert self.sent(server, certificates, msgspec.json.encode(good))[0] == 200
        for field in ("volume", "replica", "layer"):
            status, body = self.sent(server, certificates, msgspec.json.encode(good | {field: name}))
            assert status == 400
            assert b"not understood" in body

    def test_a_body_that_is_too_long_is_refused(self, server: PeerServer, certificates: Path) -> None:
        status, body = self.sent(server, certificates, b" " * 70_000)
        assert (status, b"at most" in body) == (400, True)

    def test_more_than_is_served_at_once_is_refused(self, server: PeerServer, certificates: Path) -> None:
        call = {"call": "read-layer", "volume": "v1", "replica": "r1", "layer": "base", "offset": 0, "length": 1 << 30}
        assert self.sent(server, certificates, msgspec.json.encode(call))[0] == 400

    @given(st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(msgspec.json.encode))
    def test_any_bytes_get_an_answer(self, body: bytes) -> None:
        peer = FolderPeer(Path("/nonexistent"))
        assert answer(peer, body).status == 400
        assert not peer.calls

    @given(st.dictionaries(st.sampled_from(["volume", "replica", "layer", "call"]), st.text()))
    def test_only_proper_names_reach_the_peer(self, call: dict[str, str]) -> None:
        peer = FolderPeer(Path("/nonexistent"))
        given_call = {"call": "unserve", "volume": "v1", "replica": "r1", "layer": "base"} | call
        answer(peer, msgspec.json.encode(given_call))
        for _, *names in peer.calls:
            assert all(
                set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-") and name[0] not in ".-" for name in names
            )

    @given(calls)
    def test_calls_come_back_as_they_were(self, call: AnyCall) -> None:
        assert decode_call(encode_call(call)) == call


def copied(certificates: Path, folder: Path) -> Path:
    for path in certificates.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def authority_of(folder: Path) -> Authority:
    key = load_pem_private_key((folder / "ca-key.pem").read_bytes(), None)
    return Authority(load_pem_x509_certificate((folder / "ca-cert.pem").read_bytes()), cast(Key, key))
