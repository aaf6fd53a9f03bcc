"""`backup`: artifacts of a registry as an image layout, in a folder or a tar archive."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infra.cli.artifact.commands import DEBUG, NO_TTY, Call, Command, concurrency, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, switch
from infra.cli.artifact.formats import Format, format_flags, parse_format
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.remote_flags import remote_flags, remote_options, spec_flag
from infra.cli.artifact.repository_tags import parse_repository_tags, resolve_tags, say_found
from infra.cli.artifact.sizes import duration, size
from infra.cli.artifact.status import BACKUP, watching
from infra.cli.artifact.targets import REGISTRY, Place, open_to_read
from infra.oci.descriptors import Descriptor

if TYPE_CHECKING:
    from infra.oci.layout import Layout
    from infra.oci.target import ReadOnlyTarget


def run(call: Call) -> None:
    """Back up artifacts. Raises ArtifactError, OciError, OSError."""
    options, format = remote_options(call.flags), parse_format(call.flags)
    path, tags = parse_repository_tags(call.flags, call.arguments[0])
    call.flags.require("output")
    output = call.flags.text("output")
    if not output:
        raise ArtifactError("the output path cannot be empty")
    place = Place(REGISTRY, path, path, "", options)
    started = time.monotonic()
    if Path(output).suffix.lower() == ".tar":
        saved = _to_archive(call, format, place, tags, Path(output))
    else:
        saved = _to_folder(call, format, place, tags, Path(output))
    if format.is_text:
        took = duration(time.monotonic() - started)
        say(f'Successfully backed up {len(saved)} tag(s) from "{path}" to "{output}" in {took}.')
    else:
        format.write({"repository": path, "output": output, "tags": saved})


def _to_archive(call: Call, format: Format, place: Place, tags: tuple[str, ...], output: Path) -> list[dict[str, Any]]:
    from infra.oci.layout_tar import write_tar

    if output.is_dir():
        advice = "Name a file that is not there yet, or remove the folder."
        raise ArtifactError(f'the output path "{output}" already exists and is a directory', recommendation=advice)
    # Beside the archive, where there must be room for it anyway: /tmp is often in memory.
    # Who is interrupted leaves others at work for a moment, who may still write into what is being removed.
    where = output.absolute().parent
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=where, ignore_cleanup_errors=True) as folder:
        saved = _to_folder(call, format, place, tags, Path(folder))
        if format.is_text:
            say("Exporting to", output)
        write_tar(Path(folder), output)
    if format.is_text:
        say(f"Exported to {output} ({size(output.stat().st_size)})")
    return saved


def _to_folder(call: Call, format: Format, place: Place, tags: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    from infra.oci.layout import Layout

    source, layout = open_to_read(place), Layout(folder)
    found = resolve_tags(source, tags)
    if not found:
        advice = 'To list tags, use "deedlog artifact repo tags"'
        raise ArtifactError(f'no tags found in repository "{place.path}"', recommendation=advice)
    if format.is_text:
        say_found(found, place.path)
    saved = []
    for tag, root in found.items():
        count = _save(call, format, place, source, layout, tag, root)
        saved.append({"tag": tag, "digest": root.digest, "referrers": count})
        if format.is_text:
            say(f"Pulled tag {tag} with {count} referrer(s)")
    return saved


def _save(
    call: Call,
    format: Format,
    place: Place,
    source: "ReadOnlyTarget",
    layout: "Layout",
    tag: str,
    root: Descriptor,
) -> int:
    from infra.oci.copying import copy, copy_with_referrers

    count, at_once = 0, call.flags.number("concurrency")
    with recorded("pull", place, root, tag=tag), watching(call, BACKUP, format, layout) as watcher:
        if call.flags.on("include-referrers"):
            count = len(copy_with_referrers(source, layout, root, concurrency=at_once, watcher=watcher))
        else:
            copy(source, layout, root, concurrency=at_once, watcher=watcher)
        layout.tag(root, tag)
    return count


COMMAND: Final = Command(
    "[flags] --output <path> <registry>/<repository>[:<ref1>[,<ref2>...]]",
    (
        *remote_flags(),
        spec_flag(),
        *format_flags(),
        Flag("output", "folder, or archive if it ends with .tar", short="o", value="path"),
        switch("include-referrers", "save what refers to the artifacts as well"),
        concurrency(3),
        NO_TTY,
        DEBUG,
    ),
    exactly(1, "the artifacts to back up"),
    run,
    "Without tags, all of a repository are saved.",
    (
        (
            "Save two tags with their SBOMs and signatures",
            "backup -o hello.tar --include-referrers localhost:5000/hello:v1,v2",
        ),
    ),
)
