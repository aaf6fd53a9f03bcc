"""What of each system call the rules can match at all, found without any event: the kernel leaves out the rest.

A condition is weighed in each cell of results and accesses: may it be true there, and for which beginnings of the
path? What is not understood may be true, so a filter leaves out nothing that matches.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, reduce
from typing import Any, Final

import msgspec

from schemas.call_filter import ACCESSES, CELLS, LONGEST_PREFIX, RESULTS, UNDECIDED, CallFilter
from streams.detection.event_types import DUPLICATES, OPENS
from streams.detection.fields import FIELDS
from streams.detection.fields.path import ONE
from streams.detection.levels import RESULT, Arguments
from streams.detection.operators import known_test, test_of
from streams.detection.predicates import AllOf, AnyOf, Comparison, Constant, Expression, Negation, Predicate
from streams.detection.rules import Rule
from streams.detection.specialising import specialised
from streams.detection.tables import SYSCALL
from streams.detection.transfers import TRANSFERS, asks_for_data, without_change

Paths = frozenset[bytes]
"""Beginnings of paths, none the beginning of another; the empty one stands for every path."""
Region = tuple[Paths, ...]
"""For each cell the paths for which a condition may hold."""

EVERY_PATH: Final[Paths] = frozenset({b""})
NO_PATH: Final[Paths] = frozenset()
EVERYWHERE: Final[Region] = (EVERY_PATH,) * CELLS
NOWHERE: Final[Region] = (NO_PATH,) * CELLS
UNCLEAR: Final = b"//"
"""Stands for paths that are not what they are when normalised, and may be any then: they are always recorded."""
MOST_PREFIXES: Final = 256
"""Of one type; with more, paths are not looked at."""
ERRORS: Final = range(-4096, 0)
WHOLE_PATHS: Final = frozenset({"fd.name", "fd.nameraw", "fd.directory"})
"""Of an open: each is, up to a slash at its end, a beginning of the path that was given."""
WORKED_ON: Final = frozenset({"fs.path.name", "fs.path.nameraw"})
WILDCARDS: Final = "*?[\\"


def call_filters(rules: Iterable[Rule], types: Iterable[str]) -> dict[str, CallFilter]:
    """Return for each of the event types that an enabled rule can match what of it must be seen."""
    enabled = [rule for rule in rules if _counts(rule)]
    expressions = [rule.expression for rule in enabled]
    regions = {event_type: _region(expressions, event_type) for event_type in types}
    filters = {event_type: _filter(region) for event_type, region in regions.items() if region != NOWHERE}
    return filters | {name: _of_transfers(filters[name], enabled, name) for name in TRANSFERS & filters.keys()}


def asking(rules: Iterable[Rule], event_type: str) -> tuple[str, ...]:
    """Return the names of the enabled rules that can match events of the type."""
    return tuple(rule.name for rule in rules if _counts(rule) and _region([rule.expression], event_type) != NOWHERE)


def _counts(rule: Rule) -> bool:
    return rule.enabled and rule.source == SYSCALL


def _region(expressions: Iterable[Expression], event_type: str) -> Region:
    region = NOWHERE
    for expression in expressions:
        region = _either(region, may_be(specialised(expression, event_type), event_type, wanted=True))
        if region == EVERYWHERE:
            break
    return region


def _filter(region: Region) -> CallFilter:
    anywhere = sum(1 << cell for cell, paths in enumerate(region) if paths == EVERY_PATH)
    prefixes = sorted(set().union(*region) - EVERY_PATH)
    if len(prefixes) > MOST_PREFIXES:
        return CallFilter(sum(1 << cell for cell, paths in enumerate(region) if paths))
    below = tuple((prefix, _cells_of(prefix, region)) for prefix in prefixes)
    return CallFilter(anywhere, below)


def _of_transfers(found: CallFilter, rules: Sequence[Rule], event_type: str) -> CallFilter:
    """Return the filter of a type that sends or receives: nothing but changes is wanted if nothing else can match."""
    others = [without_change(rule.expression, changed) for rule in rules for changed in (False, None)]
    asking_data = [rule.expression for rule in rules if asks_for_data(rule)]
    return msgspec.structs.replace(
        found,
        only_changes=_region(others, event_type) == NOWHERE,
        with_data=_region(asking_data, event_type) != NOWHERE,
    )


def _cells_of(prefix: bytes, region: Region) -> int:
    return sum(1 << cell for cell, paths in enumerate(region) if any(map(prefix.startswith, paths)))


def may_be(expression: Expression, event_type: str, *, wanted: bool) -> Region:
    """Return where an expression, specialised for the type, may be true, or with `wanted` false where false."""
    match expression:
        case Constant(value):
            return EVERYWHERE if value is wanted else NOWHERE
        case Negation(part):
            return may_be(part, event_type, wanted=not wanted)
        case AllOf(parts) | AnyOf(parts):
            regions = (may_be(part, event_type, wanted=wanted) for part in parts)
            return reduce(_both if isinstance(expression, AllOf) is wanted else _either, regions)
        case Predicate():
            return _of_predicate(expression, event_type, wanted=wanted)
        case Comparison():
            return EVERYWHERE


@lru_cache(4096)
def _of_predicate(predicate: Predicate, event_type: str, *, wanted: bool) -> Region:
    field, opens = FIELDS[predicate.field], event_type in OPENS
    if predicate.argument is not None:
        return EVERYWHERE
    if field.name == "evt.rawres":
        return _by_result(lambda low, high: _number_may_be(predicate, low, high, wanted=wanted))
    if field.name == "fd.num" and (opens or event_type in DUPLICATES):
        return _by_result(lambda low, high: _descriptor_may_be(predicate, low, high, opens=opens, wanted=wanted))
    if field.level is RESULT:
        test = test_of(predicate, field)
        return _by_result(lambda low, _: any(test(field.how(r)) is wanted for r in (ERRORS if low < 0 else (low,))))
    if field.name in ("evt.is_open_read", "evt.is_open_write") and opens:
        return _by_access(event_type, test_of(predicate, field), field.how, wanted=wanted)
    if not wanted:
        return EVERYWHERE
    done = _by_result(lambda low, _: low >= 0) if field.name.startswith("fs.path.") else EVERYWHERE
    if (field.name in WHOLE_PATHS and opens) or (field.name in WORKED_ON and event_type in ONE):
        paths = _shortest({*_beginnings(predicate), UNCLEAR})
        return _both(done, (paths,) * CELLS)
    return done


def _by_result(may: Callable[[int, int], bool]) -> Region:
    return tuple(EVERY_PATH if may(*RESULTS[cell // ACCESSES]) else NO_PATH for cell in range(CELLS))


def _by_access(
    event_type: str, test: Callable[[Any], bool], how: Callable[[Arguments], Any], *, wanted: bool
) -> Region:
    fits = [test(how(Arguments(event_type, access, None))) is wanted for access in range(ACCESSES)]
    return tuple(EVERY_PATH if fits[cell % ACCESSES] else NO_PATH for cell in range(CELLS))


def _descriptor_may_be(predicate: Predicate, low: int, high: int, *, opens: bool, wanted: bool) -> bool:
    """A call that fails has no descriptor: -1 if it opens; one that duplicates is then about the old one."""
    if low >= 0:
        return _number_may_be(predicate, low, high, wanted=wanted)
    return _number_may_be(predicate, -1, -1, wanted=wanted) if opens else True


def _number_may_be(predicate: Predicate, low: int, high: int, *, wanted: bool) -> bool:
    """Tell whether the comparison may be true, or false, of a number from `low` to `high`.

    It changes nowhere but at the values that it compares with, so those and their neighbours stand for all.
    """
    test = known_test(predicate)
    values = [value for value in predicate.values if isinstance(value, int)]
    samples = {low, high, *(near for value in values for near in (value - 1, value, value + 1) if low <= near <= high)}
    return any(bool(test(sample)) is wanted for sample in samples)


def _beginnings(predicate: Predicate) -> Iterable[bytes]:
    """Return what a path may begin with if the predicate is true of it."""
    texts = [str(value) for value in predicate.values]
    match predicate.operator:
        case "=" | "in" | "intersects" | "startswith":
            return map(_bytes, texts)
        case "glob":
            return [_bytes(_literal(text)) for text in texts]
        case "pmatch":
            return [_bytes(_literal_names(text)) for text in texts]
        case "contains" | "icontains" if any(part in texts[0] for part in UNDECIDED):
            return []
        case _:
            return [b""]


def _literal(pattern: str) -> str:
    return pattern[: next((place for place, char in enumerate(pattern) if char in WILDCARDS), len(pattern))]


def _literal_names(prefix: str) -> str:
    """Return what a path begins with that is below the prefix; names from the first pattern on may be any."""
    names = []
    for name in filter(None, prefix.split("/")):
        if name != _literal(name):
            break
        names.append(name)
    return "/" + "/".join(names)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")[:LONGEST_PREFIX]


def _either(one: Region, other: Region) -> Region:
    return tuple(_union(*paths) for paths in zip(one, other, strict=True))


def _both(one: Region, other: Region) -> Region:
    return tuple(_intersection(*paths) for paths in zip(one, other, strict=True))


def _union(one: Paths, other: Paths) -> Paths:
    if EVERY_PATH in (one, other):
        return EVERY_PATH
    return _shortest(one | other) if one and other else one or other


def _intersection(one: Paths, other: Paths) -> Paths:
    """Return what is in both; if that takes long, one of them, which is more."""
    if EVERY_PATH in (one, other):
        return one if other == EVERY_PATH else other
    if len(one) * len(other) > MOST_PREFIXES**2:
        return one
    longer = ((a, b) if len(a) >= len(b) else (b, a) for a in one for b in other)
    return _shortest({long for long, short in longer if long.startswith(short)})


def _shortest(prefixes: Iterable[bytes]) -> Paths:
    """Return those that are below no other: in sorted order they follow the one that they are below."""
    kept: list[bytes] = []
    for prefix in sorted(prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return frozenset(kept) if len(kept) <= MOST_PREFIXES else EVERY_PATH
