"""What can go wrong with registries: refusals with what they said, and connections that fail.

Sources: OCI distribution-spec 1.1, section Error Codes; RFC 9110 section 15.
"""

from typing import Any, Final

import msgspec

from infra.oci.errors import MismatchError, NotFoundError, OciError
from infra.registries.urls import Url

MOST_BODY: Final = 8 << 10
"""Bytes of an error's body that are read."""
MOST_DETAIL: Final = 500
"""Characters of what a registry says that are shown."""


class CredentialError(OciError):
    """Credentials cannot be read or kept; the message holds nothing of them."""


class Complaint(msgspec.Struct, frozen=True):
    """One entry of the `errors` of a registry."""

    code: str = ""
    message: str = ""
    detail: Any = None

    def __str__(self) -> str:
        """Return it on one line."""
        said = self.message or (self.detail if isinstance(self.detail, str) else "")
        parts = [part for part in (self.code.replace("_", " ").lower(), said) if part]
        return ": ".join(dict.fromkeys(_on_one_line(part) for part in parts))


HANDSHAKE: Final = "TLS with"
"""How the message begins if somebody listens who does not speak TLS."""


class UnreachableError(OciError):
    """No connection to a registry comes about: no such name, nobody listens, a certificate that is not trusted."""


class BrokenConnectionError(OciError):
    """A connection ended or stalled before all was sent and received."""


class MalformedReplyError(OciError):
    """What came is not HTTP, or not what registries send."""


class RegistryError(OciError):
    """A registry refused a request."""

    def __init__(
        self, method: str, url: Url, status: int, complaints: tuple[Complaint, ...] = (), fix: str = ""
    ) -> None:
        said = "; ".join(str(complaint) for complaint in complaints)[:MOST_DETAIL]
        reason = said or PHRASES.get(status, "")
        super().__init__(
            f"{url.origin.authority} answers {status} to {method} {url}{f': {reason}' if reason else ''}", fix
        )
        self.method = method
        self.url = str(url)
        self.status = status
        self.complaints = complaints
        self.retry_after = ""
        """When to try again, as the registry says it."""

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes of all complaints."""
        return frozenset(complaint.code for complaint in self.complaints)


class UnauthorizedError(RegistryError):
    """A registry wants to know who one is, or does not believe it (401)."""


class DeniedError(RegistryError):
    """A registry does not let one do what is asked (403)."""


class MissingError(RegistryError, NotFoundError):
    """A registry has no such thing (404)."""


class RefusedContentError(RegistryError, MismatchError):
    """A registry found another digest or size than the one that was claimed."""


PHRASES: Final = {
    400: "bad request",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    405: "it cannot do that",
    413: "too large",
    429: "too many requests",
    500: "it failed",
    502: "what is behind it failed",
    503: "unavailable",
    504: "what is behind it is too slow",
}
MISMATCHES: Final = frozenset({"DIGEST_INVALID", "SIZE_INVALID"})
_DECODER: Final[Any] = msgspec.json.Decoder()


def parse_complaints(body: bytes) -> tuple[Complaint, ...]:
    """Return what a registry complains about; nothing if the body is anything else."""
    try:
        value = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    entries = value.get("errors") if isinstance(value, dict) else None
    found = [_complaint(entry) for entry in entries] if isinstance(entries, list) else []
    return tuple(complaint for complaint in found if complaint is not None)


def _complaint(entry: Any) -> Complaint | None:
    if not isinstance(entry, dict):
        return None
    code, message = entry.get("code"), entry.get("message")
    if not isinstance(code, str) and not isinstance(message, str):
        return None
    return Complaint(
        code if isinstance(code, str) else "", message if isinstance(message, str) else "", entry.get("detail")
    )


def refusal(method: str, url: Url, status: int, body: bytes) -> RegistryError:
    """Return the error that a reply is."""
    complaints = parse_complaints(body)
    codes = {complaint.code for complaint in complaints}
    registry = url.origin.authority
    match status:
        case 401:
            fix = f"log in: deedlog artifact login {registry}"
            return UnauthorizedError(method, url, status, complaints, fix)
        case 403:
            return DeniedError(method, url, status, complaints, f"ask who runs {registry} for the right to do it")
        case 404:
            return MissingError(method, url, status, complaints)
        case _ if codes & MISMATCHES:
            return RefusedContentError(method, url, status, complaints)
        case _:
            return RegistryError(method, url, status, complaints, FIXES.get(status, ""))


FIXES: Final = {
    413: "upload it in smaller pieces, or raise the limit of the proxy that is before the registry",
    429: "wait and try again, or log in: registries let those do more whom they know",
}


def _on_one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
