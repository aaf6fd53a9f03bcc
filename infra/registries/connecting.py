"""The way in: from a reference and options to a repository or a registry."""

from infra.oci.errors import InvalidReferenceError
from infra.oci.references import FORM, REGISTRY, Reference, parse_reference
from infra.registries.options import DEFAULTS, RemoteOptions
from infra.registries.registry import Registry
from infra.registries.repository import Repository


def connect(reference: Reference | str, options: RemoteOptions = DEFAULTS) -> Repository:
    """Return the repository that a reference names; nothing is sent before something is asked of it.

    With a registries.conf it may be one with mirrors, or elsewhere. Raises InvalidReferenceError, BlockedError,
    RegistriesConfError.
    """
    if options.registries_conf is not None:
        return _connect_by_conf(reference, options)
    named = parse_reference(reference) if isinstance(reference, str) else reference
    return connect_registry(named.registry, options).repository(named.repository)


def connect_registry(registry: str, options: RemoteOptions = DEFAULTS) -> Registry:
    """Return a registry by its `host[:port]`; repositories of one registry share connections and tokens.

    Raises InvalidReferenceError.
    """
    if not REGISTRY.fullmatch(registry):
        raise InvalidReferenceError(f"{registry!r} is no registry", FORM)
    return Registry(registry, options)


def named_reference(text: str, options: RemoteOptions = DEFAULTS) -> Reference:
    """Return the parts of a reference, whose short name may be an alias of registries.conf.

    Raises InvalidReferenceError, RegistriesConfError.
    """
    if options.registries_conf is None:
        return parse_reference(text)
    from infra.registries.registries_conf import expanded, read_registries_conf

    return parse_reference(expanded(read_registries_conf(options.registries_conf), text))


def _connect_by_conf(reference: Reference | str, options: RemoteOptions) -> Repository:
    from infra.registries.mirrored import options_for
    from infra.registries.registries_conf import read_registries_conf, sources

    assert options.registries_conf is not None
    named = named_reference(reference, options) if isinstance(reference, str) else reference
    *mirrors, own = sources(read_registries_conf(options.registries_conf), named)
    registry = connect_registry(own.reference.registry, options_for(options, own))
    # What flags say of credentials is meant for the registry that was named, not for its mirrors.
    others = [(one, options_for(_without_secrets(options), one)) for one in mirrors]
    found = [(one, connect_registry(one.reference.registry, each)) for one, each in others]
    repositories = tuple((one, mirror.repository(one.reference.repository)) for one, mirror in found)
    return registry.repository(own.reference.repository, repositories)


def _without_secrets(options: RemoteOptions) -> RemoteOptions:
    from msgspec.structs import replace

    return replace(options, credential=None, headers=(), cert_file=None, key_file=None)
