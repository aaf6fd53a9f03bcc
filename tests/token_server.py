"""A token server of the tests' own: signs bearer tokens that distribution believes, and remembers who asked for what.

Source: distribution token specification (spec/auth/token.md, spec/auth/jwt.md, spec/auth/oauth.md).
"""

import json
import threading
import time
import uuid
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

SERVICE, ISSUER = "registry of tests", "tests"
REFRESH = "refresh-token-of-ann"


class TokenServer:
    """Gives tokens to whom it knows; nobody may push without a name."""

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        self.password = password
        self.lifetime = 300
        self.asked: list[tuple[str, list[str]]] = []
        """Method, and scopes."""
        self.port = 0
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def realm(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def write_jwks(self, path: Path) -> None:
        """Write what distribution checks tokens with."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "kid": "k", "use": "sig", "alg": "ES256"}
        key |= {"x": _base64(numbers.x.to_bytes(32)), "y": _base64(numbers.y.to_bytes(32))}
        path.write_text(json.dumps({"keys": [key]}))

    def token(self, user: str, scopes: list[str], lifetime: int) -> str:
        """Return a token: anonymous ones allow to pull only."""
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            allowed = [action for action in actions.split(",") if user or action == "pull"]
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": SERVICE, "sub": user, "iat": now, "nbf": now - 5, "exp": now + lifetime}
        return self._signed(claims | {"jti": uuid.uuid4().hex, "access": access})

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"typ": "JWT", "alg": "ES256", "kid": "k"}
        text = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(SHA256())))
        return f"{text}.{_base64(r.to_bytes(32) + s.to_bytes(32))}"

    def who(self, authorization: str) -> str | None:
        """Return the name in an Authorization; None: name or password is wrong."""
        if not authorization:
            return ""
        pair = b64decode(authorization.removeprefix("Basic ")).decode()
        return self.user if pair == f"{self.user}:{self.password}" else None


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def serving(user: str, password: str) -> Iterator[TokenServer]:
    """Serve tokens until the end of the block."""
    tokens = TokenServer(user, password)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self.reply("GET", tokens.who(self.headers.get("Authorization", "")), query)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            by_token = form.get("refresh_token") == [REFRESH]
            known = form.get("username") == [tokens.user] and form.get("password") == [tokens.password]
            self.reply("POST", tokens.user if by_token or known else None, form)

        def reply(self, method: str, user: str | None, query: dict[str, list[str]]) -> None:
            scopes = [scope for value in query.get("scope", []) for scope in value.split()]
            tokens.asked.append((method, scopes))
            good = user is not None and query.get("service") == [SERVICE]
            body: dict[str, Any] = {"errors": [{"code": "UNAUTHORIZED", "message": "who are you?"}]}
            if good:
                body = {"token": tokens.token(user or "", scopes, tokens.lifetime), "expires_in": tokens.lifetime}
            data = json.dumps(body).encode()
            self.send_response(200 if good else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        tokens.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield tokens
        finally:
            server.shutdown()
            thread.join()
