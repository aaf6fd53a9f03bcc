"""Proxies that the environment names, by the rules that Go programs and curl share.

HTTPS_PROXY and HTTP_PROXY say which, NO_PROXY for whom not; names in lower case count first. Loopback is never
proxied.
"""

import os
from base64 import b64encode
from urllib.parse import unquote, urlsplit

from infra.registries.errors import UnreachableError
from infra.registries.urls import MalformedUrlError, Origin, Url, parse_url


def proxy_for(origin: Origin) -> Url | None:
    """Return the proxy that leads to an origin, if one is to be used.

    Raises UnreachableError for one that is not spoken to, for to go past it is not what was asked for.
    """
    named = _named(f"{origin.scheme}_proxy")
    if not named or is_exempt(origin, _named("no_proxy")):
        return None
    try:
        proxy = parse_url(named if "://" in named else f"http://{named}")
    except MalformedUrlError:
        proxy = None
    if proxy is None or proxy.origin.scheme != "http":
        what = (
            f"{origin.scheme.upper()}_PROXY names no proxy that is spoken to by plain HTTP, which is all that is known"
        )
        raise UnreachableError(what, f"name one as http://host:port, or {origin.host} in NO_PROXY")
    return proxy


def _named(name: str) -> str:
    return os.environ.get(name) or os.environ.get(name.upper()) or ""


def is_exempt(origin: Origin, no_proxy: str) -> bool:
    """Say whether an origin is reached directly: it is local, or NO_PROXY names it, its domain or its network."""
    if origin.host == "localhost" or origin.host.startswith("127.") or origin.host == "::1":
        return True
    return any(_matches(origin, entry.strip().lower()) for entry in no_proxy.split(",") if entry.strip())


def _matches(origin: Origin, entry: str) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return _in_network(origin.host, entry)
    host, _, port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    if port and port != str(origin.port):
        return False
    name = host.strip("[]").removeprefix("*").removeprefix(".")
    return origin.host == name or origin.host.endswith(f".{name}")


def _in_network(host: str, network: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def proxy_authorization(scheme: str) -> str:
    """Return the Proxy-Authorization that the proxy's own URL holds, if any."""
    named = _named(f"{scheme}_proxy")
    parts = urlsplit(named if "://" in named else f"http://{named}")
    if not parts.username:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def tunnel_request(origin: Origin) -> bytes:
    """Return what asks a proxy for a tunnel to an origin (RFC 9110 section 9.3.6)."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    authority = f"{host}:{origin.port}"
    secret = proxy_authorization(origin.scheme)
    more = f"Proxy-Authorization: {secret}\r\n" if secret else ""
    return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{more}\r\n".encode("latin-1")
