"""How a registry is reached: what a person may say about it, as one frozen value.

Everything here is what the flags of `deedlog artifact` say; nothing is read from files or the environment before a
registry is connected to.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

DistributionSpec = Literal["", "v1.1-referrers-api", "v1.1-referrers-tag"]
SECRET: Final = "*****"
"""Stands where something secret would be shown."""


class Credential(msgspec.Struct, frozen=True):
    """Who one is to a registry; never shows its secrets."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    """OAuth2 refresh token, from which bearer tokens are obtained."""
    registry_token: str = ""
    """Bearer token that is sent as it is."""

    def __bool__(self) -> bool:
        """Say whether there is anything in it."""
        return bool(self.username or self.password or self.identity_token or self.registry_token)

    def __repr__(self) -> str:
        """Return who it is, without secrets."""
        return f"Credential({self.username!r}, {SECRET})"

    __str__ = __repr__


ANONYMOUS: Final = Credential()


class RemoteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach registries; the defaults are those of a person who said nothing."""

    plain_http: bool | None = None
    """Whether to speak HTTP without TLS; None: only with `localhost`."""
    insecure: bool = False
    """Take any certificate."""
    ca_file: Path | None = None
    cert_file: Path | None = None
    """Client certificate, shown to the registry's own origin only."""
    key_file: Path | None = None
    resolve: tuple[str, ...] = ()
    """`host:port:address[:address_port]`: where to connect instead of asking DNS."""
    headers: tuple[str, ...] = ()
    """`Name: value`, sent to the registry's own origin only."""
    credential: Credential | None = None
    """What flags say; None: look in the configuration files."""
    registry_configs: tuple[Path, ...] = ()
    """Credential files to look in, the first is written to; none: Docker's, then that of containers."""
    distribution_spec: DistributionSpec = ""
    """Whether the registry has the referrers API; empty: find out."""
    registries_conf: Path | None = None
    """containers-registries.conf(5) with mirrors and short names; None: none."""
    cache: Path | None = None
    """Folder in which it is remembered where blobs were pushed; None: nothing is."""
    chunk_bytes: int = 0
    """Upload blobs in pieces of this size; 0: in one piece, in pieces only after that failed."""
    connect_seconds: float = 15.0
    stall_seconds: float = 60.0
    """How long nothing, or next to nothing, may arrive or leave."""
    answer_seconds: float = 600.0
    """How long a registry may think about a request that it has in full."""
    attempts: int = 5
    """How often a request is sent before its failure is one."""
    debug: Callable[[str], None] | None = None
    """Is given each request and response as text, without secrets."""
    warn: Callable[[str], None] | None = None
    """Is given each warning of a registry once."""


DEFAULTS: Final = RemoteOptions()
