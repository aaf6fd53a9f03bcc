"""Fields of the socket that an event is about."""

from collections.abc import Callable
from typing import Any, Final

from streams.detection.descriptors import Descriptor
from streams.detection.event_types import ON_DESCRIPTORS, RECEIVES, SENDS
from streams.detection.fields.absent import absent
from streams.detection.fields.field import Field, Type
from streams.detection.levels import DESCRIPTOR, SERVICE, Level
from streams.detection.networks import Test, address_test, network_test, port_test
from streams.detection.predicates import Predicate
from streams.detection.sockets import End, Socket

How = Callable[[Socket], Any]
Compare = Callable[[Predicate, Test], Test]

ROLES: Final = (
    "The client is who connects, the other end of what is accepted, and the sender of a datagram; other calls do not "
    "tell."
)
UNNAMED: Final = "Always absent: deedlog asks no name server what an address is called."


def _field(
    name: str,
    doc: str,
    how: How,
    type: Type = "string",
    compare: Compare | None = None,
    *,
    level: Level = SERVICE,
    types: frozenset[str] = ON_DESCRIPTORS,
) -> Field:
    return Field(name=name, type=type, doc=doc, level=level, how=_reader(how), compare=compare, types=types)


def _reader(how: How) -> Callable[[Descriptor], Any]:
    return lambda found: how(found) if isinstance(found, Socket) else None


def _either(
    name: str, doc: str, of: Callable[[End], Any], compare: Compare, type: Type = "string", *, level: Level = SERVICE
) -> Field:
    def how(found: Descriptor) -> tuple[Any, ...]:
        values = map(of, found.both) if isinstance(found, Socket) else ()
        return tuple(value for value in values if value is not None)

    return Field(name=name, type=type, doc=doc, level=level, how=how, compare=compare, many=True, types=ON_DESCRIPTORS)


def _address(end: End | None) -> str | None:
    return None if end is None or not end.known else end.address


def _port(end: End | None) -> int | None:
    return None if end is None else end.port


def _client(found: Socket) -> End | None:
    return found.ends[0]


def _server(found: Socket) -> End | None:
    return found.ends[1]


def _local(found: Socket) -> End | None:
    return found.local if found.remote is not None else None


def _remote(found: Socket) -> End | None:
    return found.remote


ENDS: Final = {
    "c": ("client", _client, ROLES),
    "s": ("server", _server, "It is known as the client is; of bind and listen it is the own one."),
    "l": ("own end of a connection", _local, "Absent without a peer."),
    "r": ("peer", _remote, ""),
}


def _ends() -> list[Field]:
    fields = []
    for letter, (who, end, doc) in ENDS.items():
        fields += [
            _field(
                f"fd.{letter}ip", f"IP address of the {who}. {doc}".strip(), _of(end, _address), "string", address_test
            ),
            _field(
                f"fd.{letter}port",
                f"Port of the {who}. {doc}".strip(),
                _of(end, _port),
                "number",
                level=SERVICE if letter == "s" else DESCRIPTOR,
            ),
            _field(
                f"fd.{letter}net",
                f"IP address of the {who}, to be compared with networks: `fd.{letter}net in (10.0.0.0/8)`.",
                _of(end, _address),
                "string",
                network_test,
            ),
            absent(f"fd.{letter}ip.name", UNNAMED),
        ]
    return fields


def _of(end: Callable[[Socket], End | None], part: Callable[[End | None], Any]) -> How:
    return lambda found: part(end(found))


FIELDS: Final = (
    _either(
        "fd.ip",
        "IP address of either end; `!=` is true if neither is it. The own address of a socket for datagrams is not "
        "known if it stands for any.",
        _address,
        address_test,
    ),
    _either(
        "fd.port", "Port of either end; `!=` is true if neither is it.", _port, port_test, "number", level=DESCRIPTOR
    ),
    _either(
        "fd.net",
        "IP addresses of both ends, to be compared with networks: `fd.net = 127.0.0.0/8` is true if one of them is "
        "in it, `!=` if neither is.",
        _address,
        network_test,
    ),
    *_ends(),
    _field(
        "fd.l4proto",
        "`tcp`, `udp`, `icmp` or `raw`; absent for other protocols and, but for raw sockets, when a socket is made.",
        lambda found: found.protocol,
    ),
    _field("fd.sockfamily", "`ip` or `unix`.", lambda found: found.family),
    _field(
        "fd.connected",
        "Whether the socket has a peer of its own, after the call. Of sockets for datagrams calls that send or receive "
        "tell, and others only that it has none, if it has no address.",
        lambda found: found.connected,
        "flag",
    ),
    _field(
        "fd.name_changed",
        "Whether the socket's name changed: what is sent goes to another peer than the socket's last datagram, what is "
        "received comes from another; true of the first that is seen on a socket without a peer of its own.",
        lambda found: found.name_changed,
        "flag",
        types=SENDS | RECEIVES,
    ),
)
