"""`tag`: more tags for an artifact, or fewer."""

from typing import TYPE_CHECKING, Any, Final

from infra.cli.artifact.commands import DEBUG, NO_LIMIT, VERBOSE, Arguments, Call, Command, at_least, concurrency
from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import switch
from infra.cli.artifact.formats import Format, format_flags, parse_format
from infra.cli.artifact.printing import say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.tagging import with_tags
from infra.cli.artifact.targets import (
    Place,
    check_tags,
    open_to_write,
    parse_place,
    require_reference,
    resolve_and_keep,
    target_flags,
)

if TYPE_CHECKING:
    from infra.oci.target import Target


def run(call: Call) -> None:
    """Tag an artifact, or remove tags. Raises ArtifactError, OciError."""
    first, *tags = call.arguments
    if first in ("list", "ls"):
        advice = 'To list tags, use "deedlog artifact repo tags"'
        raise ArtifactError(
            f'there is no "{first}" sub-command for "{call.path}"', usage=call.usage, recommendation=advice
        )
    place, format = parse_place(call.flags, first), parse_format(call.flags)
    if call.flags.on("remove"):
        _remove(place, format, _tags_to_remove(place, tags))
        return
    if not tags:
        at_least(2, "the artifact to be tagged and its tags").check(call)
    check_tags(tuple(tags) if place.is_remote else ())
    require_reference(call, place)
    _add(call, place, format, tags)


def _add(call: Call, place: Place, format: Format, tags: list[str]) -> None:
    from infra.oci.crew import each

    target = open_to_write(place)
    root = resolve_and_keep(target, place.reference)
    if format.is_text:
        say("Tagging", f"[{place.kind}] {place.path}@{root.digest}")

    def give(tag: str) -> None:
        with recorded("tag", place, root, tag=tag):
            target.tag(root, tag)
        if format.is_text:
            say("Tagged", tag)

    with target.gathered():
        each(give, tags, call.flags.number("concurrency"))
    if not format.is_text:
        format.write(with_tags(place.at(root.digest), root, tags))


def _tags_to_remove(place: Place, tags: list[str]) -> list[str]:
    if is_digest(place.reference) and not tags:
        raise ArtifactError("a digest is no tag that could be removed", recommendation="name the tags after it")
    return [*([] if is_digest(place.reference) or not place.reference else [place.reference]), *tags]


def _remove(place: Place, format: Format, tags: list[str]) -> None:
    target = open_to_write(place)
    removed: list[dict[str, Any]] = []
    for tag in tags:
        digest = _untag(target, place, tag)
        removed.append({"reference": f"{place.path}:{tag}", "digest": digest})
        if format.is_text:
            say("Untagged", f"[{place.kind}] {place.path}:{tag}")
    if not format.is_text:
        format.write({"removed": removed})


def _untag(target: "Target", place: Place, tag: str) -> str:
    root = target.resolve(tag)
    with recorded("untag", place, root, tag=tag):
        target.untag(tag)
    return root.digest


COMMAND: Final = Command(
    "[flags] <name>{:<tag>|@<digest>} <new_tag> [...]",
    (
        *target_flags(),
        *format_flags(),
        switch("remove", "remove the tags; the artifact stays"),
        concurrency(5),
        DEBUG,
        VERBOSE,
    ),
    Arguments(1, NO_LIMIT, "the artifact to be tagged and its tags"),
    run,
    "",
    (
        ("Give an artifact two more tags", "tag localhost:5000/hello:v1.0.1 v1 latest"),
        ("Remove a tag", "tag --remove localhost:5000/hello:v1"),
    ),
)
