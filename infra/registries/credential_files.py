"""Files with credentials, as Docker and Podman keep them: read, and written without losing what is not understood.

Sources: docker-login(1); containers-auth.json(5); docker/cli cli/config/configfile.
"""

import os
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.registries.errors import CredentialError
from infra.registries.options import ANONYMOUS, Credential

MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


class CredentialFile:
    """One file, which may name programs that keep the secrets instead of itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, server: str) -> Credential:
        """Return what is known of a server; ANONYMOUS: nothing. Raises CredentialError."""
        config = self._read()
        if program := named_program(config, server):
            from infra.registries.credential_programs import get

            return get(program, server)
        return _decoded(_entry(config, server), self.path, server)

    def store(self, server: str, credential: Credential) -> None:
        """Keep what is known of a server. Raises CredentialError."""
        config = self._read()
        if program := named_program(config, server):
            from infra.registries.credential_programs import store

            store(program, server, credential)
            return
        config.setdefault("auths", {})[server] = _encoded(credential)
        self._write(config)

    def erase(self, server: str) -> bool:
        """Forget a server; say whether it was known. Raises CredentialError."""
        config = self._read()
        if program := named_program(config, server):
            from infra.registries.credential_programs import erase

            return erase(program, server)
        known = [key for key in config.get("auths") or {} if _same(key, server)]
        for key in known:
            del config["auths"][key]
        if known:
            self._write(config)
        return bool(known)

    def _read(self) -> dict[str, Any]:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CredentialError(f"{self.path} cannot be read: {error.strerror}") from None
        return parse_config(data, self.path) if data.strip() else {}

    def _write(self, config: dict[str, Any]) -> None:
        # A link, as people make them to keep their settings together, is followed, not replaced.
        path = Path(os.path.realpath(self.path))
        try:
            path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            _replace(path, msgspec.json.format(msgspec.json.encode(config), indent=4) + b"\n")
        except OSError as error:
            raise CredentialError(f"{self.path} cannot be written: {error.strerror}") from None


def _replace(path: Path, data: bytes) -> None:
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), MODE)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def parse_config(data: bytes, path: Path) -> dict[str, Any]:
    """Return what a file says. Raises CredentialError, which shows nothing of it."""
    try:
        config: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise CredentialError(f"{path} is no JSON", "repair it, or move it away and log in again") from None
    good = isinstance(config, dict) and isinstance(config.get("auths") or {}, dict)
    if not good or not isinstance(config.get("credHelpers") or {}, dict):
        raise CredentialError(f"{path} is not what Docker or Podman write")
    if config.get("auths") is None:
        config.pop("auths", None)
    return dict(config)


def named_program(config: dict[str, Any], server: str) -> str:
    """Return the program that keeps the secret of a server; empty: the file itself does."""
    named = (config.get("credHelpers") or {}).get(server) or config.get("credsStore") or ""
    return named if isinstance(named, str) else ""


def hostname(key: str) -> str:
    """Return the host of a key, which may be a URL of old."""
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _same(key: str, server: str) -> bool:
    return key == server or hostname(key) == server


def _entry(config: dict[str, Any], server: str) -> dict[str, Any]:
    auths = config.get("auths") or {}
    found = auths.get(server)
    if found is None:
        found = next((auths[key] for key in auths if _same(key, server)), None)
    return found if isinstance(found, dict) else {}


def _decoded(entry: dict[str, Any], path: Path, server: str) -> Credential:
    user, password = _text(entry, "username"), _text(entry, "password")
    if auth := _text(entry, "auth"):
        try:
            user, colon, password = b64decode(auth, validate=True).decode().rstrip("\0").partition(":")
        except ValueError:
            colon = ""
        if not colon:
            raise CredentialError(f"{path} has for {server} no name and password in base64", "log in again")
    credential = Credential(user, password, _text(entry, "identitytoken"), _text(entry, "registrytoken"))
    return credential if credential else ANONYMOUS


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _encoded(credential: Credential) -> dict[str, str]:
    pair = f"{credential.username}:{credential.password}" if credential.username or credential.password else ""
    entry = {
        "auth": b64encode(pair.encode()).decode(),
        "identitytoken": credential.identity_token,
        "registrytoken": credential.registry_token,
    }
    return {name: value for name, value in entry.items() if value}
