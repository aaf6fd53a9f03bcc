"""Which artifact a reference means, as far as the log knows."""

from collections.abc import Mapping

from streams.artifacts.state import Artifact


def resolve(artifacts: Mapping[str, Artifact], repository: str, tag: str) -> str | None:
    """Return the digest that a tag of `registry/repository` meant when it was last heard of; None if none is known."""
    found = [
        (here.at, digest)
        for digest, artifact in artifacts.items()
        for place in artifact.places
        if place.name == repository
        for here in place.tags
        if here.name == tag
    ]
    return max(found)[1] if found else None
