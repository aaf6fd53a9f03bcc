"""Where artifacts are, as specs name it: `registry/repository`, or `oci-layout:PATH`."""

from typing import Final

LAYOUT: Final = "oci-layout:"


def parted(place: str) -> tuple[str, str]:
    """Return registry and repository; of an image layout all of it is the registry."""
    if place.startswith(LAYOUT):
        return place, ""
    registry, _, repository = place.partition("/")
    return registry, repository


def untagged(reference: str) -> str:
    """Return a reference without its tag or digest."""
    place = reference.partition("@")[0]
    if place.startswith(LAYOUT):
        head, colon, tag = place.removeprefix(LAYOUT).rpartition(":")
        return LAYOUT + (head if colon and "/" not in tag else place.removeprefix(LAYOUT))
    slash, colon_at = place.rfind("/"), place.rfind(":")
    return place[:colon_at] if colon_at > slash >= 0 else place


def mark_of(reference: str) -> str:
    """Return the tag or digest of a reference; empty if it has none."""
    _, at, digest = reference.partition("@")
    return digest if at else reference[len(untagged(reference)) :].removeprefix(":")
