"""Public keys that signatures are verified with, from PEM: keys, or certificates that hold them."""

from typing import Any, Final

from infra.oci.errors import InvalidContentError

JWS_HASHES: Final = {"256": "SHA256", "384": "SHA384", "512": "SHA512"}
"""RFC 7518, section 3.1."""


class PublicKey:
    """A key, and how signatures by it are verified."""

    def __init__(self, pem: bytes) -> None:
        """Take a public key or a certificate. Raises InvalidContentError."""
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            if b"BEGIN CERTIFICATE" in pem:
                self._key: Any = x509.load_pem_x509_certificate(pem).public_key()
            else:
                self._key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            fix = "give a file that begins with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----"
            raise InvalidContentError(f"that is no public key: {error}", fix) from None

    def check(self, signature: bytes, data: bytes, algorithm: str = "") -> None:
        """Raise InvalidContentError unless the signature of the data is by the key.

        `algorithm` is one of RFC 7518 (JWA); empty: what cosign uses with keys of this type.
        """
        from cryptography.exceptions import InvalidSignature

        try:
            self._check(signature, data, algorithm)
        except InvalidSignature:
            raise InvalidContentError("it was not made by this key, or what was signed was changed") from None

    def _check(self, signature: bytes, data: bytes, algorithm: str) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

        hash = _hash(algorithm)
        match self._key:
            case ec.EllipticCurvePublicKey():
                self._key.verify(_as_der(signature, self._key) if algorithm else signature, data, ec.ECDSA(hash))
            case rsa.RSAPublicKey() if algorithm.startswith("PS"):
                self._key.verify(signature, data, padding.PSS(padding.MGF1(hash), hash.digest_size), hash)
            case rsa.RSAPublicKey() if not algorithm:
                self._key.verify(signature, data, padding.PKCS1v15(), hash)
            case ed25519.Ed25519PublicKey() if not algorithm:
                self._key.verify(signature, data)
            case _:
                raise InvalidContentError(f"a key of this type does not make signatures by {algorithm or 'default'}")


def _hash(algorithm: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    if algorithm and algorithm[:2] not in ("PS", "ES"):
        raise InvalidContentError(f"{algorithm} is no algorithm that signatures of artifacts are made by")
    name = JWS_HASHES.get(algorithm[2:] or "256")
    if name is None:
        raise InvalidContentError(f"{algorithm} is no known algorithm")
    return getattr(hashes, name)()


def _as_der(signature: bytes, key: Any) -> bytes:
    """Return a signature as ECDSA's two numbers in DER: in a JWS they stand side by side (RFC 7518, section 3.4)."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * half:
        raise InvalidContentError(f"it has {len(signature)} bytes; one by this key has {2 * half}")
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
