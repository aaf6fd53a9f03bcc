"""Takes secrets out of what is put on record."""

import re
from typing import Final

SECRET: Final = "*****"
LONGEST: Final = 500
"""Characters of an error that are kept."""
_KEYS: Final = (
    "password|passwd|pwd|secret|token|access_token|refresh_token|id_token|signature|sig|x-amz-[a-z-]+|apikey|api_key"
)
PATTERNS: Final = (
    # Credentials in the address of something.
    (re.compile(r"(?<=://)[^/\s@]*@"), f"{SECRET}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {SECRET}"),
    (re.compile(rf"(?i)\b({_KEYS})([\"']?\s*[=:]\s*[\"']?)[^\s&\"',;]+"), rf"\1\2{SECRET}"),
    # Tokens of JSON Web Signature (RFC 7519), wherever they stand.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?"), SECRET),
)


def scrubbed(text: str) -> str:
    """Return a text on one line, without what looks like a secret, and not longer than `LONGEST`."""
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())[:LONGEST]
