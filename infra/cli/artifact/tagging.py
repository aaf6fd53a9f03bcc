"""Tags that are given to what was just written, and results that name them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.formats import described
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.targets import Place
from infra.oci.descriptors import Descriptor

if TYPE_CHECKING:
    from infra.oci.target import Target


def give_tags(target: "Target", place: Place, root: Descriptor, tags: Iterable[str], *, shows: bool) -> None:
    """Let further tags mean a manifest. Raises OciError."""
    for tag in tags:
        with recorded("tag", place, root, tag=tag):
            target.tag(root, tag)
        if shows:
            say("Tagged", tag)


def with_tags(place: Place, root: Descriptor, tags: Iterable[str]) -> dict[str, Any]:
    """Return the result of writing a manifest: with the tags that it has now, that of its place among them."""
    named = sorted(tag for tag in (place.reference, *tags) if tag and not is_digest(tag))
    return {**described(place.path, root), "referenceAsTags": [f"{place.path}:{tag}" for tag in named]}
