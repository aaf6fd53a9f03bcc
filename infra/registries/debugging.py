"""The request log of `--debug`: what was asked and answered, as oras 1.3 writes it, and nothing that is secret.

Each entry is one text of several lines; who shows it adds time and level.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from json import dumps
from typing import Final
from urllib.parse import urlsplit

from infra.oci.errors import OciError
from infra.registries.options import SECRET
from infra.registries.replies import Reply
from infra.registries.requests import Request
from infra.registries.transport import Exchange
from infra.registries.urls import REDACTED, redact_query

SCRUBBED: Final = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
SECRETIVE: Final = re.compile(
    "token|secret|cookie|signature|credential|password|api-?key|^authentication-info$|^x-auth"
)
"""In the names of headers that are not standard: of those of registries, none that one would miss has it."""
URLS: Final = frozenset({"location", "content-location", "referer", "link"})
MOST_BODY: Final = 16 << 10
SECRET_KEY: Final = re.compile(r'"[a-z_-]*(?:token|password|secret|\\u00)[^"]*"\s*:', re.IGNORECASE)
"""A key whose letters are written as numbers hides what it is."""
PRINTED: Final = frozenset({"application/json", "text/plain", "text/html"})
LINKED: Final = re.compile(r"<([^>]*)>")
NUMBERS: Final = itertools.count()


def logged(exchange: Exchange, tell: Callable[[str], None], own_headers: Iterable[str]) -> Exchange:
    """Return an exchange that tells what goes to and fro; `own_headers` are not shown, for people put secrets there."""
    hidden = SCRUBBED | {name.lower() for name in own_headers}

    def exchange_and_tell(request: Request) -> Reply:
        number = next(NUMBERS)
        tell(shown_request(number, request, hidden))
        try:
            reply = exchange(request)
        except OciError as error:
            tell(f"<-- Response #{number}\nError in getting response: {error}")
            raise
        tell(shown_reply(number, reply, hidden))
        return reply

    return exchange_and_tell


def shown_request(number: int, request: Request, hidden: frozenset[str]) -> str:
    """Return a request as text."""
    headers = shown_headers(request.headers.items(), hidden)
    url = dumps(str(request.url))
    method = dumps(request.method)
    return f"--> Request #{number}\n> Request URL: {url}\n> Request method: {method}\n> Request headers:\n{headers}"


def shown_reply(number: int, reply: Reply, hidden: frozenset[str]) -> str:
    """Return a reply as text."""
    status = dumps(f"{reply.status} {reply.head.reason}".rstrip())
    headers = shown_headers(reply.head.fields, hidden)
    body = shown_body(reply)
    return (
        f"<-- Response #{number}\n< Response Status: {status}\n< Response headers:\n{headers}\n< Response body:\n{body}"
    )


def shown_headers(fields: Iterable[tuple[str, str]], hidden: frozenset[str]) -> str:
    """Return headers, one a line."""
    lines = [f"   {dumps(name)}: {dumps(_shown_value(name.lower(), value, hidden))}" for name, value in fields]
    return "\n".join(lines) or "   Empty header"


def _shown_value(name: str, value: str, hidden: frozenset[str]) -> str:
    if name in hidden or SECRETIVE.search(name):
        return SECRET
    if name == "link":
        return LINKED.sub(lambda match: f"<{redact_url(match[1])}>", value)
    return redact_url(value) if name in URLS else value


def redact_url(text: str) -> str:
    """Return a URL, which may be relative, without the values of its query, user and password."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return REDACTED
    place = f"{REDACTED}@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    return parts._replace(netloc=place, query=redact_query(parts.query), fragment="").geturl()


def shown_body(reply: Reply) -> str:
    """Return a body that is short and text, else why it is not shown."""
    if reply.length == 0:
        return "   No response body to print"
    if 300 <= reply.status < 400:
        return "   Response body for redirect is not printed"
    kind = reply.get("content-type")
    if not kind:
        return "   Response body without a content type is not printed"
    media_type = kind.partition(";")[0].strip().lower()
    if media_type not in PRINTED and not media_type.endswith("+json"):
        return f"   Response body of content type {dumps(kind)} is not printed"
    return _shown_text(reply)


def _shown_text(reply: Reply) -> str:
    try:
        body = reply.preload(MOST_BODY + 1)
    except OciError as error:
        return f"   Error reading response body: {error}"
    if not body:
        return "   Response body is empty"
    if len(body) > MOST_BODY:
        return "   Response body exceeding the trace size limit is not printed"
    text = body.decode(errors="replace")
    return "   Response body redacted due to potential credentials" if SECRET_KEY.search(text) else text
