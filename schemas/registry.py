"""The port to a schema registry, which gives every schema a number that fits in a message."""

import json
import re
from typing import Any, Final, Protocol

from schemas.compatibility import DEFAULT_MODE, InvalidSchemaError, Mode, incompatibilities, parse

HTTP_TIMEOUT_SECONDS: Final = 10

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

    The URL may hold user and password, and may be several, parted by commas.
    """

    def __init__(self, url: str) -> None:
        # Imported here: the client brings an HTTP stack of 30 MB, which a process without it can spare.
        from confluent_kafka.schema_registry import SchemaRegistryClient

        self._named = _without_secrets(url)
        settings = {"url": url, "timeout": HTTP_TIMEOUT_SECONDS, "max.retries": 2, "retries.wait.ms": 100}
        self._client = SchemaRegistryClient(settings)

    def register(self, subject: str, schema: JsonSchema) -> int:
        """Return the id of the schema, adding it to the subject's versions if it is new."""
        from confluent_kafka.schema_registry import Schema

        return int(self._ask("register_schema", subject, Schema(json.dumps(schema), "AVRO")))

    def schema(self, id: int) -> JsonSchema:
        """Return the schema of the id."""
        try:
            schema = json.loads(self._ask("get_schema", id).schema_str)
        except (TypeError, ValueError):
            schema = None
        if not isinstance(schema, dict):
            raise UnknownSchemaError(f"schema {id} is no Avro record")
        return schema

    def _ask(self, method: str, *arguments: object) -> Any:
        from confluent_kafka.schema_registry import SchemaRegistryError

        try:
            return getattr(self._client, method)(*arguments)
        except SchemaRegistryError as error:
            raise _meaning(error.http_status_code, error.error_message, self._named) from error
        except Exception as error:
            # The client lets every error of its HTTP stack through, and that stack changes between releases.
            raise RegistryUnavailableError(f"{self._named}: {error}") from error


def _without_secrets(urls: str) -> str:
    return ",".join(re.sub(r"//[^/]*@", "//", url) for url in urls.split(","))


def _meaning(status: int, message: str, url: str) -> Exception:
    match status:
        case 404:
            return UnknownSchemaError(message)
        case 409 | 422:
            return RefusedSchemaError(message)
        case _:
            return RegistryUnavailableError(f"{url} answered {status}: {message}")
