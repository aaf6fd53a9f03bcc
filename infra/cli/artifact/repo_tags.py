"""`repo tags`: the tags of a repository or an image layout."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from infra.cli.artifact.commands import DEBUG, VERBOSE, Call, Command, exactly
from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.flags import Flag, switch
from infra.cli.artifact.formats import format_flags, parse_format
from infra.cli.artifact.printing import say, tell
from infra.cli.artifact.targets import Place, open_to_read, parse_place, target_flags
from infra.oci.errors import OciError
from infra.oci.references import parse_reference

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget


def run(call: Call) -> None:
    """List tags. Raises ArtifactError, OciError."""
    place, format = parse_place(call.flags, call.arguments[0]), parse_format(call.flags)
    target = open_to_read(place)
    found = []
    for tag in _wanted(call, place, target):
        found.append(tag)
        if format.is_text:
            say(tag)
    if not format.is_text:
        format.write({"tags": found})


def _wanted(call: Call, place: Place, target: "ReadOnlyTarget") -> Iterator[str]:
    prefix = _prefix(place)
    digest = "" if prefix else _digest(place, target)
    for tag in target.tags(call.flags.text("last")):
        if not tag.startswith(prefix):
            continue
        tag = tag.removeprefix(prefix)
        if call.flags.on("exclude-digest-tags") and is_digest_tag(tag):
            continue
        if not digest or tag == place.reference or target.resolve(tag).digest == digest:
            yield tag


def _prefix(place: Place) -> str:
    """Return what tags in a layout begin with that are those of a repository which was named."""
    if place.is_remote or "/" not in place.reference:
        return ""
    try:
        reference = parse_reference(place.reference)
    except OciError:
        return ""
    return "" if reference.reference else f"{place.reference}:"


def _digest(place: Place, target: "ReadOnlyTarget") -> str:
    """Return the digest whose tags are wanted; empty: all are."""
    if not place.reference:
        return ""
    digest = place.reference if is_digest(place.reference) else target.resolve(place.reference).digest
    tell(f"Warning: looking up every tag to find those of {digest} may take a while")
    return digest


def is_digest_tag(tag: str) -> bool:
    """Say whether a tag is a digest in disguise, `sha256-<hex>`, as registries without referrers have them."""
    return is_digest(tag.replace("-", ":", 1))


COMMAND: Final = Command(
    "[flags] <name>",
    (
        *target_flags(),
        *format_flags(),
        Flag("last", "begin after this tag"),
        switch("exclude-digest-tags", "leave out tags such as sha256-aaaa..."),
        DEBUG,
        VERBOSE,
    ),
    exactly(1, "the repository whose tags are wanted"),
    run,
    "With a tag or digest, only tags that mean the same artifact are listed.",
    (("List tags", "repo tags localhost:5000/hello"),),
)
