"""The socket that an event is about, as fields look at it.

Who of the two ends is the client hangs on the call: who connects is one, whose connection is accepted is one,
and of datagrams the sender. Of other calls on a connection the batch does not tell, and neither do the fields.
"""

from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

from streams.detection.event_types import ACCEPTS, RECEIVES, SENDS
from streams.detection.lazily import lazy
from streams.detection.linux import AF_INET, AF_INET6, AF_UNIX, IPPROTO_RAW

TCP: Final = 6
UDP: Final = 17
PROTOCOLS: Final = {1: "icmp", TCP: "tcp", UDP: "udp", 58: "icmp", IPPROTO_RAW: "raw"}
FAMILIES: Final = {AF_UNIX: ("unix", "u"), AF_INET: ("ipv4", "4"), AF_INET6: ("ipv6", "6")}
SERVING: Final = frozenset({"bind", "listen"})
CLIENT_PORTS: Final = {"connect": "event_local_port"} | dict.fromkeys(ACCEPTS, "event_remote_port")
"""The column of the client's port, for types that tell by themselves which end is the client."""

Address = IPv4Address | IPv6Address


class Outcome(IntEnum):
    """What became of a call."""

    DONE = 0
    PENDING = 1
    FAILED = 2


class SocketKey(NamedTuple):
    """All that a socket's fields are made of."""

    type: str
    outcome: Outcome
    family: int
    protocol: int
    local: bytes
    local_port: int
    remote: bytes
    remote_port: int
    path: str | None
    flags: int = 0
    """`event_socket_flags` of the batch."""


KNOWN: Final = 1
NAME_CHANGED: Final = 2
CONNECTED: Final = 4
"""Bits of `event_socket_flags`."""

UNKNOWN: Final = SocketKey("", Outcome.FAILED, 0, 0, b"", 0, b"", 0, None)


class End(NamedTuple):
    """One end of a connection."""

    address: str
    port: int
    known: bool = True
    """Whether the address is that of packets, and not the one that stands for any of the machine's."""

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


def without_client_port(found: "Socket") -> "Socket":
    """Return the socket with nothing told of its client's port but whether it has one."""
    match CLIENT_PORTS.get(found.key.type):
        case "event_local_port":
            return Socket(found.key._replace(local_port=min(found.key.local_port, 1)))
        case "event_remote_port":
            return Socket(found.key._replace(remote_port=min(found.key.remote_port, 1)))
        case _:
            return found


class Socket:
    """A socket with the addresses of its two ends, as far as they are known."""

    nameraw = directory = filename = None

    def __init__(self, key: SocketKey) -> None:
        self.key = key

    @lazy
    def _addresses(self) -> tuple[Address | None, Address | None]:
        """Return the addresses of both ends; IPv4 in IPv6's clothes is IPv4."""
        local, remote = _address(self.key.local), _address(self.key.remote)
        mapped = [end.ipv4_mapped for end in (local, remote) if isinstance(end, IPv6Address)]
        if any(mapped):
            return _plain(local), _plain(remote)
        return local, remote

    @lazy
    def local(self) -> End | None:
        """Return the socket's own end. A bind that failed did not give it one."""
        address = self._addresses[0]
        if address is None or (self.key.type == "bind" and self.key.outcome is not Outcome.DONE):
            return None
        stands_for_any = address.is_unspecified and self.key.type in SENDS | RECEIVES and self.key.protocol != TCP
        return End(str(address), self.key.local_port, not stands_for_any)

    @lazy
    def remote(self) -> End | None:
        """Return the peer's end; a socket that only waits for peers has none."""
        address = self._addresses[1]
        if address is None or self.key.type in SERVING or (address.is_unspecified and not self.key.remote_port):
            return None
        return End(str(address), self.key.remote_port)

    @lazy
    def ends(self) -> tuple[End | None, End | None]:
        """Return client and server, as far as the call tells which end is which."""
        call, datagram = self.key.type, self.key.protocol == UDP
        if call in SERVING:
            return None, self.local
        if call == "connect" or (call in SENDS and datagram):
            return self.local, self.remote
        if call in ACCEPTS or (call in RECEIVES and datagram):
            return self.remote, self.local
        return None, None

    @property
    def both(self) -> tuple[End, ...]:
        """Return the ends that are known."""
        return tuple(end for end in (self.local, self.remote) if end is not None)

    @lazy
    def name(self) -> str | None:
        """Return `client->server`, or `own->peer` where that is not known; one address if there is one."""
        if self.key.family == AF_UNIX:
            return self.key.path
        client, server = self.ends if all(self.ends) else (self.local, self.remote)
        if client is None or server is None:
            return str(self.both[0]) if len(self.both) == 1 and self.key.type != "connect" else None
        return f"{client}->{server}"

    @property
    def asked(self) -> str | None:
        """Return the address that a connect or bind was given."""
        if self.key.family == AF_UNIX:
            return self.key.path
        address = self._addresses[self.key.type == "connect"]
        port = self.key.remote_port if self.key.type == "connect" else self.key.local_port
        return None if address is None else str(End(str(address), port))

    @lazy
    def _family(self) -> int:
        known = next((address for address in self._addresses if address is not None), None)
        return AF_INET if isinstance(known, IPv4Address) else self.key.family

    @property
    def type(self) -> str | None:
        """Return `ipv4`, `ipv6` or `unix`."""
        return FAMILIES.get(self._family, (None, None))[0]

    @property
    def typechar(self) -> str | None:
        """Return `4`, `6` or `u`."""
        return FAMILIES.get(self._family, (None, None))[1]

    @property
    def family(self) -> str | None:
        """Return `ip` or `unix`."""
        return {AF_UNIX: "unix", AF_INET: "ip", AF_INET6: "ip"}.get(self.key.family)

    @property
    def protocol(self) -> str | None:
        """Return `tcp`, `udp`, `icmp` or `raw`."""
        return PROTOCOLS.get(self.key.protocol) if self.key.family in (AF_INET, AF_INET6) else None

    @property
    def connected(self) -> bool | None:
        """Return whether it has a peer, where the call or the lack of an own address tells."""
        call, done = self.key.type, self.key.outcome is Outcome.DONE
        if call == "connect" or call in ACCEPTS:
            return done
        if call in SERVING or call == "socket":
            return False if done else None
        if self.key.protocol == TCP and call in SENDS | RECEIVES:
            return True if done else None
        if self.key.flags & KNOWN:
            return bool(self.key.flags & CONNECTED)
        local = self._addresses[0]
        return False if self.key.protocol == UDP and local is not None and local.is_unspecified else None

    @property
    def name_changed(self) -> bool | None:
        """Return whether a call that sends or receives has another peer than the socket's last datagram."""
        return bool(self.key.flags & NAME_CHANGED) if self.key.flags & KNOWN else None


def _address(data: bytes) -> Address | None:
    return ip_address(data) if len(data) in (4, 16) else None


def _plain(address: Address | None) -> Address | None:
    """Return IPv4 for its IPv6 form, and for the unspecified address."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or (IPv4Address(0) if address.is_unspecified else address)
    return address
