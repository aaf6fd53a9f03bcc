"""Names of artifacts in registries: `registry/repository:tag` and `registry/repository@digest`.

Source: OCI distribution-spec 1.1, section Pulling manifests; a registry must be named, there is no default one.
"""

import re
from typing import Final

import msgspec

from infra.oci.digests import check_digest, is_digest
from infra.oci.errors import InvalidReferenceError

REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
REGISTRY: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?")
FORM: Final = "a reference looks like <registry>/<repo>[:tag|@digest]"


class Reference(msgspec.Struct, frozen=True):
    """Where an artifact is."""

    registry: str
    """host or host:port."""
    repository: str = ""
    """Empty: the registry itself is meant."""
    reference: str = ""
    """Tag or digest; empty: none."""

    def __str__(self) -> str:
        """Return it as it is written."""
        mark = "@" if is_digest(self.reference) else ":"
        return f"{self.registry}/{self.repository}{mark if self.reference else ''}{self.reference}"


def parse_reference(text: str) -> Reference:
    """Return the parts of `registry/repository[:tag][@digest]`; with both, the digest counts.

    Raises InvalidReferenceError.
    """
    registry, slash, path = text.partition("/")
    if not slash:
        raise InvalidReferenceError(f"{text!r} has no repository", FORM)
    repository, at, digest = path.partition("@")
    last = repository.rfind(":")
    tag = repository[last + 1 :] if last >= 0 else ""
    repository = repository[:last] if last >= 0 else repository
    if not REGISTRY.fullmatch(registry):
        raise InvalidReferenceError(f"{registry!r} in {text!r} is no registry", FORM)
    if not REPOSITORY.fullmatch(repository):
        raise InvalidReferenceError(f"{repository!r} in {text!r} is no repository", FORM)
    if (last >= 0) and not TAG.fullmatch(tag):
        raise InvalidReferenceError(f"{tag!r} in {text!r} is no tag", FORM)
    if at:
        check_digest(digest)
    return Reference(registry, repository, digest if at else tag)


def check_tag(tag: str) -> str:
    """Return the tag. Raises InvalidReferenceError."""
    if not TAG.fullmatch(tag):
        what = f"{tag!r} is no tag"
        raise InvalidReferenceError(what, "tags have at most 128 of A-Z, a-z, 0-9, _, . and -, the first no . or -")
    return tag
