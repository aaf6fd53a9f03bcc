"""`repo ls`: the repositories of a registry."""

from typing import Final

from infra.cli.artifact.commands import DEBUG, VERBOSE, Call, Command, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import format_flags, parse_format
from infra.cli.artifact.printing import say
from infra.cli.artifact.remote_flags import remote_flags, remote_options
from infra.cli.artifact.targets import invalid_reference
from infra.oci.errors import OciError
from infra.oci.references import parse_reference


def run(call: Call) -> None:
    """List repositories. Raises ArtifactError, OciError."""
    format, options = parse_format(call.flags), remote_options(call.flags)
    registry, namespace = _parts(call.arguments[0])
    from infra.registries.connecting import connect_registry

    found = []
    for name in connect_registry(registry, options).repositories(call.flags.text("last")):
        if name.startswith(namespace):
            found.append(name)
            if format.is_text:
                say(name.removeprefix(namespace))
    if not format.is_text:
        format.write({"registry": registry, "repositories": found})


def _parts(text: str) -> tuple[str, str]:
    """Return a registry and what the names of repositories must begin with."""
    text = text.removesuffix("/")
    if "/" not in text:
        return text, ""
    try:
        reference = parse_reference(text)
    except OciError as error:
        raise invalid_reference(text, error) from None
    if reference.reference:
        raise ArtifactError("could not parse repository path: tags or digests should not be provided")
    return reference.registry, f"{reference.repository}/"


COMMAND: Final = Command(
    "[flags] <registry>[/<namespace>]",
    (
        *remote_flags(),
        *format_flags(),
        Flag("last", "begin after this repository"),
        DEBUG,
        VERBOSE,
    ),
    exactly(1, "the registry whose repositories are wanted"),
    run,
    "",
    (("List what is under a namespace", "repo ls localhost:5000/team"),),
)
