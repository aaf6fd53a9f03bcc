"""Which signatures an artifact has, and whether they were made by a key: cosign's and notation's layouts.

Sources: cosign's signature specification (simple signing, tag `sha256-<hex>.sig` or a referrer); the Notary Project's
signature specification (a referrer with a JWS envelope, RFC 7515).
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Literal

import msgspec

from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError, NotFoundError, OciError
from infra.oci.kinds import cosign_tag
from infra.oci.manifests import parse_manifest
from infra.oci.public_keys import PublicKey
from infra.oci.target import ReadOnlyTarget, read_all

COSIGN_LAYER: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
COSIGN_TYPES: Final = ("application/vnd.dev.cosign.artifact.sig.v1+json", COSIGN_LAYER)
COSIGN_SIGNATURE: Final = "dev.cosignproject.cosign/signature"
NOTATION_TYPE: Final = "application/vnd.cncf.notary.signature"
JWS: Final = "application/jose+json"
PAYLOAD_TYPE: Final = "application/vnd.cncf.notary.payload.v1+json"

Layout = Literal["cosign", "notation"]


class Verdict(msgspec.Struct, frozen=True):
    """What came of verifying one signature."""

    signature: str
    """Digest of the manifest that holds it."""
    layout: Layout
    good: bool
    why: str
    """For a person: by whom it is, or why it is not good."""


class _Image(msgspec.Struct, frozen=True):
    digest: str = msgspec.field(name="docker-manifest-digest")


class _Critical(msgspec.Struct, frozen=True):
    image: _Image


class _SimpleSigning(msgspec.Struct, frozen=True):
    critical: _Critical


class _Envelope(msgspec.Struct, frozen=True):
    payload: str
    protected: str
    signature: str


class _Target(msgspec.Struct, frozen=True, rename="camel"):
    target_artifact: Descriptor


class _Protected(msgspec.Struct, frozen=True):
    alg: str
    cty: str
    crit: tuple[str, ...] = ()
    expiry: str = msgspec.field(default="", name="io.cncf.notary.expiry")


UNDERSTOOD: Final = {"io.cncf.notary.signingScheme", "io.cncf.notary.expiry", "io.cncf.notary.authenticSigningTime"}
"""Headers that a signature may demand to be understood."""


def verify(target: ReadOnlyTarget, subject: Descriptor, key: PublicKey, now: str) -> list[Verdict]:
    """Return what comes of verifying each signature of an artifact; `now` is an RFC 3339 time in UTC.

    Raises what the target raises.
    """
    return [*_cosign(target, subject, key), *_notation(target, subject, key, now)]


def is_signed(verdicts: list[Verdict]) -> bool:
    """Say whether one signature at least is good."""
    return any(verdict.good for verdict in verdicts)


def _cosign(target: ReadOnlyTarget, subject: Descriptor, key: PublicKey) -> Iterator[Verdict]:
    holders = {one.digest: one for kind in COSIGN_TYPES for one in target.referrers(subject, kind)}
    try:
        tagged = target.resolve(cosign_tag(subject.digest, ".sig"))
        holders[tagged.digest] = tagged
    except NotFoundError:
        pass
    for holder in holders.values():
        for layer in _layers(target, holder):
            if layer.media_type == COSIGN_LAYER:
                yield _verdict("cosign", holder, partial(_simple_signing, target, subject, layer, key))


def _notation(target: ReadOnlyTarget, subject: Descriptor, key: PublicKey, now: str) -> Iterator[Verdict]:
    for holder in target.referrers(subject, NOTATION_TYPE):
        for layer in _layers(target, holder):
            yield _verdict("notation", holder, partial(_jws, target, subject, layer, key, now))


def _layers(target: ReadOnlyTarget, holder: Descriptor) -> tuple[Descriptor, ...]:
    # Anybody who may push can say that something is a signature; what is none must not hide those that are.
    try:
        return parse_manifest(read_all(target, holder), holder.media_type).layers or ()
    except (NotFoundError, InvalidContentError):
        return ()


def _verdict(layout: Layout, holder: Descriptor, check: Callable[[], None]) -> Verdict:
    try:
        check()
    except (OciError, ValueError, TypeError, RecursionError) as error:
        return Verdict(holder.digest, layout, False, str(error))
    return Verdict(holder.digest, layout, True, "made by the key")


def _simple_signing(target: ReadOnlyTarget, subject: Descriptor, layer: Descriptor, key: PublicKey) -> None:
    payload = read_all(target, layer)
    signature = (layer.annotations or {}).get(COSIGN_SIGNATURE, "")
    key.check(_base64(signature, url=False), payload)
    signed = msgspec.json.decode(payload, type=_SimpleSigning).critical.image.digest
    if signed != subject.digest:
        raise InvalidContentError(f"it is a signature of {signed}, not of this artifact")


def _jws(target: ReadOnlyTarget, subject: Descriptor, layer: Descriptor, key: PublicKey, now: str) -> None:
    if layer.media_type != JWS:
        raise InvalidContentError(f"its envelope is {layer.media_type}, which is not understood; known is {JWS}")
    envelope = msgspec.json.decode(read_all(target, layer), type=_Envelope)
    head = msgspec.json.decode(_base64(envelope.protected, url=True), type=_Protected)
    if head.cty != PAYLOAD_TYPE or set(head.crit) - UNDERSTOOD:
        raise InvalidContentError(f"it is of {head.cty} and demands {', '.join(head.crit)}: not all is understood")
    if head.expiry and _later(now, head.expiry):
        raise InvalidContentError(f"it expired at {head.expiry}")
    key.check(_base64(envelope.signature, url=True), f"{envelope.protected}.{envelope.payload}".encode(), head.alg)
    signed = msgspec.json.decode(_base64(envelope.payload, url=True), type=_Target).target_artifact
    if signed.digest != subject.digest:
        raise InvalidContentError(f"it is a signature of {signed.digest}, not of this artifact")


def _later(now: str, then: str) -> bool:
    from datetime import datetime

    return datetime.fromisoformat(now) > datetime.fromisoformat(then)


def _base64(text: str, *, url: bool) -> bytes:
    from base64 import b64decode
    from binascii import Error

    try:
        padded = text + "=" * (-len(text) % 4)
        return b64decode(padded, altchars=b"-_" if url else None, validate=True)
    except Error:
        raise InvalidContentError("it is not written in base64") from None
