"""Puts on record what is done in registries, as `infra.artifacts.acts` does it; layouts are files like others."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.targets import Place
from infra.oci.descriptors import Descriptor

Act = Literal["push", "pull", "attach", "copy", "tag", "untag", "delete"]


def recorded(
    verb: Act, place: Place, descriptor: Descriptor, *, tag: str | None = None, subject: str = "", source: str = ""
) -> AbstractContextManager[object]:
    """Return the block in which something is done at a place; its tag counts unless another is given."""
    if not place.is_remote:
        return nullcontext()
    from infra.artifacts import acts

    registry, _, repository = place.path.partition("/")
    named = place.reference if tag is None else tag
    return acts.recorded(
        verb,
        registry=registry,
        repository=repository,
        tag="" if is_digest(named) else named,
        descriptor=descriptor,
        subject=subject,
        source=source,
    )
