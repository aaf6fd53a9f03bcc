"""What people can do about mirrors, retentions, quarantines and promotions that are not well."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from streams.lifecycles.entity import Entity
from streams.mirrors.state import Mirror
from streams.promotions.state import Promotion
from streams.quarantines.state import Quarantine
from streams.retentions.state import Retention


def _mirror(name: str, entity: Entity[Mirror]) -> Iterator[str]:
    if entity.state.fault and not entity.state.step:
        yield f"mend what is wrong, then: deedlog mirror sync {name}"


def _retention(name: str, entity: Entity[Retention]) -> Iterator[str]:
    if entity.state.fault:
        yield f"mend what is wrong, then: deedlog retention run {name}"


def _quarantine(name: str, entity: Entity[Quarantine]) -> Iterator[str]:
    if entity.state.fault:
        yield f"mend what is wrong, then: deedlog quarantine retry {name}"


def _promotion(name: str, entity: Entity[Promotion]) -> Iterator[str]:
    if entity.state.fault:
        yield f"mend what is wrong, then: deedlog promotion run {name}"


ARTIFACT_WAYS: Final[Mapping[type, Callable[[str, Entity[Any]], Iterator[str]]]] = {
    Mirror: _mirror,
    Retention: _retention,
    Quarantine: _quarantine,
    Promotion: _promotion,
}
