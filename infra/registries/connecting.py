"""The way in: from a reference and options to a repository or a registry."""

from infra.oci.errors import InvalidReferenceError
from infra.oci.references import FORM, REGISTRY, Reference, parse_reference
from infra.registries.options import DEFAULTS, RemoteOptions
from infra.registries.registry import Registry
from infra.registries.repository import Repository


def connect(reference: Reference | str, options: RemoteOptions = DEFAULTS) -> Repository:
    """Return the repository that a reference names; nothing is sent before something is asked of it.

    Raises InvalidReferenceError.
    """
    named = parse_reference(reference) if isinstance(reference, str) else reference
    return connect_registry(named.registry, options).repository(named.repository)


def connect_registry(registry: str, options: RemoteOptions = DEFAULTS) -> Registry:
    """Return a registry by its `host[:port]`; repositories of one registry share connections and tokens.

    Raises InvalidReferenceError.
    """
    if not REGISTRY.fullmatch(registry):
        raise InvalidReferenceError(f"{registry!r} is no registry", FORM)
    return Registry(registry, options)
