"""`logout`: credentials of a registry are forgotten."""

from pathlib import Path
from typing import Final

from infra.cli.artifact.commands import DEBUG, Call, Command, exactly
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import format_flags, parse_format


def run(call: Call) -> None:
    """Log out. Raises ArtifactError, OciError."""
    from infra.registries.credentials import erase_credential
    from infra.registries.options import RemoteOptions

    registry, format = call.arguments[0], parse_format(call.flags)
    files = tuple(map(Path, call.flags.texts("registry-config")))
    erase_credential(registry, RemoteOptions(registry_configs=files))
    if not format.is_text:
        format.write({"registry": registry})


COMMAND: Final = Command(
    "[flags] <registry>",
    (
        Flag("registry-config", "file with credentials", "texts", value="path"),
        *format_flags(),
        DEBUG,
    ),
    exactly(1, "the registry to log out from"),
    run,
    "",
    (("Log out", "logout localhost:5000"),),
)
