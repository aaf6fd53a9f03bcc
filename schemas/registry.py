"""The port to a schema registry, which gives every schema a number that fits in a message."""

import json
import re
import time
from base64 import b64encode
from http.client import HTTPException
from typing import Any, Final, Protocol
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from schemas.compatibility import DEFAULT_MODE, InvalidSchemaError, Mode, incompatibilities, parse

HTTP_TIMEOUT_SECONDS: Final = 10
RETRY_SECONDS: Final = (0.0, 0.1, 0.3, 0.6)
"""Pauses before each attempt: a registry that is just restarting is waited for."""
MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"

JsonSchema = dict[str, Any]


class UnknownSchemaError(LookupError):
    """The registry has no schema of that id."""


class RefusedSchemaError(Exception):
    """The registry does not take the schema: it breaks those that read or wrote the earlier ones."""


class RegistryUnavailableError(Exception):
    """The registry does not answer, or not as a registry should; says nothing about any schema."""


class Registry(Protocol):
    """Gives ids for schemas and schemas for ids; an id never changes its meaning."""

    def register(self, subject: str, schema: JsonSchema) -> int:
        """Return the id of the schema, adding it to the subject's versions if it is new.

        Raises RefusedSchemaError, RegistryUnavailableError.
        """

    def schema(self, id: int) -> JsonSchema:
        """Return the schema of the id. Raises UnknownSchemaError, RegistryUnavailableError."""


class MemoryRegistry:
    """A registry within this process, for tests and for tools that run without Kafka."""

    def __init__(self, mode: Mode = DEFAULT_MODE) -> None:
        self._mode = mode
        self._schemas: list[JsonSchema] = []
        self._subjects: dict[str, list[JsonSchema]] = {}

    def register(self, subject: str, schema: JsonSchema) -> int:
        """Return the id of the schema, adding it to the subject's versions if it is new."""
        versions = self._subjects.setdefault(subject, [])
        if schema not in versions:
            self._check(subject, schema, versions)
            versions.append(schema)
        if schema not in self._schemas:
            self._schemas.append(schema)
        return self._schemas.index(schema) + 1

    def schema(self, id: int) -> JsonSchema:
        """Return the schema of the id."""
        if not 0 < id <= len(self._schemas):
            raise UnknownSchemaError(f"no schema has the id {id}")
        return self._schemas[id - 1]

    def _check(self, subject: str, schema: JsonSchema, versions: list[JsonSchema]) -> None:
        try:
            found = incompatibilities(self._mode, parse(schema), [parse(old) for old in versions])
        except InvalidSchemaError as error:
            raise RefusedSchemaError(f"{subject}: {error}") from error
        if found:
            raise RefusedSchemaError(f"{subject}: {'; '.join(found)}")


class HttpRegistry:
    """A registry behind Confluent's REST API: deedlog's own or any other.

    The URL may hold user and password, and may be several, parted by commas, which are tried in turn.
    Written on the standard library: Confluent's client brings 30 MB and 0.4 s of imports to every process, and
    asks the environment's proxy even for loopback.
    """

    def __init__(self, url: str) -> None:
        self._urls = [part.strip().rstrip("/") for part in url.split(",")]

    def register(self, subject: str, schema: JsonSchema) -> int:
        """Return the id of the schema, adding it to the subject's versions if it is new."""
        path = f"/subjects/{quote(subject, safe='')}/versions"
        try:
            answer = self._ask(path, {"schema": json.dumps(schema), "schemaType": "AVRO"})
        except RefusedSchemaError as error:
            raise RefusedSchemaError(f"{subject}: {error}") from None
        return int(answer["id"])

    def schema(self, id: int) -> JsonSchema:
        """Return the schema of the id."""
        answer = self._ask(f"/schemas/ids/{id}")
        schema = json.loads(answer["schema"]) if answer.get("schemaType", "AVRO") == "AVRO" else None
        if not isinstance(schema, dict):
            raise UnknownSchemaError(f"schema {id} is no Avro record")
        return schema

    def require(self, subject: str, mode: Mode) -> None:
        """Make the registry refuse versions of the subject that break this mode of compatibility.

        Raises RefusedSchemaError, RegistryUnavailableError.
        """
        self._ask(f"/config/{quote(subject, safe='')}", {"compatibility": mode}, "PUT")

    def _ask(self, path: str, body: object = None, method: str | None = None) -> dict[str, Any]:
        """Return the answer of the first URL that gives one, each asked again after a short while."""
        failures: list[str] = []
        for pause in RETRY_SECONDS:
            time.sleep(pause)
            for url in self._urls:
                try:
                    return _request(url, path, body, method)
                except (OSError, HTTPException, ValueError, _NoRegistry) as error:
                    failures.append(f"{_without_secrets(url)}: {error}")
        raise RegistryUnavailableError(failures[-1])


class _NoRegistry(Exception):  # noqa: N818 - never leaves this module
    """The answer is not one of a working registry."""


def _request(url: str, path: str, body: object, method: str | None) -> dict[str, Any]:
    try:
        with opener(url).open(_http_request(url, path, body, method), timeout=HTTP_TIMEOUT_SECONDS) as response:
            answer = json.load(response)
    except HTTPError as error:
        with error:
            raise _meaning(error.code, error.read(4096)) from None
    if not isinstance(answer, dict):
        raise _NoRegistry(f"{path} answered {str(answer)[:200]}")
    return answer


def _http_request(url: str, path: str, body: object, method: str | None) -> Request:
    parts = urlsplit(url)
    headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(secret.encode()).decode()}"
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return Request(plain + path, None if body is None else json.dumps(body).encode(), headers, method=method)


def opener(url: str) -> OpenerDirector:
    """Return an opener that asks loopback directly: a proxy of the environment knows no loopback of ours."""
    own = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    return build_opener(*([ProxyHandler({})] if own else []))


def _meaning(status: int, body: bytes) -> Exception:
    try:
        said = json.loads(body)
        code, message = int(said["error_code"]), str(said["message"])
    except (ValueError, TypeError, KeyError):
        return _NoRegistry(f"answered {status}, which is no schema registry's answer")
    match status:
        case 404 if code in (40401, 40402, 40403):
            return UnknownSchemaError(message)
        case 409 | 422:
            return RefusedSchemaError(message)
        case _:
            return _NoRegistry(f"answered {status}: {message}")


def _without_secrets(url: str) -> str:
    return re.sub(r"//[^/]*@", "//", url)
