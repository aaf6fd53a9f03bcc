"""`restore`: what backup saved is pushed to a registry."""

import tarfile
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
from infra.cli.artifact.status import RESTORE, watching
from infra.cli.artifact.targets import REGISTRY, Place, open_to_write
from infra.oci.descriptors import Descriptor

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget, Target


def run(call: Call) -> None:
    """Restore artifacts. Raises ArtifactError, OciError, OSError."""
    options, format = remote_options(call.flags), parse_format(call.flags)
    path, tags = parse_repository_tags(call.flags, call.arguments[0])
    call.flags.require("input")
    if not call.flags.text("input"):
        raise ArtifactError("the input path cannot be empty")
    started = time.monotonic()
    source = _open(Path(call.flags.text("input")), format)
    found = resolve_tags(source, tags)
    if not found:
        advice = 'To list tags, use "deedlog artifact repo tags --oci-layout"'
        raise ArtifactError(f'no tags found in OCI layout "{call.flags.text("input")}"', recommendation=advice)
    if format.is_text:
        say_found(found, "the backup")
    place = Place(REGISTRY, path, path, "", options)
    restored = [_restore(call, format, source, place, tag, root) for tag, root in found.items()]
    _show(call, format, path, restored, duration(time.monotonic() - started))


def _open(path: Path, format: Format) -> "ReadOnlyTarget":
    from infra.oci.layouts import open_layout

    if path.is_file():
        if not tarfile.is_tarfile(path):
            raise ArtifactError(f'input path "{path}" is not a tar archive')
        layout = open_layout(path)
        if format.is_text:
            say(f"Loaded backup archive: {path} ({size(path.stat().st_size)})")
        return layout
    return open_layout(path)


def _restore(
    call: Call, format: Format, source: "ReadOnlyTarget", place: Place, tag: str, root: Descriptor
) -> dict[str, Any]:
    from infra.oci.copying import all_referrers

    referrers = [] if call.flags.on("exclude-referrers") else all_referrers(source, root)
    dry = call.flags.on("dry-run")
    if not dry:
        with recorded("copy", place, root, tag=tag, source=call.flags.text("input")):
            _push(call, format, source, open_to_write(place), tag, [root, *referrers])
    if format.is_text:
        say(f"{'Dry run: would push' if dry else 'Pushed'} tag {tag} with {len(referrers)} referrer(s)")
    return {"tag": tag, "digest": root.digest, "referrers": len(referrers)}


def _push(
    call: Call, format: Format, source: "ReadOnlyTarget", target: "Target", tag: str, roots: list[Descriptor]
) -> None:
    from infra.oci.copying import copy_all

    with watching(call, RESTORE, format, source) as watcher:
        copy_all(source, target, roots, concurrency=call.flags.number("concurrency"), watcher=watcher)
        target.tag(roots[0], tag)


def _show(call: Call, format: Format, path: str, restored: list[dict[str, Any]], took: str) -> None:
    if not format.is_text:
        format.write({"repository": path, "input": call.flags.text("input"), "tags": restored})
    elif call.flags.on("dry-run"):
        say(f'Dry run complete: {len(restored)} tag(s) would be restored to "{path}" (no data pushed)')
    else:
        say(f'Successfully restored {len(restored)} tag(s) to "{path}" in {took}')


COMMAND: Final = Command(
    "[flags] --input <path> <registry>/<repository>[:<ref1>[,<ref2>...]]",
    (
        *remote_flags(),
        spec_flag(),
        *format_flags(),
        Flag("input", "image layout in a folder or a tar archive", value="path"),
        switch("exclude-referrers", "leave out what refers to the artifacts"),
        switch("dry-run", "only say what would be pushed"),
        concurrency(5),
        NO_TTY,
        DEBUG,
    ),
    exactly(1, "the repository to restore to"),
    run,
    "Without tags, all of the layout are pushed.",
    (("Push all that was saved", "restore --input hello.tar localhost:5000/hello"),),
)
