"""Connects to where a registry is: by name or by `--resolve`, plain or with TLS, directly or through a proxy."""

import socket
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

from infra.oci.errors import InvalidReferenceError
from infra.registries.channels import Channel, Patience
from infra.registries.errors import HANDSHAKE, BrokenConnectionError, UnreachableError
from infra.registries.options import RemoteOptions
from infra.registries.proxies import proxy_authorization, proxy_for
from infra.registries.urls import Origin, Url

RESOLVE_FORM: Final = "--resolve takes host:port:address[:address_port]"
Address = tuple[str, int]


def parse_resolve(texts: Iterable[str]) -> dict[Address, Address]:
    """Return where to connect instead, by host and port. Raises InvalidReferenceError."""
    return dict(_parse_one(text) for text in texts)


def _parse_one(text: str) -> tuple[Address, Address]:
    import ipaddress

    host, _, rest = text.partition(":")
    port, _, rest = rest.partition(":")
    address, address_port = _split_address(rest, port)
    try:
        ipaddress.ip_address(address)
        return (host.lower(), _port(port)), (address, _port(address_port))
    except ValueError:
        raise InvalidReferenceError(f"{text!r} does not say where a host is", RESOLVE_FORM) from None


def _split_address(rest: str, port: str) -> tuple[str, str]:
    if rest.startswith("["):
        address, _, after = rest[1:].partition("]")
        return address, after.removeprefix(":") or port
    if rest.count(":") > 1:
        return rest, port
    address, _, after = rest.partition(":")
    return address, after or port


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError
    return int(text)


class Dialler:
    """Makes connections; `own` is the registry's origin, which alone is shown the client certificate."""

    def __init__(self, options: RemoteOptions, own: Origin) -> None:
        self._options = options
        self._own = own
        self._resolve = parse_resolve(options.resolve)
        self._patience = Patience(options.stall_seconds, options.answer_seconds)

    def dial(self, origin: Origin) -> Channel:
        """Return a new connection. Raises UnreachableError, BrokenConnectionError."""
        proxy = proxy_for(origin)
        sock = self._connect(proxy.origin if proxy else origin)
        try:
            if proxy is not None and origin.scheme == "https":
                self._tunnel(sock, proxy, origin)
            if origin.scheme == "https":
                return Channel(self._wrap(sock, origin), self._patience)
            secret = proxy_authorization(origin.scheme) if proxy is not None else None
            return Channel(sock, self._patience, secret)
        except BaseException:
            sock.close()
            raise

    def _connect(self, origin: Origin) -> socket.socket:
        address = self._resolve.get((origin.host, origin.port), (origin.host, origin.port))
        try:
            sock = socket.create_connection(address, self._options.connect_seconds)
        except OSError as error:
            raise UnreachableError(f"{origin.authority} cannot be reached: {_reason(error)}", _fix(error)) from None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _tunnel(self, sock: socket.socket, proxy: Url, origin: Origin) -> None:
        from infra.registries.proxies import tunnel_request
        from infra.registries.replies import receive_head

        channel = Channel(sock, self._patience)
        try:
            channel.send(tunnel_request(origin))
            head = receive_head(channel)
        except BrokenConnectionError as error:
            raise UnreachableError(f"the proxy {proxy.origin.authority} does not answer: {error}") from None
        if head.status != 200:
            raise UnreachableError(f"the proxy {proxy.origin.authority} answers {head.status} to CONNECT")

    def _wrap(self, sock: socket.socket, origin: Origin) -> socket.socket:
        import ssl

        context = self._own_context if origin == self._own else self._foreign_context
        sock.settimeout(self._options.connect_seconds)
        try:
            return context.wrap_socket(sock, server_hostname=origin.host)  # type: ignore[no-any-return]
        except ssl.SSLCertVerificationError as error:
            why = f"its certificate is not trusted: {error.verify_message}"
            fix = "name its CA with --ca-file, or take any certificate with --insecure"
            raise UnreachableError(f"{origin.authority}: {why}", fix) from None
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            # Whoever is overloaded hangs up now and then: that passes, unlike what follows.
            raise BrokenConnectionError(f"{origin.authority} hung up while TLS was agreed upon") from None
        except OSError as error:
            plain = isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
            fix = "it seems to speak plain HTTP: say --plain-http" if plain else ""
            raise UnreachableError(f"{HANDSHAKE} {origin.authority} fails: {_reason(error)}", fix) from None

    @cached_property
    def _own_context(self) -> Any:
        context = self._foreign_context if self._options.cert_file is None else self._new_context()
        if self._options.cert_file is not None:
            try:
                context.load_cert_chain(self._options.cert_file, self._options.key_file)
            except OSError as error:
                what = f"the client certificate {self._options.cert_file} cannot be used: {_reason(error)}"
                raise UnreachableError(what, "--cert-file and --key-file belong together, both in PEM") from None
        return context

    @cached_property
    def _foreign_context(self) -> Any:
        return self._new_context()

    def _new_context(self) -> Any:
        import ssl

        try:
            context = ssl.create_default_context(cafile=self._options.ca_file)
        except OSError as error:
            what = f"the CA file {self._options.ca_file} cannot be used: {_reason(error)}"
            raise UnreachableError(what, "it must hold certificates in PEM") from None
        if self._options.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _fix(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "is the name right?"
    return "does it run, and is the port right?" if isinstance(error, ConnectionRefusedError) else ""
