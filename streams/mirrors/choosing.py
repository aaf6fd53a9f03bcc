"""Which tags a mirror is about."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import re2

from schemas.types.mirrors import MirrorSpec
from streams.artifacts.versions import Order, parse_range, parse_version


def chosen(spec: MirrorSpec, tags: Iterable[str]) -> list[str]:
    """Return the tags that a mirror is about, the newest versions first. Raises ValueError as `check` does."""
    check(spec)
    found = list(tags)
    if spec.tags:
        found = [tag for tag in found if any(fnmatchcase(tag, pattern) for pattern in spec.tags)]
    if spec.regex:
        expression = re2.compile(spec.regex)
        found = [tag for tag in found if expression.fullmatch(tag)]
    if spec.semver:
        wanted = parse_range(spec.semver)
        found = [tag for tag in found if (version := parse_version(tag)) is not None and wanted.has(version)]
    found = sorted(found, key=newness, reverse=True)
    return found[: spec.newest] if spec.newest > 0 else found


def newness(tag: str) -> tuple[bool, Order | None, str]:
    """Return what tags are ordered by: what is no version is older than all versions."""
    version = parse_version(tag)
    return (version is not None, version.order if version else None, tag)


def check(spec: MirrorSpec) -> None:
    """Raise ValueError if the tags of a spec make no sense."""
    if spec.semver:
        parse_range(spec.semver)
    if spec.regex:
        try:
            re2.compile(spec.regex)
        except re2.error as error:
            raise ValueError(f"{spec.regex!r} is no expression of RE2: {error}") from None
