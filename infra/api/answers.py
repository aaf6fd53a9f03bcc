"""Answers in the JSON of schema registries."""

from typing import Any, Final

import msgspec
from starlette.responses import Response

MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"


def answer(value: Any, status: int = 200) -> Response:
    """Return the value as the registry's kind of JSON."""
    return Response(msgspec.json.encode(value), status, media_type=MEDIA_TYPE)
