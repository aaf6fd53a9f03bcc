"""How nodes speak TLS to each other: 1.3, and both sides show a certificate of the same CA."""

import ssl
from pathlib import Path

from infra.volumes.certificates import CA_CERT
from infra.volumes.issuing import Purpose


def server_context(folder: Path) -> ssl.SSLContext:
    """Return the TLS of a server, with the certificates in a node's folder; raises OSError, ssl.SSLError."""
    return _with_certificates(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), folder, Purpose.SERVER)


def client_context(folder: Path) -> ssl.SSLContext:
    """Return the TLS of a client, with the certificates in a node's folder; raises OSError, ssl.SSLError."""
    return _with_certificates(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), folder, Purpose.CLIENT)


def _with_certificates(context: ssl.SSLContext, folder: Path, purpose: Purpose) -> ssl.SSLContext:
    name = purpose.name.lower()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(folder / CA_CERT)
    context.load_cert_chain(folder / f"{name}-cert.pem", folder / f"{name}-key.pem")
    return context
