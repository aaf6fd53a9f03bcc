"""URLs of registries: origins that may be compared, and texts that may be shown.

Sources: RFC 3986; RFC 6454 section 4 (what makes an origin).
"""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urljoin, urlsplit

import msgspec

PORTS: Final = {"http": 80, "https": 443}
REDACTED: Final = "REDACTED"
DEFAULT_REGISTRY: Final = "docker.io"
DEFAULT_HOST: Final = "registry-1.docker.io"
"""Where the registry that is called docker.io is."""
UNSAFE: Final = re.compile(r"[\x00-\x20\x7f-\U0010ffff]")
"""What must not stand in a URL as it is: it would split a request line."""


class MalformedUrlError(ValueError):
    """A text is no URL of HTTP."""


class Origin(msgspec.Struct, frozen=True):
    """Who is talked to: equal for all that may share credentials."""

    scheme: str
    host: str
    """Lower case, IPv6 addresses without brackets."""
    port: int

    @property
    def authority(self) -> str:
        """Return it as it stands in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if PORTS[self.scheme] == self.port else f"{host}:{self.port}"

    def __str__(self) -> str:
        """Return it as the beginning of a URL."""
        return f"{self.scheme}://{self.authority}"


class Url(msgspec.Struct, frozen=True):
    """What is asked of whom."""

    origin: Origin
    target: str
    """Path and query as they are sent."""

    def __str__(self) -> str:
        """Return it without the values of its query, which may be signatures and tokens."""
        path, mark, query = self.target.partition("?")
        return f"{self.origin}{path}{mark}{redact_query(query)}"

    @property
    def full(self) -> str:
        """Return all of it; only for requests."""
        return f"{self.origin}{self.target}"


def redact_query(query: str) -> str:
    """Return a query with its names and without its values; what has no name is a value."""
    fields = [field for field in query.split("&") if field]
    named = [name for field in fields for name, _ in parse_qsl(field, keep_blank_values=True) if "=" in field]
    return "&".join([urlencode([(name, REDACTED) for name in named]), *[REDACTED] * (len(fields) - len(named))]).strip(
        "&"
    )


def registry_origin(registry: str, plain_http: bool | None) -> Origin:
    """Return where a registry is; `localhost` speaks plain HTTP unless it is said otherwise.

    Raises MalformedUrlError.
    """
    name = DEFAULT_HOST if registry == DEFAULT_REGISTRY else registry
    try:
        parts = urlsplit(f"//{name}")
        host = (parts.hostname or "").lower()
        scheme = "http" if (host == "localhost" if plain_http is None else plain_http) else "https"
        return Origin(scheme, host, parts.port or PORTS[scheme])
    except ValueError:
        raise MalformedUrlError(f"{registry!r} has no good address or port") from None


def parse_url(text: str) -> Url:
    """Return the parts of an absolute URL; user, password and fragment are left out. Raises MalformedUrlError."""
    try:
        parts = urlsplit(text)
        return _url(parts)
    except ValueError:
        raise MalformedUrlError(f"{text.partition('?')[0]!r} is no URL of HTTP") from None


def _url(parts: SplitResult) -> Url:
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError
    origin = Origin(parts.scheme, parts.hostname.lower(), parts.port or PORTS[parts.scheme])
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(origin, escape(target))


def escape(target: str) -> str:
    """Return path and query with all escaped that would end the request line."""
    return UNSAFE.sub(lambda match: quote(match[0], safe=""), target)


def follow(url: Url, location: str) -> Url:
    """Return where a Location header leads. Raises MalformedUrlError.

    A server behind a TLS proxy often calls itself http://: on the same host TLS is kept.
    """
    try:
        led = parse_url(urljoin(url.full, location))
    except ValueError:
        raise MalformedUrlError("a Location is no URL of HTTP") from None
    same = led.origin.host == url.origin.host
    if same and url.origin.scheme == "https" and led.origin.scheme == "http":
        port = led.origin.port if led.origin.port != PORTS["http"] else url.origin.port
        return Url(Origin("https", led.origin.host, port), led.target)
    return led


def with_query(url: Url, **values: str) -> Url:
    """Return a URL with more in its query, in the order given; what is there stays as it is."""
    more = urlencode(values, safe=":/,")
    mark = "&" if "?" in url.target else "?"
    return Url(url.origin, f"{url.target}{mark}{more}") if values else url
