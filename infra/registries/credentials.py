"""Who one is to a registry: what flags say, else what the configuration files say."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from infra.registries.credential_files import CredentialFile
from infra.registries.options import ANONYMOUS, Credential, RemoteOptions

DOCKER_SERVER: Final = "https://index.docker.io/v1/"
"""The name under which Docker keeps what it knows of its own registry."""
DOCKER_HOSTS: Final = frozenset({"docker.io", "registry-1.docker.io", "index.docker.io"})


def server_name(registry: str) -> str:
    """Return the name under which credentials of a registry are kept."""
    return DOCKER_SERVER if registry in DOCKER_HOSTS else registry


def default_files() -> tuple[Path, ...]:
    """Return the files that are looked into when none are named: Docker's, then those of containers.

    Sources: docker-login(1); containers-auth.json(5).
    """
    home = Path(os.environ.get("HOME") or "/")
    docker = Path(os.environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    auth = os.environ.get("REGISTRY_AUTH_FILE")
    containers = Path(runtime or f"/run/user/{os.getuid()}") / "containers" / "auth.json"
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "containers" / "auth.json"
    return (docker, *((Path(auth),) if auth else (containers, config)))


def credential_files(options: RemoteOptions) -> tuple[CredentialFile, ...]:
    """Return the files that options mean; the first is the one to write to."""
    return tuple(CredentialFile(path) for path in options.registry_configs or default_files())


def find_credential(registry: str, options: RemoteOptions) -> Credential:
    """Return who one is to a registry; ANONYMOUS if nothing says so. Raises CredentialError."""
    if options.credential is not None:
        return options.credential
    return look_up(credential_files(options), server_name(registry))


def look_up(files: Iterable[CredentialFile], server: str) -> Credential:
    """Return the first credential that there is for a server. Raises CredentialError."""
    for file in files:
        if credential := file.get(server):
            return credential
    return ANONYMOUS


def store_credential(registry: str, credential: Credential, options: RemoteOptions) -> Path:
    """Keep who one is to a registry; return the file that holds it, or names the program that does.

    Raises CredentialError.
    """
    file = credential_files(options)[0]
    file.store(server_name(registry), credential)
    return file.path


def erase_credential(registry: str, options: RemoteOptions) -> bool:
    """Forget who one is to a registry; say whether anything was known. Raises CredentialError."""
    erased = [file.erase(server_name(registry)) for file in credential_files(options)[:1]]
    return any(erased)
