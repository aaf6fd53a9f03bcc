"""Confluent's REST API, version 1, as clients use it.

Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.api.answers import answer
from infra.api.registry import decisions, lookups
from infra.api.registry.decisions import Decision
from infra.api.registry.log import SchemaLog
from infra.api.registry.requests import LevelRequest, ModeRequest, body_of, flag, page, schema_in, subject_of
from infra.api.registry.state import State


class RegistryRoutes:
    """The routes of a registry on its log."""

    def __init__(self, log: SchemaLog) -> None:
        self._log = log

    def routes(self) -> list[Route]:
        """Return the routes; subjects in paths are percent-encoded and may hold slashes."""
        subject, version = "/subjects/{subject:encoded}", "/subjects/{subject:encoded}/versions/{version}"
        return [
            Route("/subjects", self.subjects, methods=["GET"]),
            Route(subject, self.lookup, methods=["POST"]),
            Route(subject, self.delete_subject, methods=["DELETE"]),
            Route(f"{subject}/versions", self.versions, methods=["GET"]),
            Route(f"{subject}/versions", self.register, methods=["POST"]),
            Route(version, self.version, methods=["GET"]),
            Route(version, self.delete_version, methods=["DELETE"]),
            Route(f"{version}/schema", self.version_schema, methods=["GET"]),
            Route(f"{version}/referencedby", self.referenced_by, methods=["GET"]),
            Route("/schemas", self.schemas, methods=["GET"]),
            Route("/schemas/types", self.types, methods=["GET"]),
            Route("/schemas/ids/{id}", self.schema, methods=["GET"]),
            Route("/schemas/ids/{id}/schema", self.schema_text, methods=["GET"]),
            Route("/schemas/ids/{id}/subjects", self.schema_subjects, methods=["GET"]),
            Route("/schemas/ids/{id}/versions", self.schema_versions, methods=["GET"]),
            Route("/compatibility" + subject + "/versions", self.compatible, methods=["POST"]),
            Route("/compatibility" + version, self.compatible, methods=["POST"]),
            *_settings("/config", self.level, self.set_level, self.unset_level),
            *_settings("/mode", self.mode, self.set_mode, self.unset_mode),
            Route("/contexts", self.contexts, methods=["GET"]),
        ]

    @property
    def _state(self) -> State:
        return self._log.state

    async def _carry_out(self, decide: Any, *arguments: Any) -> Any:
        def decided(state: State) -> Decision:
            return decide(state, *arguments)  # type: ignore[no-any-return]

        return await run_in_threadpool(self._log.carry_out, decided)

    async def subjects(self, request: Request) -> Response:
        """List subjects."""
        prefix = request.query_params.get("subjectPrefix", "").removeprefix(":*:")
        found = lookups.subjects(self._state, prefix, flag(request, "deleted"), _deleted_only(request))
        return answer(page(request, found))

    async def lookup(self, request: Request) -> Response:
        """Say which version of the subject has this schema."""
        text, normalize = await schema_in(request), flag(request, "normalize")
        found = lookups.lookup(self._state, subject_of(request), text, normalize, flag(request, "deleted"))
        return answer(lookups.shown_version(found))

    async def delete_subject(self, request: Request) -> Response:
        """Delete a subject."""
        return answer(await self._carry_out(decisions.delete_subject, subject_of(request), flag(request, "permanent")))

    async def versions(self, request: Request) -> Response:
        """List the versions of a subject."""
        found = lookups.versions(self._state, subject_of(request), flag(request, "deleted"), _deleted_only(request))
        return answer(page(request, found))

    async def register(self, request: Request) -> Response:
        """Make a schema a version of the subject."""
        text, normalize = await schema_in(request), flag(request, "normalize")
        version = await self._carry_out(decisions.register, subject_of(request), text, normalize)
        return answer({"id": version.id})

    async def version(self, request: Request) -> Response:
        """Show a version."""
        return answer(lookups.shown_version(self._version(request)))

    async def version_schema(self, request: Request) -> Response:
        """Show nothing but the schema of a version."""
        return answer(msgspec.Raw(self._version(request).schema.encode()))

    async def delete_version(self, request: Request) -> Response:
        """Delete a version."""
        number = request.path_params["version"]
        arguments = (subject_of(request), number, flag(request, "permanent"))
        return answer(await self._carry_out(decisions.delete_version, *arguments))

    async def referenced_by(self, request: Request) -> Response:
        """List the ids of schemas that use a version."""
        version = self._version(request)
        return answer(page(request, lookups.references_to(self._state, version.subject, version.version)))

    async def schemas(self, request: Request) -> Response:
        """Show versions of all subjects."""
        state, deleted, prefix = self._state, flag(request, "deleted"), request.query_params.get("subjectPrefix", "")
        found = [state.versions(subject, deleted) for subject in lookups.subjects(state, prefix, deleted)]
        shown = [each[-1:] if flag(request, "latestOnly") else each for each in found]
        return answer(page(request, [lookups.shown_version(version) for each in shown for version in each]))

    async def types(self, _request: Request) -> Response:
        """List the types of schemas."""
        return answer(["AVRO"])

    async def schema(self, request: Request) -> Response:
        """Show the schema of an id."""
        shown = lookups.shown_schema(lookups.schema_by_id(self._state, request.path_params["id"]))
        most = {"maxId": self._state.highest_id} if flag(request, "fetchMaxId") else {}
        return answer(shown | most)

    async def schema_text(self, request: Request) -> Response:
        """Show nothing but the schema of an id."""
        return answer(msgspec.Raw(lookups.schema_by_id(self._state, request.path_params["id"]).schema.encode()))

    async def schema_subjects(self, request: Request) -> Response:
        """List the subjects that have the schema of an id."""
        return answer(page(request, sorted({version.subject for version in self._users(request)})))

    async def schema_versions(self, request: Request) -> Response:
        """List the versions that have the schema of an id."""
        found = [{"subject": version.subject, "version": version.version} for version in self._users(request)]
        return answer(page(request, found))

    async def compatible(self, request: Request) -> Response:
        """Say whether a schema may follow a version, or without one all that the level asks for."""
        subject, text, state = subject_of(request), await schema_in(request), self._state
        number = request.path_params.get("version")
        against = state.versions(subject) if number is None else _against(state, subject, number)
        found = lookups.why_not(state, subject, text, against)
        return answer({"is_compatible": not found} | ({"messages": found} if flag(request, "verbose") else {}))

    async def level(self, request: Request) -> Response:
        """Show a compatibility level."""
        found = lookups.level(self._state, subject_of(request), flag(request, "defaultToGlobal"))
        return answer({"compatibilityLevel": found})

    async def set_level(self, request: Request) -> Response:
        """Set a compatibility level."""
        wanted, subject = await body_of(request, LevelRequest), subject_of(request)
        return answer(await self._carry_out(lambda _: decisions.set_level(subject, wanted.compatibility)))

    async def unset_level(self, request: Request) -> Response:
        """Take a compatibility level back."""
        return answer(await self._carry_out(decisions.unset_level, subject_of(request)))

    async def mode(self, request: Request) -> Response:
        """Show a mode."""
        return answer({"mode": lookups.mode(self._state, subject_of(request), flag(request, "defaultToGlobal"))})

    async def set_mode(self, request: Request) -> Response:
        """Set a mode."""
        wanted, subject = await body_of(request, ModeRequest), subject_of(request)
        return answer(await self._carry_out(lambda _: decisions.set_mode(subject, wanted.mode)))

    async def unset_mode(self, request: Request) -> Response:
        """Take a mode back."""
        return answer(await self._carry_out(decisions.unset_mode, subject_of(request)))

    async def contexts(self, _request: Request) -> Response:
        """List the contexts: there is one."""
        return answer(["."])

    def _version(self, request: Request) -> Any:
        number, deleted = request.path_params["version"], flag(request, "deleted")
        return lookups.version(self._state, subject_of(request), number, deleted)

    def _users(self, request: Request) -> Any:
        subject = request.query_params.get("subject", "")
        return lookups.users(self._state, request.path_params["id"], subject, flag(request, "deleted"))


def _deleted_only(request: Request) -> bool:
    # The documentation says deletedOnly, Confluent's Python client deleted_only.
    return flag(request, "deletedOnly", "deleted_only")


def _against(state: State, subject: str, number: str) -> Any:
    if lookups.version_number(number) is None:
        return state.versions(subject)[-1:]
    return [lookups.version(state, subject, number)]


def _settings(path: str, get: Any, put: Any, delete: Any) -> list[Route]:
    pairs = ((get, "GET"), (put, "PUT"), (delete, "DELETE"))
    paths = (path, path + "/{subject:encoded}")
    return [Route(each, endpoint, methods=[method]) for each in paths for endpoint, method in pairs]
