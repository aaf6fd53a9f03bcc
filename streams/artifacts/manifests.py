"""What manifests of all kinds about artifacts have in common: how registries are reached, and how often something runs.

Each kind has its own `Access` on the wire; all are the same, and are made here from what people write.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from streams.artifacts.durations import parse_duration
from streams.lifecycles.sizes import exactly, parse_size

A = TypeVar("A")


class RegistrySpec(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """How a registry is reached; credentials stay in the file that is named."""

    plain_http: bool = False
    ca_file: str = ""
    config: str = ""


Registries = dict[str, RegistrySpec]


def access(make: Callable[..., A], registries: Mapping[str, RegistrySpec]) -> tuple[A, ...]:
    """Return how registries are reached, as it is on the wire, by the name of the registry."""
    return tuple(
        make(registry=name, plain_http=one.plain_http, ca_file=one.ca_file, config=one.config)
        for name, one in sorted(registries.items())
    )


def registries(found: Iterable[Any]) -> Registries:
    """Return how registries are reached, as people write it."""
    return {one.registry: RegistrySpec(one.plain_http, one.ca_file, one.config) for one in found}


def seconds_of(text: str | int) -> int:
    """Return the seconds of a duration. Raises ValueError."""
    return parse_duration(f"{text}s" if isinstance(text, int) else text)


def rate_of(text: str | int) -> int:
    """Return the bytes a second of `10Mi` or `10Mi/s`; empty is 0. Raises ValueError."""
    said = str(text).removesuffix("/s")
    return parse_size(said) if said else 0


def rate(count: int) -> str:
    """Return bytes a second so that `rate_of` gives them back."""
    return exactly(count) if count > 0 else ""
