"""Certificates of nodes: made once, kept, renewed in time, never over what an operator put there."""

import multiprocessing
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.volumes.certificates import ensure
from infra.volumes.errors import EngineError
from infra.volumes.issuing import (
    Authority,
    Key,
    Purpose,
    alternative_names,
    new_authority,
    new_certificate,
    new_key,
)
from infra.volumes.tls import client_context, server_context
from tests.authorities import keep, operators_authority

NAMES = {"ca-cert.pem", "client-cert.pem", "client-key.pem", "server-cert.pem", "server-key.pem"}
LONG_AGO = datetime.now(UTC) - timedelta(days=11 * 365)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def shake_hands(server: Path, client: Path, name: str) -> None:
    """Let both sides speak TLS in memory; raises ssl.SSLError."""
    shake(server_context(server), client_context(client), name)


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = server.wrap_bio(to_server, to_client, server_side=True)
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    for side in (here, there, here, there):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    there.write(b"welcome")
    assert here.read(7) == b"welcome"


def test_a_node_gets_what_qemu_and_python_want(tmp_path: Path) -> None:
    own = ensure(tmp_path, "n1", ["127.0.0.1", "::1", "n1.example.org"])
    assert own == tmp_path / "n1"
    assert set(contents(own)) == NAMES
    for path in (*own.iterdir(), *(p for p in tmp_path.iterdir() if p.is_file())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in ("127.0.0.1", "::1", "n1.example.org"):
        shake_hands(own, ensure(tmp_path, "n2", ["127.0.0.2"]), name)


def test_a_server_at_another_address_is_not_believed(tmp_path: Path) -> None:
    own = ensure(tmp_path, "n1", ["127.0.0.1"])
    with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.9"):
        shake_hands(own, own, "127.0.0.9")


def test_certificates_of_another_ca_are_refused(tmp_path: Path) -> None:
    own, other = ensure(tmp_path / "a", "n1", ["127.0.0.1"]), ensure(tmp_path / "b", "n1", ["127.0.0.1"])
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(other, own, "127.0.0.1")


def test_a_client_is_no_server(tmp_path: Path) -> None:
    own = ensure(tmp_path, "n1", ["127.0.0.1"])
    for part in ("cert", "key"):
        (own / f"client-{part}.pem").rename(own / f"server-{part}.pem")
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        shake_hands(own, ensure(tmp_path, "n2", ["127.0.0.2"]), "127.0.0.1")


def test_asked_again_nothing_changes(tmp_path: Path) -> None:
    own = ensure(tmp_path, "n1", ["127.0.0.1", "n1"])
    before = contents(own), contents(tmp_path)
    ensure(tmp_path, "n1", ["n1", "127.0.0.1"])
    assert (contents(own), contents(tmp_path)) == before


def test_a_new_address_is_put_into_the_certificate_and_the_key_stays(tmp_path: Path) -> None:
    own = ensure(tmp_path, "n1", ["127.0.0.1"])
    before = contents(own)
    ensure(tmp_path, "n1", ["127.0.0.2"])
    shake_hands(own, own, "127.0.0.2")
    assert before["server-key.pem"] == contents(own)["server-key.pem"]


@pytest.mark.parametrize("lost", sorted(NAMES))
def test_a_lost_file_is_made_again(tmp_path: Path, lost: str) -> None:
    own = ensure(tmp_path, "n1", ["127.0.0.1"])
    (own / lost).unlink()
    ensure(tmp_path, "n1", ["127.0.0.1"])
    shake_hands(own, own, "127.0.0.1")


def test_a_ca_whose_making_was_interrupted_is_made_with_its_key(tmp_path: Path) -> None:
    ensure(tmp_path, "n1", ["127.0.0.1"])
    key = (tmp_path / "ca-key.pem").read_bytes()
    (tmp_path / "ca-cert.pem").unlink()
    own = ensure(tmp_path, "n1", ["127.0.0.1"])
    assert (tmp_path / "ca-key.pem").read_bytes() == key
    shake_hands(own, own, "127.0.0.1")


def test_what_is_half_spent_is_renewed_and_the_others_still_believe_it(tmp_path: Path) -> None:
    key = new_key()
    old = new_authority(key, LONG_AGO)
    keep(tmp_path, "ca", old, key)
    other = ensure(tmp_path, "n2", ["127.0.0.2"])
    (other / "ca-cert.pem").write_bytes(old.public_bytes(Encoding.PEM))
    own = tmp_path / "n1"
    own.mkdir()
    for purpose in Purpose:
        nodes = new_key()
        spent = new_certificate(purpose, "n1", ["127.0.0.1"], nodes, Authority(old, key), LONG_AGO)
        keep(own, purpose.name.lower(), spent, nodes)
    ensure(tmp_path, "n1", ["127.0.0.1"])
    assert certificate(tmp_path / "ca-cert.pem").serial_number != old.serial_number
    assert certificate(own / "server-cert.pem").not_valid_after_utc > datetime.now(UTC) + timedelta(days=1000)
    shake_hands(own, other, "127.0.0.1")
    shake_hands(other, own, "127.0.0.2")


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()])
def test_an_operators_ca_signs_and_stays_as_it_is(tmp_path: Path, key: Key) -> None:
    keep(tmp_path, "ca", operators_authority(key, datetime.now(UTC) - timedelta(days=300)), key)
    before = contents(tmp_path)
    own = ensure(tmp_path, "n1", ["127.0.0.1"])
    after = contents(tmp_path)
    del after[".lock"]
    assert after == before
    shake_hands(own, own, "127.0.0.1")


def test_certificates_follow_another_ca(tmp_path: Path) -> None:
    own, key = ensure(tmp_path, "n1", ["127.0.0.1"]), new_key()
    keep(tmp_path, "ca", operators_authority(key, datetime.now(UTC)), key)
    ensure(tmp_path, "n1", ["127.0.0.1"])
    assert certificate(own / "server-cert.pem").issuer == operators_authority(key, datetime.now(UTC)).subject
    shake_hands(own, own, "127.0.0.1")


def test_an_operator_may_keep_the_cas_key_to_himself(tmp_path: Path) -> None:
    own = ensure(tmp_path, "n1", ["127.0.0.1"])
    (tmp_path / "ca-key.pem").unlink()
    before = contents(own)
    ensure(tmp_path, "n1", ["127.0.0.1"])
    assert contents(own) == before
    with pytest.raises(EngineError, match=r"no ca-key\.pem to sign"):
        ensure(tmp_path, "n2", ["127.0.0.1"])


def test_files_that_cannot_be_used_are_named_and_left(tmp_path: Path) -> None:
    ensure(tmp_path, "n1", ["127.0.0.1"])
    for name, content, why in (
        ("ca-cert.pem", b"nonsense", "no certificate"),
        ("ca-key.pem", b"nonsense", "no key"),
        ("ca-key.pem", contents(tmp_path / "n1")["server-key.pem"], "not the key"),
        ("n1/server-cert.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
    ):
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EngineError, match=why) as caught:
            ensure(tmp_path, "n1", ["127.0.0.1"])
        assert str(tmp_path / name) in str(caught.value)
        assert (tmp_path / name).read_bytes() == content
        (tmp_path / name).write_bytes(before)


def test_an_operators_ca_that_expired_is_told(tmp_path: Path) -> None:
    key = new_key()
    keep(tmp_path, "ca", operators_authority(key, datetime.now(UTC) - timedelta(days=400)), key)
    with pytest.raises(EngineError, match="expired on") as caught:
        ensure(tmp_path, "n1", ["127.0.0.1"])
    assert not caught.value.permanent


@pytest.mark.parametrize("node", ["..", ".", "a/b", ""])
def test_a_node_whose_name_is_no_folder_gets_none(tmp_path: Path, node: str) -> None:
    with pytest.raises(EngineError):
        ensure(tmp_path / "tls", node, ["127.0.0.1"])


def test_agents_that_start_at_once_make_one_ca(tmp_path: Path) -> None:
    forked = multiprocessing.get_context("fork")
    agents = [forked.Process(target=ensure, args=(tmp_path, f"n{i}", ["127.0.0.1"])) for i in range(8)]
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join(20)
        assert agent.exitcode == 0
    for i in range(8):
        shake_hands(tmp_path / f"n{i}", tmp_path / f"n{7 - i}", "127.0.0.1")


def test_strict_readers_find_nothing_wrong(tmp_path: Path) -> None:
    own = ensure(tmp_path, "n1", ["127.0.0.1"])
    here, there = client_context(own), server_context(own)
    for context in (here, there):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    shake(there, here, "127.0.0.1")


@settings(max_examples=25)
@given(st.lists(st.ip_addresses().map(str) | st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)))
def test_addresses_come_back_out_of_a_certificate(addresses: list[str]) -> None:
    key, now = new_key(), datetime.now(UTC)
    authority = Authority(new_authority(key, now), key)
    made = new_certificate(Purpose.SERVER, "n1", addresses, key, authority, now)
    held = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(held) == alternative_names(addresses)
