"""How results are written: as text for people, as JSON, or by a template."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, Flags
from infra.cli.artifact.printing import put, tell
from infra.oci.canonical import encode, encode_in_order
from infra.oci.descriptors import Descriptor

TEMPLATE: Final = "go-template"
USES: Final = {
    "text": "lines for people",
    "tree": "a tree",
    "table": "a table of the direct referrers (deprecated)",
    "wide": "a table of all referrers and their kinds",
    "json": "JSON",
    TEMPLATE: "what a template of Go makes of the JSON",
}


def format_flags(default: str = "text", *others: str) -> tuple[Flag, ...]:
    """Return the flags that say how results are written."""
    names = (default, *others, "json", TEMPLATE)
    uses = ", ".join(f"{name} ({USES[name]})" for name in names)
    return (
        Flag("format", f"how the result is written: {uses}", default=default),
        Flag("template", "the template for --format go-template"),
    )


class Format(msgspec.Struct, frozen=True):
    """How the result is written."""

    name: str
    template: str = ""

    @property
    def is_text(self) -> bool:
        """Say whether it is for people: then lines tell what is being done, too."""
        return self.name == "text"

    def write(self, value: Mapping[str, Any]) -> None:
        """Write a result on stdout, as JSON or by the template. Raises ArtifactError."""
        data = encode_nested(value)
        if self.name != TEMPLATE:
            put(msgspec.json.format(data, indent=2) + b"\n")
            return
        from infra.cli.artifact.go_templates import render

        put(render(self.template, msgspec.json.decode(data)).encode())


def parse_format(flags: Flags, *names: str, given: str = "") -> Format:
    """Return the format that was asked for; `given` stands for another flag that names it. Raises ArtifactError."""
    name, template = given or flags.text("format"), flags.text("template")
    known = (*(names or ("text",)), "json", TEMPLATE)
    if template and name != TEMPLATE:
        raise ArtifactError(f"--template must be used with --format {TEMPLATE}")
    if not template and name.startswith(f"{TEMPLATE}="):
        name, _, template = name.partition("=")
    if name not in known:
        raise ArtifactError(f'invalid format type: "{name}"', recommendation=f"supported types: {', '.join(known)}")
    if name == "table":
        tell('Format "table" is deprecated and will be removed in a future release.')
    if name == TEMPLATE and not template:
        advice = f"use `--format {TEMPLATE}=TEMPLATE` to specify the template"
        raise ArtifactError(f'"{TEMPLATE}" format specified but no template given', recommendation=advice)
    return Format(name, template)


def encode_nested(value: Mapping[str, Any]) -> bytes:
    """Return a value as JSON: keys in the order that they have, those of annotations in the alphabet's."""
    return encode_in_order(_raw_items(value))


def _raw_items(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _raw(key, item) for key, item in value.items()}


def _raw(key: str, item: Any) -> Any:
    if key in ("annotations", "content"):
        return msgspec.Raw(encode(item))
    if isinstance(item, dict):
        return msgspec.Raw(encode_in_order(_raw_items(item)))
    if isinstance(item, list):
        return [_raw("", one) for one in item]
    return item


def described(path: str, descriptor: Descriptor) -> dict[str, Any]:
    """Return a descriptor as results have it: with a reference to it."""
    value: dict[str, Any] = {
        "reference": f"{path}@{descriptor.digest}",
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }
    if descriptor.annotations:
        value["annotations"] = descriptor.annotations
    if descriptor.artifact_type:
        value["artifactType"] = descriptor.artifact_type
    return value


def write_json(data: bytes, *, pretty: bool) -> None:
    """Write JSON on stdout as it is, or indented. Raises ArtifactError."""
    if not pretty:
        put(data)
        return
    put(prettified(data))


def prettified(data: bytes) -> bytes:
    """Return JSON indented, its numbers and escapes as they are. Raises ArtifactError."""
    try:
        msgspec.json.decode(data)
        return msgspec.json.format(data, indent=2) + b"\n"
    except msgspec.DecodeError as error:
        raise ArtifactError(f"failed to prettify: {error}") from None
