"""What people write down of entities, in YAML: read, and compared with what is.

A kind's own part is a value beside its decider: what may be in `spec`, the spec of a state, and which commands lead
from a state to a spec.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
import yaml

from schemas.types.lifecycles import ChangeLabels
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Event, Lifecycle, Rejected

S = TypeVar("S")
API_VERSION: Final = "deedlog.dev/v1"
Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ManifestError(ValueError):
    """A document that is no manifest; the message says which, and why."""


class ManifestKind(msgspec.Struct, Generic[S], frozen=True):
    """What manifests of one kind are."""

    kind: str
    """As it is written in manifests, such as `Volume`."""
    lifecycle: Lifecycle[S]
    spec_type: type[msgspec.Struct]
    spec_of: Callable[[S], msgspec.Struct]
    commands: Callable[[Any, S, Mapping[str, str]], tuple[Event, ...] | Rejected]
    """Which commands lead from the state to the spec; one that makes the entity is given the labels."""


class Metadata(msgspec.Struct, frozen=True):
    """What every kind has."""

    name: str
    labels: dict[str, str] | None = None


class Document(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A manifest as it is written; what `deedlog get -o yaml` says of the present is no wish, and left aside."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: dict[str, Any] = msgspec.field(default_factory=dict)
    status: Any = None


class Manifest(msgspec.Struct, frozen=True):
    """A manifest that was understood."""

    kind: ManifestKind[Any]
    name: str
    labels: dict[str, str] | None
    """All that it is to have; None: as they are."""
    spec: msgspec.Struct


def parse_manifests(text: str, kinds: Mapping[str, ManifestKind[Any]]) -> list[Manifest]:
    """Return the manifests in YAML or JSON documents; empty ones are left out. Raises ManifestError."""
    try:
        documents = list(yaml.load_all(text, Loader=Loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ManifestError(f"that is no YAML: {' '.join(str(error).split())}") from None
    return [manifest for number, found in enumerate(documents, 1) for manifest in _each(found, number, kinds)]


def wanted(manifest: Manifest, entity: Entity[Any]) -> tuple[Event, ...] | Rejected:
    """Return the commands that make an entity what its manifest says: none if it is so already."""
    commands = manifest.kind.commands(manifest.spec, entity.state, manifest.labels or {})
    if isinstance(commands, Rejected) or manifest.labels is None or not there(manifest.kind.lifecycle, entity):
        return commands
    remove = tuple(sorted(entity.labels.keys() - manifest.labels.keys()))
    change = {name: text for name, text in manifest.labels.items() if entity.labels.get(name) != text}
    return (*commands, ChangeLabels(set=change, remove=remove)) if change or remove else commands


def there(lifecycle: Lifecycle[S], entity: Entity[S]) -> bool:
    """Say whether there is an entity of that name now."""
    return lifecycle.phases[lifecycle.phase(entity.state)].kind != "absent"


def _each(found: Any, number: int, kinds: Mapping[str, ManifestKind[Any]]) -> Iterator[Manifest]:
    if found is None:
        return
    if isinstance(found, dict) and found.get("kind") == "List" and isinstance(found.get("items"), list):
        for item in found["items"]:
            yield from _each(item, number, kinds)
        return
    try:
        yield _manifest(found, kinds)
    except (msgspec.ValidationError, ManifestError) as error:
        raise ManifestError(f"document {number}{_named(found)}: {error}") from None


def _manifest(found: Any, kinds: Mapping[str, ManifestKind[Any]]) -> Manifest:
    document = msgspec.convert(found, Document)
    if document.api_version != API_VERSION:
        raise ManifestError(f"apiVersion is {document.api_version!r}, not {API_VERSION!r}")
    if document.kind not in kinds:
        raise ManifestError(f"kind is {document.kind!r}; known are {', '.join(kinds)}")
    kind = kinds[document.kind]
    try:
        spec = msgspec.convert(document.spec, kind.spec_type)
    except msgspec.ValidationError as error:
        raise ManifestError(str(error).replace("`$", "`spec")) from None
    return Manifest(kind, document.metadata.name, document.metadata.labels, spec)


def _named(found: Any) -> str:
    metadata = found.get("metadata") if isinstance(found, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f" ({found.get('kind')} {name})" if name else ""
