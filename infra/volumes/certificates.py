"""The TLS certificates of the nodes: a CA of deedlog's own or an operator's, and what it signs for each node.

Layout, as QEMU's `tls-creds-x509,dir=<folder>/<node>` wants it:

    <folder>/ca-cert.pem  ca-key.pem                  the CA; files of an operator are used as they are
    <folder>/<node>/ca-cert.pem
    <folder>/<node>/server-cert.pem  server-key.pem
    <folder>/<node>/client-cert.pem  client-key.pem

A key that is there is kept, so a crash between two files never leaves a certificate beside a key that is not its own.
A certificate is renewed when half of its life is over: an engine may run for that long with the one it began with.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from infra.volumes.durable import write_file
from infra.volumes.errors import EngineError
from infra.volumes.issuing import (
    Authority,
    Key,
    Purpose,
    is_half_spent,
    is_own_authority,
    is_signed_by,
    names_exactly,
    new_authority,
    new_certificate,
    new_key,
)

CA_CERT: Final = "ca-cert.pem"
CA_KEY: Final = "ca-key.pem"


def ensure(folder: Path, node: str, addresses: Sequence[str]) -> Path:
    """Make what is missing, renew what is half spent, and return the folder of the node's certificates.

    `addresses` are the IP addresses and host names at which others reach this node. Raises EngineError if files that
    are there cannot be used, or what is missing cannot be signed.
    """
    own, now = folder / node, datetime.now(UTC)
    if own.parent != folder or node == "..":
        raise EngineError(
            f"The node {node!r} gets no certificates", "its name cannot be that of a folder", permanent=True
        )
    try:
        with _locked(folder):
            authority = _authority(folder, now)
            own.mkdir(mode=0o700, exist_ok=True)
            _copy(folder / CA_CERT, own / CA_CERT)
            for purpose in Purpose:
                _ensure_certificate(own, purpose, node, addresses, authority, now)
    except OSError as error:
        raise EngineError(f"The certificates in {own} cannot be kept", str(error)) from error
    return own


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: two agents that start at once must not make two CAs."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _authority(folder: Path, now: datetime) -> Authority:
    """Return the CA of the folder, made or renewed if it is deedlog's own; raises EngineError."""
    key = _key(folder / CA_KEY)
    found = _certificates(folder / CA_CERT)
    if not found:
        return _make_authority(folder, key, now)
    certificate = found[0]
    if key is not None:
        signing = [one for one in found if one.public_key() == key.public_key()]
        if not signing:
            raise _unusable(folder / CA_KEY, f"it is not the key of a certificate in {CA_CERT}")
        certificate = signing[0]
        if is_own_authority(certificate) and is_half_spent(certificate, now):
            return _make_authority(folder, key, now)
    if now >= certificate.not_valid_after_utc:
        raise _unusable(folder / CA_CERT, f"it expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    return Authority(certificate, key)


def _make_authority(folder: Path, key: Key | None, now: datetime) -> Authority:
    if key is None:
        key = new_key()
        write_file(folder / CA_KEY, _key_text(key))
    certificate = new_authority(key, now)
    write_file(folder / CA_CERT, certificate.public_bytes(Encoding.PEM))
    return Authority(certificate, key)


def _ensure_certificate(
    own: Path, purpose: Purpose, node: str, addresses: Sequence[str], authority: Authority, now: datetime
) -> None:
    name = purpose.name.lower()
    path, key_path = own / f"{name}-cert.pem", own / f"{name}-key.pem"
    if authority.key is None:
        return _require_valid(path, key_path, now)
    key, found = _key(key_path), _certificates(path)
    if key is None:
        key = new_key()
        write_file(key_path, _key_text(key))
    if not (found and _serves(found[0], key, addresses, authority, now)):
        try:
            fresh = new_certificate(purpose, node, addresses, key, authority, now)
        except ValueError as error:
            raise EngineError(f"No certificate can name {', '.join(addresses)}", str(error), permanent=True) from error
        write_file(path, fresh.public_bytes(Encoding.PEM))
    return None


def _serves(
    certificate: x509.Certificate, key: Key, addresses: Sequence[str], authority: Authority, now: datetime
) -> bool:
    return (
        certificate.public_key() == key.public_key()
        and not is_half_spent(certificate, now)
        and is_signed_by(certificate, authority.certificate)
        and names_exactly(certificate, addresses)
    )


def _require_valid(path: Path, key_path: Path, now: datetime) -> None:
    """Check a certificate that an operator made and only he can renew; raises EngineError."""
    key, found = _key(key_path), _certificates(path)
    if key is None or not found:
        raise _unusable(path, f"it or its key is missing, and there is no {CA_KEY} to sign another")
    if found[0].public_key() != key.public_key():
        raise _unusable(path, f"{key_path.name} is not its key")
    if now >= found[0].not_valid_after_utc:
        raise _unusable(path, f"it expired on {found[0].not_valid_after_utc:%Y-%m-%d}")


def _unusable(path: Path, why: str) -> EngineError:
    """Return the error; not permanent, since the same call succeeds when the operator has mended his files."""
    return EngineError(f"{path} cannot be used", f"{why}; put a certificate and its key there that belong together")


def _certificates(path: Path) -> list[x509.Certificate]:
    """Return what is in the file, nothing if it is missing; raises EngineError."""
    text = _read(path)
    try:
        return x509.load_pem_x509_certificates(text) if text else []
    except ValueError as error:
        raise _unusable(path, f"it holds no certificate ({error})") from error


def _key(path: Path) -> Key | None:
    text = _read(path)
    try:
        return cast(Key, load_pem_private_key(text, None)) if text else None
    except (ValueError, TypeError) as error:
        raise _unusable(path, f"it holds no key without a password ({error})") from error


def _key_text(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _copy(source: Path, target: Path) -> None:
    content = source.read_bytes()
    if _read(target) != content:
        write_file(target, content)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
