"""Platforms as they are named on the command line: `os[/arch][/variant][:os_version]`."""

import os
from typing import Final

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, Flags
from infra.oci.descriptors import Platform

FORM: Final = "os[/arch][/variant][:os_version]"
MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
"""Names of machines by the kernel, and in images."""


def platform_flag(help: str = "of an index, the manifest for this platform", name: str = "platform") -> Flag:
    """Return the flag that names a platform."""
    return Flag(name, help, value=FORM)


def parse_platform(text: str) -> Platform:
    """Return a platform. Raises ArtifactError."""
    names, _, version = text.partition(":")
    parts = names.split("/")
    if len(parts) > 3:
        raise ArtifactError(f'failed to parse platform "{text}": expected format os[/arch[/variant]]')
    if not parts[0]:
        raise ArtifactError("invalid platform: OS cannot be empty")
    machine = os.uname().machine
    architecture = parts[1] if len(parts) > 1 else MACHINES.get(machine, machine)
    if not architecture:
        raise ArtifactError("invalid platform: Architecture cannot be empty")
    return Platform(architecture, parts[0], version, (), parts[2] if len(parts) > 2 else "")


def platform_of(flags: Flags, name: str = "platform") -> Platform | None:
    """Return the platform that was asked for, None if none was. Raises ArtifactError."""
    return parse_platform(flags.text(name)) if flags.text(name) else None


def platforms_of(flags: Flags) -> tuple[Platform, ...]:
    """Return all platforms that were asked for, each once. Raises ArtifactError."""
    texts = [text.strip() for text in flags.texts("platform")]
    if not all(texts):
        raise ArtifactError("invalid platform: value cannot be empty")
    return tuple(dict.fromkeys(map(parse_platform, texts)))
