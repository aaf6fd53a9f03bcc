"""Artifacts, and what is done with many of them, as rows of tables."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from infra.cli.entities import joined
from streams.artifacts.durations import duration
from streams.artifacts.state import Artifact, Place
from streams.lifecycles.sizes import size
from streams.mirrors.state import Mirror
from streams.promotions.state import Promotion
from streams.quarantines.state import Quarantine
from streams.retentions.state import Retention

Columns = Mapping[str, Callable[[Any], str]]

HEX: Final = 12
"""Digits of a digest that are shown where there is little room."""
MOST_SHOWN: Final = 3


def brief(digest: str) -> str:
    """Return a digest in few characters."""
    algorithm, _, rest = digest.partition(":")
    return f"{algorithm}:{rest[:HEX]}" if rest else digest or "-"


def reference(place: Place) -> str:
    """Return a place with its tags as people write it."""
    tags = ",".join(one.name for one in place.tags)
    return f"{place.name}:{tags}" if tags else place.name


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - MOST_SHOWN} more" if len(texts) > MOST_SHOWN else ""
    return joined(texts[:MOST_SHOWN]) + more


def _tags(mirror: Mirror) -> str:
    alike = sum(one.digest == one.there for one in mirror.tags)
    return f"{alike}/{len(mirror.tags) - len(mirror.in_status('lost', 'remove'))}"


def _every(seconds: int) -> str:
    return duration(seconds) if seconds > 0 else "-"


def _met(promotion: Promotion) -> str:
    return f"{sum(one.met for one in promotion.requirements)}/{len(promotion.requirements)}"


ARTIFACT_COLUMNS: Final[Mapping[type, Columns]] = {
    Artifact: {
        "TYPE": lambda artifact: artifact.artifact_type or artifact.media_type or "-",
        "WHERE": lambda artifact: _some([reference(place) for place in artifact.places]),
        "REFERRERS": lambda artifact: str(len(artifact.referrers)),
    },
    Mirror: {
        "SOURCE": lambda mirror: mirror.spec.source,
        "DESTINATION": lambda mirror: mirror.spec.destination,
        "TAGS": _tags,
        "EVERY": lambda mirror: _every(mirror.spec.every_seconds),
    },
    Retention: {
        "REPOSITORY": lambda retention: retention.spec.repository,
        "KEPT": lambda retention: str(retention.kept) if retention.run else "-",
        "GOING": lambda retention: str(len(retention.going)) if retention.run else "-",
        "EVERY": lambda retention: _every(retention.spec.every_seconds),
    },
    Quarantine: {
        "DIGEST": lambda quarantine: brief(quarantine.digest),
        "TAGS": lambda quarantine: str(sum(len(one.tags) for one in quarantine.repositories)),
        "REASON": lambda quarantine: quarantine.reason or "-",
    },
    Promotion: {
        "SOURCE": lambda promotion: promotion.spec.source,
        "DESTINATION": lambda promotion: promotion.spec.destination,
        "MET": _met,
    },
}
ARTIFACT_WIDE: Final[Mapping[type, Columns]] = {
    Artifact: {
        "SIZE": lambda artifact: size(artifact.size) if artifact.size else "-",
        "PULLS": lambda artifact: str(artifact.pulls),
        "SUBJECT": lambda artifact: brief(artifact.subject),
    },
    Mirror: {
        "RUN": lambda mirror: str(mirror.run),
        "DRIFT": lambda mirror: str(mirror.drift),
        "MOVED": lambda mirror: size(mirror.bytes),
    },
    Retention: {
        "RUN": lambda retention: str(retention.run),
        "DRY RUN": lambda retention: str(retention.dry_run).lower(),
    },
    Quarantine: {
        "REPOSITORIES": lambda quarantine: joined(one.repository for one in quarantine.repositories),
        "BY": lambda quarantine: quarantine.by or "-",
    },
    Promotion: {"DIGEST": lambda promotion: brief(promotion.digest), "MISSING": lambda one: joined(one.missing)},
}
