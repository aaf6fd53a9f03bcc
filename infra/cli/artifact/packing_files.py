"""What push and attach have in common: files become layers, and the manifest is sent with all that it points at."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.artifact.annotations import CONFIG, FILE_FLAG, FLAG, Annotations
from infra.cli.artifact.commands import Call
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.file_references import parse_file_reference
from infra.cli.artifact.flags import Flag, switch
from infra.cli.artifact.formats import Format
from infra.cli.artifact.printing import say
from infra.cli.artifact.status import is_verbose, on_terminal
from infra.cli.artifact.whole_files import write_whole
from infra.oci.descriptors import Descriptor
from infra.oci.media_types import TITLE, UNKNOWN_CONFIG

if TYPE_CHECKING:
    from infra.oci.files import FileSource
    from infra.oci.packing import Packed

PACK_FLAGS: tuple[Flag, ...] = (
    FLAG,
    FILE_FLAG,
    Flag("artifact-type", "what the artifact is, a media type"),
    Flag("config", "file that becomes the config, with its media type after a colon", value="path[:type]"),
    Flag("export-manifest", "write the manifest to this file too", value="path"),
    switch("disable-path-validation", "accept absolute paths"),
)


def check_paths(call: Call, references: tuple[str, ...]) -> None:
    """Raise ArtifactError for absolute paths: who pulls could not write them, and learns what they are."""
    if call.flags.on("disable-path-validation"):
        return
    absolute = [path for path, _ in map(parse_file_reference, references) if path.startswith("/")]
    if absolute:
        raise ArtifactError(
            f"absolute file paths are insecure and not recommended: {', '.join(absolute)}",
            recommendation="Use --disable-path-validation if they are intended",
        )


def add_files(
    call: Call, format: Format, source: "FileSource", references: tuple[str, ...], annotations: Annotations
) -> list[Descriptor]:
    """Add files to a source; return their layers. Raises OciError."""
    shows = format.is_text and not on_terminal(call)
    layers = [_add_file(source, reference, annotations, shows and is_verbose(call)) for reference in references]
    if shows and not layers:
        say("Uploading empty artifact")
    return layers


def _add_file(source: "FileSource", reference: str, annotations: Annotations, shows: bool) -> Descriptor:
    path, kind = parse_file_reference(reference)
    notes = annotations.get(path, {})
    name = notes.get(TITLE, os.path.normpath(path))
    if shows:
        say("Preparing", name)
    return source.add(name, Path(path), kind, notes)


def add_config(call: Call, source: "FileSource", annotations: Annotations) -> Descriptor | None:
    """Add the file that is to be the config; return what describes it, None if there is none. Raises OciError."""
    if not call.flags.text("config"):
        return None
    path, kind = parse_file_reference(call.flags.text("config"), UNKNOWN_CONFIG)
    return source.add_config(Path(path), kind, annotations.get(CONFIG))


def add_packed(source: "FileSource", packed: "Packed") -> None:
    """Add a manifest, and the blobs that were made for it."""
    for descriptor, data in packed.blobs:
        source.add_bytes(descriptor, data)
    source.add_bytes(packed.descriptor, packed.data)


def export_manifest(call: Call, packed: "Packed") -> None:
    """Write the manifest to the file that was asked for. Raises OSError."""
    if path := call.flags.text("export-manifest"):
        write_whole(Path(path), packed.data)
