"""Which artifact is meant on the command line: a digest, `repository@digest`, or a tag that the log knows."""

from infra.cli.entities import kind_of, opened
from infra.cli.errors import NOT_FOUND, USAGE, CliError
from infra.config import load_settings

FORMS = "An artifact is DIGEST, REGISTRY/REPOSITORY@DIGEST or REGISTRY/REPOSITORY:TAG"


def digest_of(text: str) -> str:
    """Return the digest that a text means; tags are looked up on the log. Raises CliError."""
    from streams.artifacts.naming import is_digest
    from streams.artifacts.places import mark_of, untagged

    if is_digest(text):
        return text
    repository, mark = untagged(text), mark_of(text)
    if is_digest(mark):
        return mark
    if "/" not in repository:
        raise CliError(f"{text!r} is no artifact", FORMS, "deedlog get artifacts", USAGE)
    return _looked_up(repository, mark or "latest")


def _looked_up(repository: str, tag: str) -> str:
    from streams.artifacts.resolving import resolve

    with opened(load_settings()) as log:
        every = log.view(kind_of("artifact")).all()
        found = resolve({name: entity.state for name, entity in every.items()}, repository, tag)
    if found is None:
        why = "Nobody told of it: the log knows what deedlog pushed, pulled, copied or tagged"
        raise CliError(f"The log knows no {repository}:{tag}", why, "deedlog get artifacts", NOT_FOUND)
    return found
