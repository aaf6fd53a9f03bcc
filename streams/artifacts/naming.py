"""What artifacts are called on the log: by their digests."""

import re
from typing import Final

from streams.lifecycles.lifecycle import Naming

DIGEST_NAMES: Final = Naming(
    re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}"),
    "a digest: sha256: and 64 of 0-9 and a-f",
    f"sha256:{'0' * 64}",
)


def is_digest(text: str) -> bool:
    """Say whether a text is the name of an artifact."""
    return DIGEST_NAMES.pattern.fullmatch(text) is not None
