"""What `deedlog describe` says of artifacts, and of what is done with many of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from infra.cli.artifact_columns import reference
from infra.cli.entities import joined
from infra.cli.paragraphs import fact, facts, section
from infra.outputs.terminal import local_time
from streams.artifacts.durations import duration
from streams.artifacts.state import Artifact
from streams.lifecycles.sizes import size
from streams.mirrors.state import Mirror, MirroredTag
from streams.promotions.state import Promotion
from streams.quarantines.state import Quarantine
from streams.retentions.state import Retention

MOST_ROWS: Final = 50
TELLING: Final = ("failed", "todo", "lost", "remove", "copied", "same")
"""Statuses of tags in the order in which they are shown."""


def _artifact(artifact: Artifact) -> Iterator[str]:
    yield facts(
        {
            "Type": artifact.artifact_type,
            "Media type": artifact.media_type,
            "Size": size(artifact.size) if artifact.size else "",
            "Refers to": artifact.subject,
            "Pulled": f"{artifact.pulls} times",
            "Quarantined": ", ".join(f"by {bar.quarantine}: {bar.reason or 'no reason said'}" for bar in artifact.bars),
        }
    )
    yield section("Where", ("REFERENCE",), [(reference(place),) for place in artifact.places])
    referrers = [(one.digest, one.artifact_type or "-") for one in artifact.referrers]
    yield section("Referrers", ("DIGEST", "TYPE"), referrers)
    acts = [(local_time(one.at), one.verb, one.where, one.by or "-", one.error or "done") for one in artifact.acts]
    yield section("Acts", ("WHEN", "ACT", "WHERE", "BY", "OUTCOME"), acts)


def _mirror(mirror: Mirror) -> Iterator[str]:
    spec = mirror.spec
    yield facts(
        {
            "Source": spec.source,
            "Destination": spec.destination,
            "Tags": ", ".join(spec.tags) or "all",
            "Regex": spec.regex,
            "Versions": spec.semver,
            "Newest": str(spec.newest) if spec.newest > 0 else "",
            "Platforms": ", ".join(spec.platforms) or "all",
            "Referrers": (", ".join(spec.artifact_types) or "all") if spec.referrers else "none",
            "Every": duration(max(spec.every_seconds, 0)) or "only when it is told to",
            "Lost tags": "are removed" if spec.prune else "stay",
            "Last run": _run(mirror),
            "Drift": f"{mirror.drift} tags mean something else at the destination" if mirror.drift else "",
        }
    )
    yield from _shown("Tags", ("TAG", "STATUS", "SOURCE", "DESTINATION", "WHY"), _rows(mirror))


def _run(mirror: Mirror) -> str:
    if not mirror.run:
        return ""
    counts = {"copied": mirror.copied, "there already": mirror.same, "removed": mirror.removed, "failed": mirror.failed}
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing to do"
    return f"number {mirror.run}: {said}; {size(mirror.bytes)} moved"


def _rows(mirror: Mirror) -> list[tuple[str, ...]]:
    def order(one: MirroredTag) -> int:
        return TELLING.index(one.status)

    tags = sorted(mirror.tags, key=order)
    return [(one.tag, one.status, one.origin or one.digest, one.there or "-", one.error or "-") for one in tags]


def _shown(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield section(title, head, rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        yield f"  and {len(rows) - MOST_ROWS} more: -o yaml shows all"


def _retention(retention: Retention) -> Iterator[str]:
    spec = retention.spec
    yield facts(
        {
            "Repository": spec.repository,
            "Newest": str(spec.newest) if spec.newest > 0 else "",
            "Younger than": duration(max(spec.younger_than_seconds, 0)),
            "Always": ", ".join(spec.keep),
            "Every": duration(max(spec.every_seconds, 0)) or "only when it is told to",
            "Last run": f"number {retention.run}, {retention.kept} kept" if retention.run else "",
        }
    )
    title = "Would go" if retention.dry_run else "Going"
    rows: list[tuple[str, ...]] = [
        (one.digest, joined(one.tags), size(one.size), one.status, one.why or "-") for one in retention.going
    ]
    yield from _shown(title, ("DIGEST", "TAGS", "SIZE", "STATUS", "WHY"), rows)


def _quarantine(quarantine: Quarantine) -> Iterator[str]:
    yield facts(
        {
            "Digest": quarantine.digest,
            "Reason": quarantine.reason or "none said",
            "By": quarantine.by,
            "About": "all repositories that are known to have it" if quarantine.everywhere else "these repositories",
            "Released": quarantine.release_reason or ("yes" if quarantine.releasing else ""),
        }
    )
    rows = [
        (one.repository, one.step, joined(tag.tag for tag in one.tags), joined(one.left), one.error or "-")
        for one in quarantine.repositories
    ]
    yield section("Repositories", ("REPOSITORY", "STATUS", "TAGS ASIDE", "LEFT", "WHY"), rows)


def _promotion(promotion: Promotion) -> Iterator[str]:
    yield facts(
        {
            "Source": promotion.spec.source,
            "Destination": promotion.spec.destination,
            "Digest": promotion.digest,
            "Promoted": promotion.promoted
            and f"{promotion.promoted}, with {promotion.referrers} referrers, {size(promotion.bytes)} moved",
        }
    )
    rows = [
        (one.requirement, "met" if one.met else "missing", one.detail or "-", one.referrer or "-")
        for one in promotion.requirements
    ]
    yield section("Requirements", ("REQUIREMENT", "STATUS", "FOUND", "REFERRER"), rows)
    if fixes := [one.fix for one in promotion.requirements if one.fix]:
        yield "\n".join(fact("" if number else "To meet them", text) for number, text in enumerate(fixes))


PAGES: Final[Mapping[type, Callable[[Any], Iterator[str]]]] = {
    Artifact: _artifact,
    Mirror: _mirror,
    Retention: _retention,
    Quarantine: _quarantine,
    Promotion: _promotion,
}
