"""`login`: credentials that are kept for a registry, after it took them."""

import sys
from typing import TYPE_CHECKING, Final

import msgspec

from infra.cli.artifact.commands import DEBUG, VERBOSE, Call, Command, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.formats import format_flags, parse_format
from infra.cli.artifact.printing import ask, say
from infra.cli.artifact.remote_flags import remote_flags, remote_options

if TYPE_CHECKING:
    from infra.registries.options import Credential


def run(call: Call) -> None:
    """Log in. Raises ArtifactError, OciError."""
    registry, format = call.arguments[0], parse_format(call.flags)
    options = remote_options(call.flags)
    from infra.registries.connecting import connect_registry
    from infra.registries.credentials import store_credential

    credential = _asked(options.credential)
    connect_registry(registry, msgspec.structs.replace(options, credential=credential)).ping()
    store_credential(registry, credential, options)
    if format.is_text:
        say("Login Succeeded")
    else:
        format.write({"registry": registry, "username": credential.username})


def _asked(given: "Credential | None") -> "Credential":
    """Return who one is, asking for what flags did not say."""
    from infra.registries.options import Credential

    if given and (given.password or given.identity_token):
        return given
    username = given.username if given else ask("Username: ").strip()
    if not username:
        return Credential(identity_token=_secret("Token: ", "token"))
    return Credential(username=username, password=_secret("Password: ", "password"))


def _secret(prompt: str, what: str) -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        secret = getpass(prompt)
    else:
        secret = ask(prompt)
    if not secret:
        raise ArtifactError(f"{what} required")
    return secret


COMMAND: Final = Command(
    "[flags] <registry>",
    (*remote_flags(), *format_flags(), DEBUG, VERBOSE),
    exactly(1, "the registry to log in to"),
    run,
    "Credentials are kept where Docker keeps them, with its helpers, unless --registry-config names a file.",
    (
        ("Log in with a password from a file", "login -u me --password-stdin localhost:5000 < secret"),
        ("Log in, and be asked", "login localhost:5000"),
    ),
)
