"""Manifests of a repository: resolved, fetched, written and removed.

Source: OCI distribution-spec 1.1, sections Pulling manifests, Pushing Manifests, Content Management.
"""

import hashlib
from typing import Final

from infra.oci.descriptors import Descriptor
from infra.oci.digests import check_digest, is_digest
from infra.oci.errors import InvalidContentError, MismatchError, UnsupportedError
from infra.oci.media_types import MANIFESTS, OCTETS
from infra.oci.references import check_tag
from infra.oci.target import MOST_MANIFEST_BYTES
from infra.registries.bodies import bytes_body
from infra.registries.client import Client
from infra.registries.errors import MalformedReplyError, RegistryError
from infra.registries.heads import parse_length
from infra.registries.paths import Paths
from infra.registries.replies import Reply
from infra.registries.requests import Request

ACCEPT: Final = {"Accept": ", ".join(sorted(MANIFESTS))}
NOT_HERE: Final = frozenset({400, 405, 501})
"""How registries say that they do not remove things."""


def media_type_of(reply: Reply) -> str:
    """Return the media type that a reply says, without parameters."""
    return reply.get("content-type").partition(";")[0].strip()


class Manifests:
    """The manifests of one repository."""

    def __init__(self, client: Client, paths: Paths) -> None:
        self._client = client
        self._paths = paths

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest means. Raises NotFoundError, MismatchError, InvalidReferenceError.

        A registry that does not say the digest is asked for the manifest itself.
        """
        check_reference(reference)
        with self._client.send(self._request("HEAD", reference), {200}) as reply:
            digest, media_type = said_digest(reply), media_type_of(reply)
            length = parse_length(reply.get("content-length"))
        if digest and length is not None and media_type:
            _check_same(reference, digest)
            return Descriptor(media_type, digest, length)
        return self.get(reference)[0]

    def get(self, reference: str) -> tuple[Descriptor, bytes]:
        """Return a manifest by tag or digest, verified. Raises NotFoundError, MismatchError, InvalidContentError."""
        with self._client.send(self._request("GET", check_reference(reference)), {200}) as reply:
            data = _read_whole(reply, reference)
            said, media_type = said_digest(reply), media_type_of(reply)
        wanted = reference if is_digest(reference) else said
        algorithm = wanted.partition(":")[0] or "sha256"
        digest = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
        if wanted and wanted != digest:
            raise MismatchError(f"the registry gives {digest} for {wanted}")
        return Descriptor(media_type or OCTETS, digest, len(data)), data

    def fetch(self, descriptor: Descriptor) -> Reply:
        """Return a manifest as a stream. Raises NotFoundError, MismatchError."""
        reply = self._client.send(self._request("GET", descriptor.digest, descriptor.media_type), {200})
        try:
            check_reply(reply, descriptor)
        except BaseException:
            reply.close()
            raise
        return reply

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether a manifest is there."""
        request = self._request("HEAD", descriptor.digest, descriptor.media_type)
        with self._client.send(request, {200, 404}) as reply:
            return reply.status == 200

    def put(self, reference: str, descriptor: Descriptor, data: bytes) -> Reply:
        """Write a manifest under its digest or a tag; return what the registry says of it, closed.

        Raises MismatchError, RegistryError.
        """
        headers = {"Content-Type": descriptor.media_type}
        url = self._paths.manifest(reference)
        request = Request("PUT", url, headers, bytes_body(data), self._paths.push)
        with self._client.send(request, {200, 201, 202}) as reply:
            said = said_digest(reply)
        if said and said != descriptor.digest and said.startswith(descriptor.digest.partition(":")[0]):
            raise MismatchError(f"the registry takes {descriptor.digest} for {said}")
        return reply

    def delete(self, reference: str) -> None:
        """Remove a manifest by its digest, or a tag. Raises NotFoundError, UnsupportedError."""
        request = Request("DELETE", self._paths.manifest(reference), scopes=self._paths.delete)
        remove(self._client, request, f"{self._client.origin.authority} does not remove {_kind(reference)}s")

    def _request(self, method: str, reference: str, media_type: str = "") -> Request:
        accept = {"Accept": media_type} if media_type else ACCEPT
        return Request(method, self._paths.manifest(reference), accept, scopes=self._paths.pull)


def remove(client: Client, request: Request, refused: str) -> None:
    """Send a request that removes something. Raises NotFoundError, UnsupportedError."""
    try:
        client.send(request, {200, 202, 204}).close()
    except RegistryError as error:
        if error.status in NOT_HERE or "UNSUPPORTED" in error.codes:
            raise UnsupportedError(f"{refused}: {error}") from None
        raise


def check_reference(reference: str) -> str:
    """Return a tag or digest. Raises InvalidReferenceError."""
    return check_digest(reference) if is_digest(reference) else check_tag(reference)


def said_digest(reply: Reply) -> str:
    """Return the digest that a reply says, or nothing. Raises MalformedReplyError if it is none."""
    said = reply.get("docker-content-digest")
    if not said:
        return ""
    try:
        return check_digest(said)
    except Exception:
        raise MalformedReplyError(f"the registry says a digest that is none: {said[:100]!r}") from None


def check_reply(reply: Reply, descriptor: Descriptor) -> None:
    """Raise MismatchError if a whole answer says that it is something else than what was asked for."""
    said = said_digest(reply)
    same_algorithm = said.partition(":")[0] == descriptor.digest.partition(":")[0]
    if said and same_algorithm and said != descriptor.digest:
        raise MismatchError(f"the registry gives {said} for {descriptor.digest}")
    if reply.length is not None and reply.length != descriptor.size:
        raise MismatchError(
            f"the registry gives {reply.length:,} bytes for {descriptor.digest}, not {descriptor.size:,}"
        )


def _check_same(reference: str, digest: str) -> None:
    if is_digest(reference) and reference.partition(":")[0] == digest.partition(":")[0] and reference != digest:
        raise MismatchError(f"the registry gives {digest} for {reference}")


def _read_whole(reply: Reply, reference: str) -> bytes:
    data = reply.read_most(MOST_MANIFEST_BYTES + 1)
    if len(data) > MOST_MANIFEST_BYTES:
        raise InvalidContentError(f"{reference} has more than {MOST_MANIFEST_BYTES:,} bytes, which is no manifest")
    return data


def _kind(reference: str) -> str:
    return "manifest" if is_digest(reference) else "tag"
