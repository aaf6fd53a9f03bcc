"""Makes requests of a registry authorized: finds out what it asks for, and remembers it for the next request.

Tokens are kept for each realm, service and set of scopes; one that allows more does for less.
"""

import threading
import time
from collections.abc import Callable

import msgspec

from infra.registries.challenges import Challenge, parse_challenges
from infra.registries.options import ANONYMOUS, Credential
from infra.registries.scopes import Scopes, covers, merged, parse_scopes
from infra.registries.tokens import Realm, Token, basic, obtain, parse_realm
from infra.registries.transport import Exchange
from infra.registries.urls import Origin

Key = tuple[Realm, Scopes]


class _Known(msgspec.Struct):
    """What a registry has asked for so far."""

    basic: bool = False
    realm: Realm | None = None


class Authorizer:
    """Knows who one is to one registry."""

    def __init__(self, origin: Origin, credential: Callable[[], Credential], exchange: Exchange) -> None:
        self._origin = origin
        self._find_credential = credential
        self._exchange = exchange
        self._known = _Known()
        self._tokens: dict[Key, Token] = {}
        self._asked: dict[Scopes, Scopes] = {}
        self._lock = threading.Lock()
        self._obtaining: dict[Key, threading.Lock] = {}
        self._credential: Credential | None = None

    def authorization(self, scopes: Scopes) -> str:
        """Return what to send at once, without having been asked; empty: nothing is known."""
        if self._known.basic:
            return basic(self._who())
        if self._known.realm is None:
            return ""
        wanted = self._asked.get(scopes, scopes)
        token = self._kept(self._known.realm, wanted)
        if token is None and scopes:
            token = self._obtain((self._known.realm, wanted), "")
        return f"Bearer {token.value}" if token else ""

    def answer(self, challenge: str, scopes: Scopes, refused: str) -> str:
        """Return what to send after a refusal that names what is wanted; empty: there is nothing better.

        `refused` is what was sent before. Raises what `obtain` does.
        """
        for one in parse_challenges(challenge):
            if one.scheme == "bearer" and (answer := self._bearer(one, scopes, refused)):
                return answer
            if one.scheme == "basic" and (answer := self._basic(refused)):
                return answer
        return ""

    def _who(self) -> Credential:
        if self._credential is None:
            self._credential = self._find_credential()
        return self._credential

    def _basic(self, refused: str) -> str:
        who = self._who()
        value = basic(who) if who.username else ""
        if not value or value == refused:
            return ""
        self._known.basic = True
        return value

    def _bearer(self, challenge: Challenge, scopes: Scopes, refused: str) -> str:
        who = self._who()
        if who.registry_token:
            value = f"Bearer {who.registry_token}"
            return value if value != refused else ""
        named = challenge.parameters
        realm = parse_realm(named.get("realm", ""), named.get("service", ""), self._origin, who != ANONYMOUS)
        wanted = merged(scopes | parse_scopes(named.get("scope", "")))
        self._known.realm = realm
        self._asked[scopes] = wanted
        return f"Bearer {self._obtain((realm, wanted), refused).value}"

    def _kept(self, realm: Realm, wanted: Scopes, refused: str = "") -> Token | None:
        now = time.monotonic()
        with self._lock:
            tokens = list(self._tokens.items())
        for (at, granted), token in tokens:
            good = token.until > now and f"Bearer {token.value}" != refused
            if good and at == realm and covers(granted, wanted):
                return token
        return None

    def _obtain(self, key: Key, refused: str) -> Token:
        """Return a token that was not refused; of threads that want the same one, only one asks for it."""
        with self._lock:
            alone = self._obtaining.setdefault(key, threading.Lock())
        with alone:
            if (kept := self._kept(*key, refused)) is not None:
                return kept
            token = obtain(self._exchange, *key, self._who())
            with self._lock:
                self._tokens[key] = token
            return token
