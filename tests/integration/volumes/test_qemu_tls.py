"""QEMU takes the nodes' certificates: an NBD export over TLS, both sides verified."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from infra.kafka.ports import free_ports
from infra.volumes.certificates import ensure
from infra.volumes.issuing import Authority, Key, new_authority, new_key
from tests.authorities import expire, keep, operators_authority

pytestmark = pytest.mark.volume

HOST = "127.0.0.1"
SECONDS = 10


@contextmanager
def export(tmp_path: Path, certificates: Path) -> Iterator[int]:
    """Export 1 MiB over TLS while the context lasts; yields the port."""
    (port,) = free_ports(1)
    (tmp_path / "raw").write_bytes(bytes(1 << 20))
    argv = [
        *("setpriv", "--pdeathsig", "KILL", "qemu-storage-daemon"),
        *("--object", f"tls-creds-x509,id=tls,dir={certificates},endpoint=server,verify-peer=on"),
        *("--blockdev", f"driver=file,node-name=raw,filename={tmp_path}/raw"),
        *("--nbd-server", f"addr.type=inet,addr.host={HOST},addr.port={port},tls-creds=tls"),
        *("--export", "type=nbd,id=e,node-name=raw,name=x", "--pidfile", f"{tmp_path}/pid"),
    ]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as daemon:
        end = time.monotonic() + SECONDS
        while not (tmp_path / "pid").exists():
            assert daemon.poll() is None, daemon.stderr and daemon.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.01)
        yield port
        daemon.kill()


def client(certificates: Path, port: int) -> str:
    """Return what a client with these certificates says of the export, or what is wrong."""
    argv = [
        *("qemu-img", "info"),
        *("--object", f"tls-creds-x509,id=tls,dir={certificates},endpoint=client,verify-peer=on"),
        *("--image-opts", f"driver=nbd,server.type=inet,server.host={HOST},server.port={port},export=x,tls-creds=tls"),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS)
    return done.stdout or done.stderr


@pytest.mark.parametrize("key", [None, rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()])
def test_two_nodes_with_one_ca_understand_each_other(tmp_path: Path, key: Key | None) -> None:
    tls = tmp_path / "tls"
    tls.mkdir()
    if key is not None:
        keep(tls, "ca", operators_authority(key, datetime.now(UTC) - timedelta(days=1)), key)
    with export(tmp_path, ensure(tls, "n1", [HOST])) as port:
        assert "virtual size: 1 MiB" in client(ensure(tls, "n2", ["127.0.0.2"]), port)


def test_a_node_that_has_not_seen_the_renewed_ca_believes_it(tmp_path: Path) -> None:
    key = new_key()
    old = new_authority(key, datetime.now(UTC) - timedelta(days=11 * 365))
    keep(tmp_path, "ca", old, key)
    with export(tmp_path, ensure(tmp_path, "n1", [HOST])) as port:
        other = ensure(tmp_path, "n2", ["127.0.0.2"])
        (other / "ca-cert.pem").write_bytes(old.public_bytes(Encoding.PEM))
        assert "virtual size: 1 MiB" in client(other, port)


def test_another_ca_is_refused(tmp_path: Path) -> None:
    with export(tmp_path, ensure(tmp_path / "tls", "n1", [HOST])) as port:
        assert "known issuer" in client(ensure(tmp_path / "other", "n1", [HOST]), port)


def test_what_expired_is_refused_and_renewed(tmp_path: Path) -> None:
    now, key = datetime.now(UTC), new_key()
    authority = new_authority(key, now - timedelta(days=6 * 365))
    keep(tmp_path, "ca", authority, key)
    with export(tmp_path, ensure(tmp_path, "n1", [HOST])) as port:
        other = ensure(tmp_path, "n2", ["127.0.0.2"])
        expire(other, "n2", "127.0.0.2", Authority(authority, key), now - timedelta(minutes=1))
        assert "expired" in client(other, port)
        assert "virtual size: 1 MiB" in client(ensure(tmp_path, "n2", ["127.0.0.2"]), port)
