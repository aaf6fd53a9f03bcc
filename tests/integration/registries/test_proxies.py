import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from infra.registries.errors import UnreachableError
from infra.registries.options import RemoteOptions
from infra.registries.registry import Registry
from tests.faults import Answer, Faults, between

ConnectRegistry = Callable[..., Registry]
pytestmark = pytest.mark.registry


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return lambda url: [monkeypatch.setenv(name, url) for name in ("HTTP_PROXY", "HTTPS_PROXY")] and None


def test_a_proxy_is_asked_for_the_whole_url(named: Callable[[str], None], connect_registry: ConnectRegistry) -> None:
    with between() as proxy:
        proxy.plan = lambda _: Answer(200)
        named(f"http://ann:s3cret@localhost:{proxy.port}")
        connect_registry("registry.example", RemoteOptions(plain_http=True)).ping()
        [seen] = proxy.seen
    assert seen.target == "http://registry.example/v2/"
    assert seen.headers["host"] == "registry.example"
    assert seen.headers["proxy-authorization"] == f"Basic {b64encode(b'ann:s3cret').decode()}"


def test_loopback_needs_no_proxy(named: Callable[[str], None], connect_registry: ConnectRegistry) -> None:
    with between() as registry:
        registry.plan = lambda _: Answer(200)
        named("http://localhost:1")
        connect_registry(registry.host).ping()
        assert registry.seen[0].target == "/v2/"
        assert "proxy-authorization" not in registry.seen[0].headers


@contextmanager
def tunnel(to: Faults) -> Iterator[tuple[int, list[bytes]]]:
    """Serve one tunnel to somebody who speaks no TLS."""
    asked: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            sock, _ = listener.accept()
            with sock:
                asked.append(sock.recv(4096))
                sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_tls_goes_through_a_tunnel(named: Callable[[str], None], connect_registry: ConnectRegistry) -> None:
    with between() as registry, tunnel(registry) as (port, asked):
        named(f"localhost:{port}")
        with pytest.raises(UnreachableError, match="403 to CONNECT"):
            connect_registry("registry.example").ping()
    assert asked[0].startswith(b"CONNECT registry.example:443 HTTP/1.1\r\nHost: registry.example:443\r\n")
