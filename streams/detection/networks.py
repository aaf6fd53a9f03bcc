"""Comparisons of addresses, networks and ports, of one end of a connection or of either.

Of either end, as Falco has it: `=` and `in` are true where one of them fits, `!=` where both do. The test of
the other operators for one value is given as `plain`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final, TypeVar

from streams.detection.predicates import PatternError, Predicate, Value

Read = TypeVar("Read")
Network = IPv4Network | IPv6Network
Test = Callable[[Any], bool]

MEMBERSHIP: Final = ("=", "!=", "in", "intersects")


def address_test(predicate: Predicate, plain: Test) -> Test:
    """Return the test of an address as text, or of several: `::1` is `0:0:0:0:0:0:0:1`.

    Raises PatternError if it is to be one that is none.
    """
    for value in predicate.values if predicate.operator in MEMBERSHIP else ():
        _read(ip_address, value, "address", "fd.ip = 10.0.0.1; networks are compared by fd.net")
    wanted = frozenset(_canonical(str(value)) for value in predicate.values)
    return _test(predicate, plain, lambda value: value in wanted)


def network_test(predicate: Predicate, plain: Test) -> Test:
    """Return the test of whether an address, or one of several, is in one of the networks, `10.0.0.0/8`.

    Raises PatternError if one of them is none.
    """
    wanted: list[Network] = []
    if predicate.operator in MEMBERSHIP:
        wanted = [_read(_network, value, "network", "fd.net = 10.0.0.0/8") for value in predicate.values]
    return _test(predicate, plain, lambda value: _is_within(value, wanted))


def port_test(predicate: Predicate, plain: Test) -> Test:
    """Return the test of a port, or of several."""
    wanted = frozenset(predicate.values)
    return _test(predicate, plain, lambda value: value in wanted)


def _test(predicate: Predicate, plain: Test, fits: Test) -> Test:
    operator = predicate.operator
    if operator == "!=":
        return lambda value: bool(_all(value)) and not any(map(fits, _all(value)))
    one = fits if operator in MEMBERSHIP else plain
    return lambda value: any(map(one, _all(value)))


def _all(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _canonical(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return text


def _network(text: str) -> Network:
    return ip_network(text, strict=False)


def _read(how: Callable[[str], Read], value: Value, what: str, example: str) -> Read:
    try:
        return how(str(value))
    except ValueError:
        raise PatternError(f"{str(value)!r} is no {what}; write it as in {example}") from None


def _is_within(address: str, networks: Iterable[Network]) -> bool:
    parsed = _parsed(address)
    return any(parsed in network for network in networks)


_parsed = lru_cache(4096)(ip_address)
