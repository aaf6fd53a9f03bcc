"""`manifest push`: a manifest as it is."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from infra.cli.artifact.commands import DEBUG, LOUD, Call, Command, concurrency, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import Format, format_flags, parse_format, write_json
from infra.cli.artifact.manifest_fetch import DESCRIPTOR, PRETTY
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.remote_flags import spec_flag, stdin_conflict
from infra.cli.artifact.status import PUSH, is_verbose, say_status
from infra.cli.artifact.tagging import give_tags, with_tags
from infra.cli.artifact.targets import Place, check_tags, open_to_write, parse_place, split_tags, target_flags
from infra.oci.canonical import encode
from infra.oci.descriptors import Descriptor, describe
from infra.oci.errors import NotFoundError
from infra.oci.target import push_bytes

if TYPE_CHECKING:
    from infra.oci.target import Target


class _Typed(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str = ""


def run(call: Call) -> None:
    """Push a manifest. Raises ArtifactError, OciError, OSError."""
    if call.arguments[1] == "-":
        stdin_conflict(call.flags)
    first, tags = split_tags(call.arguments[0])
    place, format = parse_place(call.flags, first), parse_format(call.flags)
    check_tags(tags)
    data = read_input(call.arguments[1])
    root = describe(data, call.flags.text("media-type") or _media_type(call, data))
    target = open_to_write(place)
    _push(call, format, place, target, root, data)
    give_tags(target, place, root, tags, shows=False)
    _show(call, format, place, root, tags)


def read_input(path: str) -> bytes:
    """Return the content of a file, `-` for stdin. Raises OSError."""
    return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()


def _media_type(call: Call, data: bytes) -> str:
    try:
        kind = msgspec.json.decode(data, type=_Typed).media_type
    except msgspec.DecodeError as error:
        raise ArtifactError(f"{call.arguments[1]} is no manifest: {error}") from None
    if not kind:
        what = f'media type is neither given by "--media-type" nor in "{call.arguments[1]}"'
        raise ArtifactError(what, usage=call.usage, recommendation="Name it in the manifest or by the flag")
    return kind


def _push(call: Call, format: Format, place: Place, target: "Target", root: Descriptor, data: bytes) -> None:
    shows = format.is_text and not call.flags.on("descriptor")
    verbose = is_verbose(call)
    if _is_there(target, place.reference or root.digest, root):
        if shows:
            say_status(PUSH.existed, root, verbose=verbose)
        return
    if shows:
        say_status(PUSH.begun, root, verbose=verbose)
    with recorded("push", place, root):
        push_bytes(target, root, data)
        if place.reference:
            target.tag(root, place.reference)
    if shows:
        say_status(PUSH.done, root, verbose=verbose)


def _is_there(target: "Target", reference: str, root: Descriptor) -> bool:
    try:
        return target.resolve(reference).digest == root.digest
    except NotFoundError:
        return False


def _show(call: Call, format: Format, place: Place, root: Descriptor, tags: tuple[str, ...]) -> None:
    if call.flags.on("descriptor"):
        write_json(encode(root), pretty=call.flags.on("pretty"))
    elif not format.is_text:
        format.write(with_tags(place, root, tags))
    else:
        say("Pushed:", place)
        for tag in tags:
            say("Tagged", tag)
        say("Digest:", root.digest)


COMMAND: Final = Command(
    "[flags] <name>[:<tag>[,<tag>][...]|@<digest>] <file>",
    (
        *target_flags(),
        spec_flag(),
        *format_flags(),
        Flag("media-type", "what the manifest is, if it does not say it"),
        DESCRIPTOR,
        PRETTY,
        concurrency(5),
        DEBUG,
        LOUD,
    ),
    exactly(2, "the destination, and the file with the manifest"),
    run,
    "",
    (("Push a manifest from stdin", "manifest push localhost:5000/hello:v1 - < manifest.json"),),
)
