"""Digests of content, as the OCI image specification writes them: `sha256:` and 64 hexadecimal digits.

Source: OCI image-spec 1.1, descriptor.md, section Digests.
"""

import hashlib
import re
from typing import Any, Final

from infra.oci.errors import InvalidReferenceError, UnsupportedError

DIGEST: Final = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
"""Algorithms that are known, and how many hexadecimal digits each has."""
HEXADECIMAL: Final = re.compile(r"[a-f0-9]+")


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """Return the digest of data."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def check_digest(digest: str) -> str:
    """Return the digest. Raises InvalidReferenceError, or UnsupportedError for an unknown algorithm."""
    if not DIGEST.fullmatch(digest):
        raise InvalidReferenceError(f"{digest!r} is no digest", "a digest looks like sha256:<64 hexadecimal digits>")
    algorithm, _, encoded = digest.partition(":")
    if algorithm not in LENGTHS:
        raise UnsupportedError(f"{algorithm} is no known digest algorithm; known are {', '.join(LENGTHS)}")
    if len(encoded) != LENGTHS[algorithm] or not HEXADECIMAL.fullmatch(encoded):
        wanted = f"a {algorithm} digest has {LENGTHS[algorithm]} digits of 0-9 and a-f"
        raise InvalidReferenceError(f"{digest!r} is no digest", wanted)
    return digest


def is_digest(text: str) -> bool:
    """Say whether a text is a digest rather than a tag."""
    return ":" in text


def hasher(digest: str) -> Any:
    """Return a new hash object of the digest's algorithm. Raises what `check_digest` raises."""
    return hashlib.new(check_digest(digest).partition(":")[0])
