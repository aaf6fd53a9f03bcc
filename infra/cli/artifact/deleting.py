"""What the deletion of manifests and of blobs have in common: that it is asked for, and may be forced."""

from collections.abc import Callable

from infra.cli.artifact.commands import Call
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.formats import Format, described, write_json
from infra.cli.artifact.printing import confirmed, say
from infra.cli.artifact.recording import recorded
from infra.cli.artifact.targets import Place
from infra.oci.canonical import encode
from infra.oci.descriptors import Descriptor
from infra.oci.errors import NotFoundError


def check_force(call: Call) -> None:
    """Raise ArtifactError if only the descriptor is to be seen, so that a question would be in the way."""
    if call.flags.on("descriptor") and not call.flags.on("force"):
        raise ArtifactError("must apply --force to confirm the deletion if the descriptor is outputted")


def delete(
    call: Call,
    format: Format,
    place: Place,
    what: str,
    find: Callable[[], Descriptor],
    remove: Callable[[Descriptor], None],
) -> None:
    """Delete what is found, after a question. Raises ArtifactError, OciError."""
    try:
        found = find()
    except NotFoundError:
        if not call.flags.on("force") or call.flags.on("descriptor"):
            raise ArtifactError(f"{place.raw}: the specified {what} does not exist") from None
        say("Missing", place.raw) if format.is_text else format.write({"missing": place.raw})
        return
    and_tags = " and all tags associated with it" if what == "manifest" else ""
    question = f'Are you sure you want to delete the {what} "{found.digest}"{and_tags}?'
    if not call.flags.on("force") and not confirmed(question):
        return
    with recorded("delete", place, found):
        remove(found)
    _show(call, format, place, found)


def _show(call: Call, format: Format, place: Place, found: Descriptor) -> None:
    if call.flags.on("descriptor"):
        write_json(encode(found), pretty=call.flags.on("pretty"))
    elif format.is_text:
        say("Deleted", place)
    else:
        format.write(described(place.path, found))
