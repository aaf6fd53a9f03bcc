import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError
from infra.oci.kinds import cosign_tag
from infra.oci.media_types import IMAGE_MANIFEST
from infra.oci.memory import Memory
from infra.oci.public_keys import PublicKey
from infra.oci.signatures import (
    COSIGN_LAYER,
    COSIGN_SIGNATURE,
    COSIGN_TYPES,
    JWS,
    NOTATION_TYPE,
    is_signed,
    verify,
)
from infra.oci.target import Target
from tests.artifacts import artifact, layer

NOW = "2026-06-01T00:00:00+00:00"
EC = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def public(key: Any) -> PublicKey:
    return PublicKey(public_pem(key))


def sign(key: Any, data: bytes) -> bytes:
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(data, ec.ECDSA(hashes.SHA256()))
        case rsa.RSAPrivateKey():
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        case _:
            signed: bytes = key.sign(data)
            return signed


def cosign(target: Target, subject: Descriptor, key: Any, digest: str = "", tagged: bool = False) -> Descriptor:
    """Sign as cosign does: by a referrer, or under the tag that it looks at."""
    identity = {"docker-reference": "r.io/a"}
    critical = {"identity": identity, "image": {"docker-manifest-digest": digest or subject.digest}, "type": "cosign"}
    payload = json.dumps({"critical": critical, "optional": None}).encode()
    blob = layer(target, payload, media_type=COSIGN_LAYER)
    notes = {COSIGN_SIGNATURE: base64.b64encode(sign(key, payload)).decode()}
    signed = Descriptor(blob.media_type, blob.digest, blob.size, annotations=notes)
    if tagged:
        return artifact(target, signed, tag=cosign_tag(subject.digest, ".sig"))
    return artifact(target, signed, subject=subject, kind=COSIGN_TYPES[0])


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def notation(target: Memory, subject: Descriptor, key: Any, made_by: str, **head: Any) -> Descriptor:
    """Sign as notation does: a JWS envelope in a referrer."""
    described = {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size}
    payload = url64(json.dumps({"targetArtifact": described}).encode())
    fields = {
        "alg": made_by,
        "cty": "application/vnd.cncf.notary.payload.v1+json",
        "crit": ["io.cncf.notary.signingScheme"],
    }
    protected = url64(json.dumps({**fields, "io.cncf.notary.signingScheme": "notary.x509", **head}).encode())
    data = f"{protected}.{payload}".encode()
    if made_by.startswith("ES"):
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32) + s.to_bytes(32)
    else:
        signature = key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    envelope = {"payload": payload, "protected": protected, "header": {}, "signature": url64(signature)}
    blob = layer(target, json.dumps(envelope).encode(), media_type=JWS)
    return artifact(target, blob, subject=subject, kind=NOTATION_TYPE)


@pytest.fixture
def target() -> Memory:
    return Memory()


@pytest.fixture
def subject(target: Memory) -> Descriptor:
    return artifact(target, layer(target, b"a", "a"), tag="v1")


MAKERS: dict[str, tuple[Any, Callable[[Memory, Descriptor, Any], Descriptor]]] = {
    "cosign, elliptic curve": (EC, cosign),
    "cosign, RSA": (RSA, cosign),
    "cosign, Ed25519": (ED, cosign),
    "cosign, under its tag": (EC, lambda target, subject, key: cosign(target, subject, key, tagged=True)),
    "notation, ES256": (EC, lambda target, subject, key: notation(target, subject, key, "ES256")),
    "notation, PS256": (RSA, lambda target, subject, key: notation(target, subject, key, "PS256")),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_a_signature_is_good_by_its_key_and_by_no_other(maker: str, target: Memory, subject: Descriptor) -> None:
    key, make = MAKERS[maker]
    made = make(target, subject, key)
    (verdict,) = verify(target, subject, public(key), NOW)
    assert (verdict.signature, verdict.good) == (made.digest, True), verdict.why
    assert not is_signed(verify(target, subject, public(OTHER), NOW))


def test_a_signature_of_another_artifact_is_none_of_this(target: Memory, subject: Descriptor) -> None:
    cosign(target, subject, EC, digest="sha256:" + "0" * 64)
    (verdict,) = verify(target, subject, public(EC), NOW)
    assert not verdict.good
    assert "not of this artifact" in verdict.why


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ({"io.cncf.notary.expiry": "2026-01-01T00:00:00Z"}, "expired"),
        ({"crit": ["something.new"]}, "something.new"),
        ({"cty": "text/plain"}, "text/plain"),
        ({"alg": "none"}, "algorithm"),
        ({"alg": "HS256"}, "algorithm"),
    ],
)
def test_what_a_signature_demands_is_heeded(
    head: dict[str, Any], why: str, target: Memory, subject: Descriptor
) -> None:
    notation(target, subject, EC, "ES256", **head)
    (verdict,) = verify(target, subject, public(EC), NOW)
    assert not verdict.good
    assert why in verdict.why


@pytest.mark.parametrize("envelope", [b"", b"{}", b'{"payload":"!","protected":"!","signature":"!"}', b"\xff"])
def test_an_envelope_that_is_none_is_not_good(envelope: bytes, target: Memory, subject: Descriptor) -> None:
    artifact(target, layer(target, envelope, media_type=JWS), subject=subject, kind=NOTATION_TYPE)
    (verdict,) = verify(target, subject, public(EC), NOW)
    assert not verdict.good


def test_a_signature_by_openssl_is_good(tmp_path: Path, target: Memory, subject: Descriptor) -> None:
    key, pem, payload = tmp_path / "key.pem", tmp_path / "public.pem", tmp_path / "payload"
    openssl = lambda *argv: subprocess.run(["openssl", *argv], check=True, capture_output=True).stdout  # noqa: E731
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    openssl("ec", "-in", str(key), "-pubout", "-out", str(pem))
    payload.write_text(json.dumps({"critical": {"image": {"docker-manifest-digest": subject.digest}}}))
    signature = openssl("dgst", "-sha256", "-sign", str(key), str(payload))
    blob = layer(target, payload.read_bytes(), media_type=COSIGN_LAYER)
    notes = {COSIGN_SIGNATURE: base64.b64encode(signature).decode()}
    signed = Descriptor(blob.media_type, blob.digest, blob.size, annotations=notes)
    artifact(target, signed, subject=subject, kind=COSIGN_TYPES[0])
    assert is_signed(verify(target, subject, PublicKey(pem.read_bytes()), NOW))


def test_what_is_no_key_is_said() -> None:
    with pytest.raises(InvalidContentError, match="no public key"):
        PublicKey(b"key")


@pytest.mark.parametrize("kind", [COSIGN_TYPES[0], NOTATION_TYPE])
def test_what_is_no_signature_hides_none_that_is(kind: str, target: Memory, subject: Descriptor) -> None:
    class Hostile(Memory):
        def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
            gone = Descriptor(IMAGE_MANIFEST, "sha256:" + "f" * 64, 512, artifact_type=kind)
            huge = Descriptor(IMAGE_MANIFEST, "sha256:" + "e" * 64, 1 << 40, artifact_type=kind)
            none = layer(target, b"[" * 1000, media_type=IMAGE_MANIFEST)
            return iter([*(one for one in (gone, huge, none) if kind == artifact_type), *target.referrers(subject)])

        fetch, resolve = target.fetch, target.resolve

    notation(target, subject, EC, "ES256", **{"io.cncf.notary.expiry": "2020-01-01T00:00:00"})
    made = cosign(target, subject, EC)
    assert made.digest in [one.signature for one in verify(Hostile(), subject, public(EC), NOW) if one.good]
