"""Annotations from flags, and from files that have them for files, for the config and for the manifest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, Flags

MANIFEST: Final = "$manifest"
CONFIG: Final = "$config"
FLAG: Final = Flag("annotation", "annotation of the manifest as key=value", "texts", "a")
FILE_FLAG: Final = Flag("annotation-file", "JSON file with annotations of the manifest, the config and files")

Annotations = dict[str, dict[str, str]]
"""By the names of files, and by the two names above."""


def parse_annotations(texts: Sequence[str]) -> Annotations:
    """Return the annotations of flags. Raises ArtifactError."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            advice = 'Please use the correct format in the flag: --annotation "key=value"'
            raise ArtifactError("annotation value doesn't match the required format", recommendation=advice)
        if key in found:
            raise ArtifactError(f"duplicate annotation key: {key}")
        found[key] = value
    return {MANIFEST: found}


def annotations_of(flags: Flags) -> Annotations:
    """Return the annotations that were asked for. Raises ArtifactError."""
    texts, file = flags.texts("annotation"), flags.text("annotation-file")
    if texts and file:
        raise ArtifactError("`--annotation` and `--annotation-file` cannot be both specified")
    return read_annotations(Path(file)) if file else parse_annotations(texts)


def read_annotations(path: Path) -> Annotations:
    """Return the annotations of a file. Raises ArtifactError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Annotations)
    except (OSError, msgspec.DecodeError) as error:
        why = f"invalid annotation json file: failed to load annotations from {path}"
        raise ArtifactError(why, recommendation=f"It must be a map of maps of texts: {error}") from None
