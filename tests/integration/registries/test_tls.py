import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.kafka.ports import free_ports
from infra.registries.errors import BrokenConnectionError, UnreachableError
from infra.registries.options import RemoteOptions
from infra.registries.registry import Registry
from infra.registries.repository import Repository
from infra.volumes.issuing import new_key
from tests.authorities import keep, operators_authority
from tests.contracts.targets import push_manifest
from tests.registries import Running, distribution

pytestmark = pytest.mark.registry

Connect = Callable[..., Repository]
ConnectRegistry = Callable[..., Registry]
NAME = "registry.example"


def make_certificates(folder: Path) -> None:
    """Write a CA, and certificates of a server called registry.example and of a client."""
    begins, key = datetime.now(UTC) - timedelta(days=1), new_key()
    authority = operators_authority(key, begins)
    keep(folder, "ca", authority, key)
    for name, usage in (("server", ExtendedKeyUsageOID.SERVER_AUTH), ("client", ExtendedKeyUsageOID.CLIENT_AUTH)):
        own = new_key()
        names = [x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))]
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(authority.subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(key, SHA256())
        )
        keep(folder, name, made, own)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_certificates(folder)
    return folder


def served(home: Path, name: str, **more: object) -> Iterator[Running]:
    folder = home / name
    folder.mkdir()
    [port] = free_ports(1)
    tls = {"certificate": str(home / "server-cert.pem"), "key": str(home / "server-key.pem"), **more}
    with distribution(folder, port, {}, tls) as one:
        yield one


@pytest.fixture(scope="module")
def with_tls(home: Path) -> Iterator[Running]:
    yield from served(home, "tls")


@pytest.fixture(scope="module")
def with_client_certificates(home: Path) -> Iterator[Running]:
    yield from served(home, "mutual", clientcas=[str(home / "ca-cert.pem")])


def named(running: Running, home: Path) -> RemoteOptions:
    resolve = f"{NAME}:{running.port}:127.0.0.1"
    return RemoteOptions(ca_file=home / "ca-cert.pem", resolve=(resolve,))


def test_a_private_ca_is_trusted_if_it_is_named(with_tls: Running, home: Path, connect: Connect) -> None:
    repository = connect(f"{NAME}:{with_tls.port}/a/b", named(with_tls, home))
    descriptor = push_manifest(repository)
    assert repository.resolve(descriptor.digest) == descriptor
    assert repository.exists(descriptor)


def test_connections_with_tls_are_kept(with_tls: Running, home: Path, connect: Connect) -> None:
    repository = connect(f"{NAME}:{with_tls.port}/a/b", named(with_tls, home))
    channels = set()
    for _ in range(5):
        push_manifest(repository)
        [[channel]] = repository._client._pool._idle.values()
        channels.add(channel)
    assert len(channels) == 1


def test_a_ca_that_is_not_trusted_is_an_error(with_tls: Running, connect_registry: ConnectRegistry) -> None:
    with pytest.raises(UnreachableError, match="not trusted") as caught:
        connect_registry(f"127.0.0.1:{with_tls.port}").ping()
    assert "--ca-file" in caught.value.fix
    connect_registry(f"127.0.0.1:{with_tls.port}", RemoteOptions(insecure=True)).ping()


def test_a_certificate_of_another_name_is_an_error(
    with_tls: Running, home: Path, connect_registry: ConnectRegistry
) -> None:
    options = msgspec.structs.replace(named(with_tls, home), resolve=(f"other:{with_tls.port}:127.0.0.1",))
    with pytest.raises(UnreachableError, match="not trusted"):
        connect_registry(f"other:{with_tls.port}", options).ping()


def test_a_port_is_resolved_too(with_tls: Running, home: Path, connect_registry: ConnectRegistry) -> None:
    options = msgspec.structs.replace(named(with_tls, home), resolve=(f"{NAME}:443:127.0.0.1:{with_tls.port}",))
    connect_registry(NAME, options).ping()


def test_who_hangs_up_during_the_handshake_is_asked_again(connect_registry: ConnectRegistry) -> None:
    asked = []

    def hang_up(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                listener.accept()[0].close()
                asked.append(True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up, args=(listener,), daemon=True)
        thread.start()
        with pytest.raises(BrokenConnectionError, match="hung up"):
            connect_registry(f"127.0.0.1:{listener.getsockname()[1]}", RemoteOptions(attempts=2)).ping()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert len(asked) == 2


def test_plain_http_where_tls_is_spoken_is_told(with_tls: Running, connect_registry: ConnectRegistry) -> None:
    with pytest.raises(Exception, match="400"):
        connect_registry(f"localhost:{with_tls.port}").ping()


def test_tls_where_plain_http_is_spoken_is_told(without_api: Running, connect_registry: ConnectRegistry) -> None:
    with pytest.raises(UnreachableError, match="TLS") as caught:
        connect_registry(f"127.0.0.1:{without_api.port}").ping()
    assert "--plain-http" in caught.value.fix


def test_a_client_certificate_is_shown(
    with_client_certificates: Running, home: Path, connect_registry: ConnectRegistry
) -> None:
    options = msgspec.structs.replace(
        named(with_client_certificates, home), cert_file=home / "client-cert.pem", key_file=home / "client-key.pem"
    )
    host = f"{NAME}:{with_client_certificates.port}"
    connect_registry(host, options).ping()
    with pytest.raises(Exception, match=r"certificate required|broke"):
        connect_registry(host, msgspec.structs.replace(options, cert_file=None, attempts=1)).ping()


def test_a_file_that_holds_no_certificates_is_told(
    with_tls: Running, tmp_path: Path, connect_registry: ConnectRegistry
) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(UnreachableError, match=path.name):
            connect_registry(f"127.0.0.1:{with_tls.port}", RemoteOptions(ca_file=path)).ping()


def test_a_client_certificate_is_not_shown_to_another_origin(
    with_client_certificates: Running, home: Path, connect: Connect
) -> None:
    shown: list[object] = []

    class Store(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.connection.getpeercert())
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(home / "ca-cert.pem"))
    context.load_cert_chain(home / "server-cert.pem", home / "server-key.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        port = server.server_address[1]
        options = RemoteOptions(
            ca_file=home / "ca-cert.pem", cert_file=home / "client-cert.pem", key_file=home / "client-key.pem"
        )
        own, other = (connect(f"127.0.0.1:{port}/a", each) for each in (options, options))
        with pytest.raises(Exception, match="404"):
            list(own.tags())
        other._client.origin = msgspec.structs.replace(other._client.origin, port=1)
        other._client._pool._dialler._own = other._client.origin
        with pytest.raises(Exception, match="404"):
            list(other.tags())
        server.shutdown()
        thread.join()
    assert bool(shown[0])
    assert not shown[1]
