"""Link headers: where the next page of a list is.

Source: RFC 8288 section 3; OCI distribution-spec 1.1, section Listing Tags.
"""

import re
from typing import Final

from infra.registries.errors import MalformedReplyError
from infra.registries.urls import MalformedUrlError, Url, follow

LINK: Final = re.compile(r"[\s,]*<([^<>]*)>")
PARAMETER: Final = re.compile(
    r"\s*;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*)))?", re.DOTALL
)

MOST_PAGES: Final = 10_000
"""Of one list; registries put a hundred names or more on a page."""


def parse_links(value: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return targets and their relations; what follows something that is no link is left out."""
    found, position = [], 0
    while (link := LINK.match(value, position)) is not None:
        relations: frozenset[str] = frozenset()
        position = link.end()
        while (parameter := PARAMETER.match(value, position)) is not None:
            position = parameter.end()
            if parameter[1].lower() == "rel" and not relations:
                relations = frozenset((parameter[2] or parameter[3] or "").lower().split())
        found.append((link[1].strip(), relations))
    return tuple(found)


def next_page(url: Url, value: str) -> Url | None:
    """Return where the next page is; None: this is the last one. Raises MalformedReplyError.

    A list does not go on elsewhere: that would be a way to make a client ask others.
    """
    target = next((target for target, relations in parse_links(value) if "next" in relations), None)
    if target is None:
        return None
    try:
        led = follow(url, target)
    except MalformedUrlError:
        raise MalformedReplyError(f"{url.origin.authority} names a next page that is no URL") from None
    if led.origin != url.origin:
        raise MalformedReplyError(f"{url.origin.authority} leads to {led.origin} for its next page")
    return led


class Pages:
    """The pages of one list, which has an end whatever the server says."""

    def __init__(self, first: Url) -> None:
        self._seen = {first}

    def next(self, url: Url, value: str) -> Url | None:
        """Return where the page after the one at `url` is; None: there is none. Raises MalformedReplyError."""
        following = next_page(url, value)
        if following is None or following in self._seen:
            return None
        if len(self._seen) >= MOST_PAGES:
            raise MalformedReplyError(f"{url.origin.authority} gives a list of more than {MOST_PAGES:,} pages")
        self._seen.add(following)
        return following
