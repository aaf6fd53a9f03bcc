"""`pull`: the files of an artifact, in a folder."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infra.cli.artifact.caching import cached
from infra.cli.artifact.commands import DEBUG, LOUD, NO_TTY, Call, Command, concurrency, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.file_references import parse_file_reference
from infra.cli.artifact.flags import Flag, switch
from infra.cli.artifact.formats import Format, described, format_flags, parse_format
from infra.cli.artifact.platforms import platform_flag, platform_of
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.status import PULL, watching
from infra.cli.artifact.targets import (
    Place,
    open_to_read,
    parse_place,
    require_reference,
    resolve_and_keep,
    target_flags,
)
from infra.oci.descriptors import Descriptor
from infra.oci.media_types import TITLE, UNPACK

if TYPE_CHECKING:
    from infra.oci.pulling import Pulled, Wish
    from infra.oci.target import ReadOnlyTarget


def run(call: Call) -> None:
    """Pull files. Raises ArtifactError, OciError, OSError."""
    place, format = parse_place(call.flags, call.arguments[0]), parse_format(call.flags)
    wish = _wish(call)
    require_reference(call, place)
    source = cached(open_to_read(place))
    root = resolve_and_keep(source, place.reference, wish.platform)
    _check_not_barred(place, source, root)
    from infra.oci.pulling import pull

    with recorded("pull", place, root), watching(call, PULL, format) as watcher:
        pulled = pull(source, root, wish, watcher)
    _show(place, format, wish.folder, pulled)


def _check_not_barred(place: Place, source: "ReadOnlyTarget", root: Descriptor) -> None:
    from infra.artifacts.placeholders import barred
    from infra.oci.manifests import parse_manifest
    from infra.oci.target import read_all

    manifest = parse_manifest(read_all(source, root), root.media_type)
    if bar := barred(manifest.artifact_type, manifest.annotations):
        advice = f"See: deedlog describe quarantine {bar.quarantine}"
        raise ArtifactError(f"{place.raw} is quarantined: {bar.reason or 'no reason said'}", recommendation=advice)


def _wish(call: Call) -> "Wish":
    from infra.oci.pulling import Wish

    flags = call.flags
    return Wish(
        folder=Path(flags.text("output")),
        keep_old=flags.on("keep-old-files"),
        allow_path_traversal=flags.on("allow-path-traversal"),
        include_subject=flags.on("include-subject"),
        platform=platform_of(flags),
        config=parse_file_reference(flags.text("config")) if flags.text("config") else None,
        concurrency=flags.number("concurrency"),
    )


def _show(place: Place, format: Format, folder: Path, pulled: "Pulled") -> None:
    if not format.is_text:
        files = [_file(place, folder, one) for one in pulled.files]
        format.write({"reference": f"{place.path}@{pulled.root.digest}", "files": files})
    elif pulled.skipped:
        say(f'Skipped pulling layers without file name in "{TITLE}"')
        say(f"Use 'deedlog artifact cp {place.raw} --to-oci-layout <layout-dir>' to pull all layers.")
    else:
        say("Pulled", place)
        say("Digest:", pulled.root.digest)


def _file(place: Place, folder: Path, one: Descriptor) -> dict[str, Any]:
    notes = one.annotations or {}
    path = os.path.abspath(folder / notes[TITLE])  # noqa: PTH100 - links in the path stay what they are
    return {"path": path + ("/" if notes.get(UNPACK) == "true" else ""), **described(place.path, one)}


COMMAND: Final = Command(
    "[flags] <name>{:<tag>|@<digest>}",
    (
        *target_flags(),
        *format_flags(),
        Flag("output", "folder that the files are written to", short="o", default=".", value="path"),
        Flag("config", "write the config to this file too, if it is of the type after the colon", value="path[:type]"),
        switch("keep-old-files", "fail rather than replace a file", "k"),
        switch("allow-path-traversal", "also write files that would be outside of the folder", "T"),
        switch("include-subject", "pull what the artifact refers to as well"),
        platform_flag(),
        concurrency(3),
        NO_TTY,
        DEBUG,
        LOUD,
    ),
    exactly(1, "the artifact to pull"),
    run,
    "A pull that was cut off is gone on with by the same command. The environment variable ORAS_CACHE names an image "
    "layout in which content is kept.",
    (
        ("Pull into a folder", "pull -o here localhost:5000/hello:v1"),
        ("Pull from an image layout in an archive", "pull --oci-layout layout.tar:v1"),
        (
            "Pull, and print the paths of the files",
            "pull localhost:5000/hello:v1 --format go-template='{{range .files}}{{println .path}}{{end}}'",
        ),
    ),
)
