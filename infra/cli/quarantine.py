"""`deedlog quarantine`: artifacts that nobody is to get by their tags."""

from typing import Annotated, Any

from cyclopts import Parameter

from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import checked, kind_of

KIND = "quarantine"
HEX = 12

Repositories = Annotated[tuple[str, ...], Parameter(name="--repository", negative="", show_default=False)]


def add(
    artifact: str,
    /,
    *,
    reason: Annotated[str, Parameter(show_default=False)] = "",
    by: Annotated[str, Parameter(show_default=False)] = "",
    name: Annotated[str, Parameter(show_default=False)] = "",
    repositories: Repositories = (),
    plain_http: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    way: Way = PLAIN,
) -> int:
    """Bar an artifact: tags that mean it are moved aside, to quarantined-TAG, wherever it is known to be.

    Parameters
    ----------
    artifact
        DIGEST, REGISTRY/REPOSITORY@DIGEST, or REGISTRY/REPOSITORY:TAG that the log knows.
    reason
        Why, on record.
    by
        Who wants it, such as the id of an alert; by default you.
    name
        Name of the quarantine; by default made of the digest.
    repositories
        Only there, REGISTRY/REPOSITORY, may be repeated.
    plain_http
        Registry that speaks HTTP without TLS, may be repeated.
    """
    from infra.cli.artifact_names import digest_of
    from schemas.types.quarantines import Access, CreateQuarantine

    digest = digest_of(artifact)
    command = CreateQuarantine(
        digest=digest,
        repositories=repositories,
        reason=reason,
        by=by,
        access=tuple(Access(registry=one, plain_http=True) for one in plain_http),
    )
    return _give(name or f"q-{digest.partition(':')[2][:HEX]}", command, way)


def release(name: str, /, *, reason: Annotated[str, Parameter(show_default=False)] = "", way: Way = PLAIN) -> int:
    """End a quarantine: tags are put back that nobody has moved since.

    Parameters
    ----------
    name
        Name of the quarantine.
    reason
        Why, on record.
    """
    from schemas.types.quarantines import ReleaseQuarantine

    return _give(name, ReleaseQuarantine(reason=reason), way)


def retry(name: str, /, *, way: Way = PLAIN) -> int:
    """Try again to move tags that could not be moved.

    Parameters
    ----------
    name
        Name of the quarantine.
    """
    from schemas.types.quarantines import RetryQuarantine

    return _give(name, RetryQuarantine(), way)


def _give(name: str, command: Any, way: Way) -> int:
    return carry_out(kind_of(KIND), checked(name), command, way)
