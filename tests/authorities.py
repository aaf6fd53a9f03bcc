"""CAs as an operator makes them, and certificate files as he puts them."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.volumes.issuing import Authority, Key, Purpose, new_certificate, new_key


def operators_authority(key: Key, begins: datetime) -> x509.Certificate:
    """Return a CA with a year to live, and no more in it than has to be."""
    name = x509.Name.from_rfc4514_string("CN=Example CA,O=Example")
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return (
        builder.not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256())
    )


def keep(folder: Path, name: str, made: x509.Certificate, key: Key) -> None:
    """Put a certificate and its key into a folder."""
    (folder / f"{name}-cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / f"{name}-key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def expire(own: Path, node: str, address: str, authority: Authority, at: datetime) -> None:
    """Put certificates of a node into its folder that were signed long before `at`, when they ended."""
    for purpose in Purpose:
        key = new_key()
        begun = at - timedelta(days=5 * 365)
        keep(own, purpose.name.lower(), new_certificate(purpose, node, [address], key, authority, begun), key)
