"""The flags that say how a registry is reached, and what they mean together."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, Flags, switch
from infra.cli.artifact.printing import tell

if TYPE_CHECKING:
    from infra.registries.options import Credential, DistributionSpec, RemoteOptions

SPECS: Final = ("v1.1-referrers-tag", "v1.1-referrers-api")
STDIN: Final = ("password-stdin", "identity-token-stdin")
REGISTRIES_CONF: Final = Flag(
    "registries-conf", "containers-registries.conf(5) with mirrors and short names", value="path"
)


def remote_flags(prefix: str = "", whose: str = "") -> tuple[Flag, ...]:
    """Return the flags of a registry; with a prefix for verbs that have to do with two."""
    short = {} if prefix else {"username": "u", "password": "p", "header": "H"}
    of = f"{whose} " if whose else ""
    flags = (
        Flag(f"{prefix}username", f"user of the {of}registry", short=short.get("username", "")),
        Flag(f"{prefix}password", f"password or identity token for the {of}registry", short=short.get("password", "")),
        Flag(f"{prefix}identity-token", f"identity token for the {of}registry"),
        switch(f"{prefix}insecure", f"accept any certificate of the {of}registry"),
        switch(f"{prefix}plain-http", f"talk to the {of}registry without TLS, as is done with localhost anyway"),
        Flag(f"{prefix}ca-file", f"certificates of who may vouch for the {of}registry", value="path"),
        Flag(f"{prefix}cert-file", f"certificate to show to the {of}registry", value="path"),
        Flag(f"{prefix}key-file", "private key of that certificate", value="path"),
        Flag(f"{prefix}resolve", f"where the {of}registry is", "texts", value="host:port:address[:address_port]"),
        Flag(f"{prefix}registry-config", f"file with credentials for the {of}registry", "texts", value="path"),
        Flag(f"{prefix}header", f"header to send to the {of}registry, `Name: value`", "texts", short.get("header", "")),
    )
    return flags if prefix else (*flags, *_STDIN_FLAGS, REGISTRIES_CONF)


_STDIN_FLAGS: Final = (
    switch("password-stdin", "read the password from stdin"),
    switch("identity-token-stdin", "read the identity token from stdin"),
)


def spec_flag(prefix: str = "", whose: str = "") -> Flag:
    """Return the flag that says whether a registry knows referrers."""
    help = f"how referrers are kept in the {whose} registry".replace("  ", " ")
    return Flag(f"{prefix}distribution-spec", help, choices=SPECS)


def remote_options(flags: Flags, prefix: str = "") -> "RemoteOptions":
    """Return how a registry is to be reached; secrets are read from stdin if they are there. Raises ArtifactError."""
    from infra.oci.remembered import usual_folder
    from infra.registries.options import RemoteOptions

    _check(flags, prefix)
    spec = cast("DistributionSpec", flags.text(f"{prefix}distribution-spec"))
    # What both sides share comes first: of two rules for one host the last counts.
    rules = flags.texts("resolve") if prefix else ()
    return RemoteOptions(
        cache=usual_folder(),
        plain_http=flags.on(f"{prefix}plain-http") if flags.given(f"{prefix}plain-http") else None,
        insecure=flags.on(f"{prefix}insecure"),
        ca_file=_path(flags, f"{prefix}ca-file"),
        cert_file=_path(flags, f"{prefix}cert-file"),
        key_file=_path(flags, f"{prefix}key-file"),
        resolve=(*rules, *flags.texts(f"{prefix}resolve")),
        headers=flags.texts(f"{prefix}header"),
        credential=credential_of(flags, prefix),
        registry_configs=tuple(map(Path, flags.texts(f"{prefix}registry-config"))),
        distribution_spec=spec,
        registries_conf=_path(flags, "registries-conf"),
        debug=tell if flags.on("debug") else None,
        warn=warn,
    )


def warn(text: str) -> None:
    """Show a warning of a registry."""
    tell(f"Warning: {text}")


def credential_of(flags: Flags, prefix: str = "") -> "Credential | None":
    """Return who the flags say that one is; None if they do not. Without a user a secret is an identity token."""
    from infra.registries.options import Credential

    username, secret = flags.text(f"{prefix}username"), _secret(flags, prefix)
    if not username and not secret:
        return None
    return Credential(username=username, password=secret) if username else Credential(identity_token=secret)


def stdin_conflict(flags: Flags) -> None:
    """Raise ArtifactError if both a file and a secret are to be read from stdin."""
    for name in STDIN:
        if flags.given(name):
            what = name.removesuffix("-stdin").replace("-", " ")
            raise ArtifactError(f"`-` read file from input and `--{name}` read {what} from input cannot be both used")


def _path(flags: Flags, name: str) -> Path | None:
    return Path(flags.text(name)) if flags.text(name) else None


def _check(flags: Flags, prefix: str) -> None:
    token, from_stdin = f"{prefix}identity-token", () if prefix else ("identity-token-stdin",)
    flags.exclude(f"{prefix}username", token, *from_stdin)
    flags.exclude(f"{prefix}password", token, *from_stdin, *(() if prefix else ("password-stdin",)))
    flags.require_together(f"{prefix}cert-file", f"{prefix}key-file")
    for header in flags.texts(f"{prefix}header"):
        name, colon, _ = header.partition(":")
        if not colon or not name.strip():
            # It may be a secret without its name; scripts look for the beginning only.
            raise ArtifactError("invalid header: it has no name and colon, as in 'Name: value'")


def _secret(flags: Flags, prefix: str) -> str:
    for name in ("identity-token", "password"):
        if flags.given(f"{prefix}{name}"):
            if not prefix:
                tell(f"WARNING! Using --{name} via the CLI is insecure. Use --{name}-stdin.")
            return flags.text(f"{prefix}{name}")
    if not prefix and any(map(flags.on, STDIN)):
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    return ""
