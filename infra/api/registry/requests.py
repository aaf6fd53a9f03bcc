"""What clients of the registry send, taken apart and checked."""

from typing import Any, Final

import msgspec
from starlette.requests import Request

from infra.api.registry.errors import RefusedError, invalid_schema
from infra.api.registry.records import GLOBAL, Reference
from infra.api.registry.texts import Text, kept

MEDIA_TYPES: Final = (
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
    "application/octet-stream",
)


class SchemaRequest(msgspec.Struct, rename="camel"):
    """The body of a request that brings a schema."""

    schema: str | None = None
    schema_type: str | None = None
    references: tuple[Reference, ...] | None = None


class LevelRequest(msgspec.Struct):
    """The body of a request that sets a compatibility level."""

    compatibility: str | None = None


class ModeRequest(msgspec.Struct):
    """The body of a request that sets a mode."""

    mode: str | None = None


async def body_of(request: Request, kind: Any) -> Any:
    """Return the body as the struct `kind`; names it does not know are passed over."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise RefusedError(415, f"HTTP 415 Unsupported Media Type: {media_type}, not {MEDIA_TYPES[0]}")
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if isinstance(error, msgspec.ValidationError):
            raise RefusedError(422, f"Unprocessable entity: {error}") from error
        raise RefusedError(400, f"Malformed JSON: {error}") from error


async def schema_in(request: Request) -> Text:
    """Return the schema that the request brings."""
    body = await body_of(request, SchemaRequest)
    if body.schema_type not in (None, "AVRO"):
        raise invalid_schema(f"schemas of type {body.schema_type} are not kept here, only AVRO")
    return kept(body.schema, body.references or (), flag(request, "normalize"))


def subject_of(request: Request) -> str:
    """Return the subject in the path, GLOBAL if it has none."""
    return str(request.path_params.get("subject", GLOBAL))


def flag(request: Request, *names: str) -> bool:
    """Return whether one of these query parameters is true."""
    return any(request.query_params.get(name, "").lower() == "true" for name in names)


def page(request: Request, found: list[Any]) -> list[Any]:
    """Return the part of a list that `offset` and `limit` ask for; a negative limit means all."""
    offset, limit = (_number(request, name, none) for name, none in (("offset", 0), ("limit", -1)))
    return found[max(offset, 0) :][: limit if limit >= 0 else None]


def _number(request: Request, name: str, none: int) -> int:
    text = request.query_params.get(name, str(none))
    try:
        return int(text)
    except ValueError:
        raise RefusedError(400, f"{name}={text} is no number") from None
