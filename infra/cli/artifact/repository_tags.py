"""What backup and restore have in common: a repository and tags of it, and what is said of them."""

from typing import TYPE_CHECKING

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flags
from infra.cli.artifact.printing import say
from infra.cli.artifact.targets import invalid_reference, named_reference, split_tags
from infra.oci.descriptors import Descriptor
from infra.oci.errors import OciError
from infra.oci.references import check_tag

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget

FEW = 5
"""Tags that are named on one line."""


def parse_repository_tags(flags: Flags, text: str) -> tuple[str, tuple[str, ...]]:
    """Return a repository and the tags that are named; none means all. Raises ArtifactError."""
    if "@" in text:
        raise ArtifactError(f'digest references are not supported: "{text}"')
    first, others = split_tags(text)
    reference = named_reference(flags, first)
    try:
        tags = (reference.reference, *others) if reference.reference or others else ()
        for tag in tags:
            check_tag(tag)
    except OciError as error:
        raise invalid_reference(text, error) from None
    return f"{reference.registry}/{reference.repository}", tags


def resolve_tags(target: "ReadOnlyTarget", tags: tuple[str, ...]) -> dict[str, Descriptor]:
    """Return what tags mean, all that there are if none is named. Raises OciError."""
    return {tag: target.resolve(tag) for tag in tags or tuple(target.tags())}


def say_found(tags: dict[str, Descriptor], where: str) -> None:
    """Print which tags were found."""
    if len(tags) <= FEW:
        say(f"Found {len(tags)} tag(s) in {where}: {', '.join(tags)}")
        return
    say(f"Found {len(tags)} tag(s) in {where}:")
    for tag in tags:
        say(tag)
