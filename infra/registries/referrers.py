"""What refers to a manifest: by the API of the registry, or by the index that stands in for it under a tag.

Source: OCI distribution-spec 1.1, sections Listing Referrers, Referrers Tag Schema, Unavailable Referrers API.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from infra.oci.descriptors import Descriptor
from infra.oci.digests import check_digest
from infra.oci.errors import InvalidContentError, NotFoundError
from infra.oci.manifests import Manifest
from infra.oci.media_types import IMAGE_INDEX
from infra.registries.client import Client
from infra.registries.errors import MalformedReplyError
from infra.registries.links import Pages
from infra.registries.manifests import Manifests, media_type_of
from infra.registries.options import DistributionSpec
from infra.registries.paths import Paths
from infra.registries.replies import Reply
from infra.registries.requests import Request
from infra.registries.urls import Url, with_query

MOST_INDEX: Final = 16 << 20
API: Final = "v1.1-referrers-api"
TAG: Final = "v1.1-referrers-tag"


class Support:
    """Whether a registry has the API: said by a person, or found out."""

    def __init__(self, said: DistributionSpec) -> None:
        self.known: bool | None = None if said == "" else said == API
        self.said = said != ""

    def found(self, has: bool) -> None:
        """Note what was found out; what a person said stays."""
        if not self.said:
            self.known = has


class Referrers:
    """Lists what refers to manifests of one repository."""

    def __init__(self, client: Client, paths: Paths, manifests: Manifests) -> None:
        self._client = client
        self._paths = paths
        self._manifests = manifests
        self.support = Support(client.options.distribution_spec)

    def list(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is. Raises MalformedReplyError, and what `Client.send` does."""
        if self.support.known is not False:
            reply = self._ask(subject, artifact_type)
            if reply is not None:
                yield from self._listed(reply, self._url(subject, artifact_type), artifact_type)
                return
        for one in self.tagged(subject):
            if not artifact_type or one.artifact_type == artifact_type:
                yield one

    def has_api(self, subject: Descriptor) -> bool:
        """Say whether the registry has the API."""
        if self.support.known is None and (reply := self._ask(subject, "")) is not None:
            reply.close()
        return bool(self.support.known)

    def tagged(self, subject: Descriptor) -> tuple[Descriptor, ...]:
        """Return what the index under the tag says; nothing if there is none. Raises InvalidContentError."""
        try:
            index, data = self._manifests.get(fallback_tag(subject))
        except NotFoundError:
            return ()
        if index.media_type != IMAGE_INDEX:
            raise InvalidContentError(f"what is under {fallback_tag(subject)} is no index but {index.media_type}")
        return parse_listing(data)

    def _url(self, subject: Descriptor, artifact_type: str) -> Url:
        url = self._paths.referrers(subject)
        return with_query(url, artifactType=artifact_type) if artifact_type else url

    def _ask(self, subject: Descriptor, artifact_type: str) -> Reply | None:
        """Return the first page, or nothing if the registry has no such API."""
        url = self._url(subject, artifact_type)
        accepted = {200} if self.support.said else {200, 400, 404, 405, 501}
        reply = self._client.send(self._request(url), accepted)
        has = reply.status == 200 and media_type_of(reply) == IMAGE_INDEX
        self.support.found(has)
        if has or self.support.said:
            return reply
        reply.close()
        return None

    def _request(self, url: Url) -> Request:
        return Request("GET", url, {"Accept": IMAGE_INDEX}, scopes=self._paths.pull)

    def _listed(self, reply: Reply, url: Url, artifact_type: str) -> Iterator[Descriptor]:
        following_pages = Pages(url)
        while True:
            with reply:
                data = reply.read_most(MOST_INDEX)
                filtered = "artifactType" in [one.strip() for one in reply.get("oci-filters-applied").split(",")]
                following = following_pages.next(url, reply.get("link"))
            for one in parse_listing(data):
                if filtered or not artifact_type or one.artifact_type == artifact_type:
                    yield one
            if following is None:
                return
            url = following
            reply = self._client.send(self._request(url), {200})


def fallback_tag(subject: Descriptor) -> str:
    """Return the tag under which the index of referrers is where the API is not."""
    algorithm, _, encoded = check_digest(subject.digest).partition(":")
    return f"{algorithm[:32]}-{encoded[:64]}"


def parse_listing(data: bytes) -> tuple[Descriptor, ...]:
    """Return the descriptors of an index of referrers. Raises MalformedReplyError."""
    try:
        listing: Any = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedReplyError(f"a list of referrers is none: {error}") from None
    return tuple(listing.manifests or ())
