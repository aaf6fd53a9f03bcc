"""Makes and judges X.509 certificates; knows nothing of files.

Sources: RFC 5280; what QEMU asks of certificates is in its "Transport layer security" manual page.
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_NAME: Final = "deedlog's volumes"
AUTHORITY_LIFE: Final = timedelta(days=20 * 365)
NODE_LIFE: Final = timedelta(days=5 * 365)
"""Engines keep the certificate they began with, and run for years."""
CLOCKS_DIFFER: Final = timedelta(days=1)
NAME_LENGTH: Final = 64
"""Most characters of a common name (RFC 5280, ub-common-name)."""

Key = CertificateIssuerPrivateKeyTypes


class Purpose(Enum):
    """What a certificate of a node is for."""

    SERVER = ExtendedKeyUsageOID.SERVER_AUTH
    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


class Authority(msgspec.Struct, frozen=True):
    """A CA: its certificate and, where it can sign, its key."""

    certificate: x509.Certificate
    key: Key | None


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a key on P-256, which every TLS library knows."""
    return ec.generate_private_key(ec.SECP256R1())


def new_authority(key: Key, now: datetime) -> x509.Certificate:
    """Return a certificate of deedlog's own CA; certificates signed before with the same key stay good."""
    usage = _usage(digital_signature=True, key_cert_sign=True, crl_sign=True)
    return _sign(
        _builder(AUTHORITY_NAME, key, now, now + AUTHORITY_LIFE)
        .issuer_name(_name(AUTHORITY_NAME))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True),
        key,
    )


def new_certificate(
    purpose: Purpose, node: str, addresses: Sequence[str], key: Key, authority: Authority, now: datetime
) -> x509.Certificate:
    """Return the CA's word that the key is the node's; the authority must have a key."""
    assert authority.key is not None
    issuer = authority.certificate
    ends = min(now + NODE_LIFE, issuer.not_valid_after_utc)
    return _sign(
        _builder(node, key, now, ends)
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        # Not critical: QEMU would then ask for the encipherment of keys, which keys of elliptic curves cannot do.
        .add_extension(_usage(digital_signature=True), critical=False)
        .add_extension(x509.ExtendedKeyUsage([purpose.value]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternative_names(addresses)), critical=False)
        .add_extension(_issuer_identifier(issuer), critical=False),
        authority.key,
    )


def alternative_names(addresses: Sequence[str]) -> list[x509.GeneralName]:
    """Return addresses and host names as a certificate holds them; raises ValueError for what is neither."""
    return [_alternative_name(address) for address in sorted(set(addresses))]


def is_own_authority(certificate: x509.Certificate) -> bool:
    """Return whether deedlog made this CA, rather than an operator."""
    return certificate.subject == _name(AUTHORITY_NAME)


def is_half_spent(certificate: x509.Certificate, now: datetime) -> bool:
    """Return whether half of the certificate's life is over."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return now >= begins + (ends - begins) / 2


def is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Return whether this CA signed the certificate."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def names_exactly(certificate: x509.Certificate, addresses: Sequence[str]) -> bool:
    """Return whether these are the addresses that the certificate is for."""
    try:
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return set(held) == set(alternative_names(addresses))


def _alternative_name(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def _builder(name: str, key: Key, now: datetime, ends: datetime) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _issuer_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        held = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(held)


def _sign(builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
    of_edwards = isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return builder.sign(key, None if of_edwards else hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:NAME_LENGTH])])


def _usage(**wanted: bool) -> x509.KeyUsage:
    nothing = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(nothing | wanted))
