"""JSON as the tools of this field write it, so that the same manifest has the same digest whoever packs it.

That is: no blanks, keys of maps in their order, and <, > and & escaped, as the encoder of Go's standard library does.
"""

from typing import Any, Final

import msgspec

ESCAPES: Final = (
    (b"<", rb"\u003c"),
    (b">", rb"\u003e"),
    (b"&", rb"\u0026"),
    ("\u2028".encode(), rb"\u2028"),
    ("\u2029".encode(), rb"\u2029"),
)
"""None of these can be outside of a string."""

_ENCODER: Final = msgspec.json.Encoder()
_SORTED: Final = msgspec.json.Encoder(order="deterministic")


def encode(value: Any) -> bytes:
    """Return a value as JSON: fields of structs in their own order, keys of maps in that of the alphabet."""
    return _escaped(_SORTED.encode(value))


def encode_in_order(value: dict[str, Any]) -> bytes:
    """Return a map as JSON with its keys in the order that they have."""
    return _escaped(_ENCODER.encode({key: msgspec.Raw(encode(item)) for key, item in value.items()}))


def _escaped(data: bytes) -> bytes:
    for character, escape in ESCAPES:
        data = data.replace(character, escape)
    return data
