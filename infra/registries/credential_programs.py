"""Programs that keep secrets: docker-credential-<name>, spoken with on their standard streams.

Source: docker/docker-credential-helpers, README, section Development.
"""

import re
import subprocess
from typing import Final

import msgspec

from infra.registries.errors import CredentialError
from infra.registries.options import ANONYMOUS, Credential

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SECONDS: Final = 60
IDENTITY: Final = "<token>"
"""Stands for the name where the secret is an identity token."""
NOT_FOUND: Final = "credentials not found in native keychain"


class _Kept(msgspec.Struct, rename="pascal"):
    username: str = ""
    secret: str = ""


def get(program: str, server: str) -> Credential:
    """Return what a program knows of a server; ANONYMOUS: nothing. Raises CredentialError."""
    code, answer = _run(program, "get", server.encode())
    if code:
        if NOT_FOUND in answer.decode(errors="replace"):
            return ANONYMOUS
        raise _failed(program, "get")
    try:
        kept = msgspec.json.decode(answer, type=_Kept)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _failed(program, "get") from None
    if kept.username == IDENTITY:
        return Credential(identity_token=kept.secret)
    return Credential(kept.username, kept.secret)


def store(program: str, server: str, credential: Credential) -> None:
    """Let a program keep what is known of a server. Raises CredentialError."""
    name = IDENTITY if credential.identity_token else credential.username
    secret = credential.identity_token or credential.password
    entry = {"ServerURL": server, "Username": name, "Secret": secret}
    if _run(program, "store", msgspec.json.encode(entry))[0]:
        raise _failed(program, "store")


def erase(program: str, server: str) -> bool:
    """Let a program forget a server; say whether it knew it. Raises CredentialError."""
    code, answer = _run(program, "erase", server.encode())
    if code and NOT_FOUND not in answer.decode(errors="replace"):
        raise _failed(program, "erase")
    return not code


def _run(program: str, action: str, given: bytes) -> tuple[int, bytes]:
    if not NAME.fullmatch(program):
        raise CredentialError(f"{program[:40]!r} is no name of a program for credentials")
    name = f"docker-credential-{program}"
    try:
        done = subprocess.run([name, action], input=given, capture_output=True, timeout=SECONDS, check=False)
    except FileNotFoundError:
        fix = f"install it, or remove {program} from credsStore and credHelpers"
        raise CredentialError(f"{name} keeps the credentials, and it is not there", fix) from None
    except (OSError, subprocess.TimeoutExpired):
        raise _failed(program, action) from None
    return done.returncode, done.stdout


def _failed(program: str, action: str) -> CredentialError:
    return CredentialError(
        f"docker-credential-{program} {action} failed", "try it by hand: what it says is not shown here"
    )
