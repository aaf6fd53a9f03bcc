"""What containers-registries.conf(5) says about registries: mirrors, other places, what is barred, short names.

Only its second version is read; the sections of the first are refused.
"""

from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from infra.oci.errors import OciError
from infra.oci.references import Reference, parse_reference

PullFrom = Literal["all", "digest-only", "tag-only"]
OLD: Final = ("registries",)


class RegistriesConfError(OciError):
    """A registries.conf cannot be read or says what cannot be."""


class BlockedError(OciError):
    """A registries.conf bars a registry or repository."""


class Mirror(msgspec.Struct, frozen=True, rename="kebab"):
    """Another place with the same content."""

    location: str
    insecure: bool = False
    pull_from_mirror: PullFrom | None = None


class Rule(msgspec.Struct, frozen=True, rename="kebab"):
    """What holds for all that begins with a prefix."""

    location: str = ""
    prefix: str = ""
    insecure: bool = False
    blocked: bool = False
    mirror_by_digest_only: bool = False
    mirror: tuple[Mirror, ...] = ()

    @property
    def beginning(self) -> str:
        """Return the prefix, which is the location if it is not given."""
        return self.prefix or self.location


class RegistriesConf(msgspec.Struct, frozen=True):
    """All that a file says."""

    registry: tuple[Rule, ...] = ()
    aliases: dict[str, str] = {}


class Source(msgspec.Struct, frozen=True):
    """Where something may be pulled from."""

    reference: Reference
    insecure: bool = False
    by: PullFrom = "all"

    def serves(self, by_digest: bool) -> bool:
        """Say whether it may be asked for a digest, or else for a tag."""
        return self.by == "all" or (self.by == "digest-only") == by_digest


def read_registries_conf(path: Path) -> RegistriesConf:
    """Return what a file says. Raises RegistriesConfError."""
    try:
        return parse_registries_conf(path.read_bytes())
    except OSError as error:
        raise RegistriesConfError(f"{path} cannot be read: {error.strerror}") from None
    except RegistriesConfError as error:
        raise RegistriesConfError(f"{path}: {error}", "see containers-registries.conf(5)") from None


def parse_registries_conf(data: bytes) -> RegistriesConf:
    """Return what the text of a file says. Raises RegistriesConfError."""
    import tomllib

    try:
        value: Any = tomllib.loads(data.decode())
        conf = msgspec.convert(value, RegistriesConf)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise RegistriesConfError(str(error)) from None
    if any(name in value for name in OLD):
        raise RegistriesConfError("that is the first version of the format, which is not read any more")
    for rule in conf.registry:
        _check(rule)
    return conf


def _check(rule: Rule) -> None:
    if not rule.beginning:
        raise RegistriesConfError("a registry has neither prefix nor location")
    if not rule.location and not rule.prefix.startswith("*."):
        raise RegistriesConfError(f"the registry with the prefix {rule.prefix} has no location")


def expanded(conf: RegistriesConf, text: str) -> str:
    """Return a reference whose short name is an alias in full; any other as it is."""
    at = min((text.index(mark) for mark in "@:" if mark in text), default=len(text))
    return conf.aliases.get(text[:at], text[:at]) + text[at:] if "/" not in text[at:] else text


def sources(conf: RegistriesConf, reference: Reference) -> tuple[Source, ...]:
    """Return where a reference may be pulled from, mirrors first; the last one is where it is pushed to.

    Raises BlockedError, RegistriesConfError.
    """
    rule = _rule_for(conf, reference)
    if rule is None:
        return (Source(reference),)
    if rule.blocked:
        raise BlockedError(f"{reference} is barred by registries.conf", f"the rule is that of {rule.beginning}")
    default: PullFrom = "digest-only" if rule.mirror_by_digest_only else "all"
    mirrors = [
        Source(_moved(reference, rule, mirror.location), mirror.insecure, mirror.pull_from_mirror or default)
        for mirror in rule.mirror
    ]
    own = Source(_moved(reference, rule, rule.location) if rule.location else reference, rule.insecure)
    return (*mirrors, own)


def _rule_for(conf: RegistriesConf, reference: Reference) -> Rule | None:
    """Return the rule with the longest prefix; one with a wildcard counts less than any without."""
    found = [rule for rule in conf.registry if _matched(rule.beginning, _name(reference))]
    return max(found, key=lambda rule: (not rule.beginning.startswith("*."), len(rule.beginning)), default=None)


def _name(reference: Reference) -> str:
    return f"{reference.registry}/{reference.repository}".rstrip("/")


def _matched(prefix: str, name: str) -> str:
    """Return the beginning of a name that a prefix means; empty: none."""
    if prefix.startswith("*."):
        host = name.partition("/")[0]
        return host if host.endswith(prefix[1:]) else ""
    rest = name.removeprefix(prefix)
    return prefix if name.startswith(prefix) and (not rest or rest[0] == "/") else ""


def _moved(reference: Reference, rule: Rule, location: str) -> Reference:
    name = _name(reference)
    moved = location.rstrip("/") + name[len(_matched(rule.beginning, name)) :]
    try:
        found = parse_reference(moved)
    except OciError as error:
        raise RegistriesConfError(f"registries.conf leads to {moved}: {error}") from None
    return Reference(found.registry, found.repository, reference.reference)
