"""What references on the command line mean: registries and image layouts, and how they are opened."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from infra.cli.artifact.commands import Call
from infra.cli.artifact.digest_names import is_digest
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.file_references import parse_file_reference
from infra.cli.artifact.flags import Flag, Flags, switch
from infra.cli.artifact.remote_flags import remote_flags, remote_options
from infra.oci.descriptors import Descriptor, Platform
from infra.oci.errors import InvalidReferenceError, OciError, UnsupportedError
from infra.oci.media_types import REF_NAME
from infra.oci.references import FORM, Reference, check_tag, parse_reference

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget, Target
    from infra.registries.options import RemoteOptions
    from infra.registries.repository import Repository

REGISTRY: Final = "registry"
LAYOUT: Final = "oci-layout"


def target_flags(prefix: str = "", whose: str = "") -> tuple[Flag, ...]:
    """Return the flags that say where an artifact is."""
    of = f"the {whose}" if whose else "the reference"
    return (
        *remote_flags(prefix, whose),
        switch(f"{prefix}oci-layout", f"{of} is an image layout: path[:tag|@digest]"),
        Flag(f"{prefix}oci-layout-path", f"image layout in which {of} is a tag", value="path"),
    )


class Place(msgspec.Struct, frozen=True):
    """Where an artifact is, or is to be."""

    kind: str
    raw: str
    """As it was given."""
    path: str
    """Registry and repository, or the path of a layout."""
    reference: str
    """Tag or digest; empty: none."""
    options: "RemoteOptions | None" = None

    def __str__(self) -> str:
        """Return it as results name it."""
        return f"[{self.kind}] {self.raw}"

    def at(self, digest: str) -> "Place":
        """Return where what has this digest is."""
        return msgspec.structs.replace(self, raw=f"{self.path}@{digest}", reference=digest)

    @property
    def is_remote(self) -> bool:
        """Say whether it is in a registry."""
        return self.kind == REGISTRY


def parse_place(flags: Flags, raw: str, prefix: str = "") -> Place:
    """Return where a reference leads. Raises ArtifactError."""
    flags.exclude(f"{prefix}oci-layout-path", f"{prefix}oci-layout")
    if flags.on(f"{prefix}oci-layout"):
        if flags.texts(f"{prefix}header"):
            raise ArtifactError("custom header flags cannot be used on an OCI image layout target")
        return _in_layout(raw)
    if layout := flags.text(f"{prefix}oci-layout-path"):
        return Place(LAYOUT, raw, layout, raw)
    return _in_registry(flags, raw, prefix)


def _in_layout(raw: str) -> Place:
    path, at, digest = raw.rpartition("@")
    if not at:
        path, digest = parse_file_reference(raw)
    if not path:
        raise ArtifactError(f'found empty file path in "{raw}"')
    return Place(LAYOUT, raw, path, digest)


def _in_registry(flags: Flags, raw: str, prefix: str) -> Place:
    parsed = named_reference(flags, raw)
    path = f"{parsed.registry}/{parsed.repository}"
    return Place(REGISTRY, raw, path, parsed.reference, remote_options(flags, prefix))


def named_reference(flags: Flags, raw: str) -> Reference:
    """Return the parts of a reference, with a registries.conf also of a short name. Raises ArtifactError."""
    try:
        if not flags.text("registries-conf"):
            return parse_reference(raw)
        from infra.registries import connecting
        from infra.registries.options import RemoteOptions

        return connecting.named_reference(raw, RemoteOptions(registries_conf=Path(flags.text("registries-conf"))))
    except (InvalidReferenceError, UnsupportedError) as error:
        raise invalid_reference(raw, error) from None


def invalid_reference(raw: str, error: OciError) -> ArtifactError:
    """Return the error of a reference that is none."""
    advice = f"Please make sure the provided reference is in the form of {FORM.partition(' like ')[2]}"
    what = f'"{raw}": invalid reference: {error}'
    place, slash, _ = raw.partition("://")[2].partition("/") if "://" in raw else raw.partition("/")
    if "@" in place and slash:
        # It is no digest that stands there, so it may be a password.
        what = f"invalid reference: user and password do not belong in it: *****@{place.rpartition('@')[2]}"
    return ArtifactError(what, recommendation=advice)


def split_tags(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a reference and the tags that follow it after commas."""
    first, *others = text.split(",")
    return first, tuple(others)


def check_tags(tags: tuple[str, ...]) -> None:
    """Raise ArtifactError for a further tag that is none."""
    for tag in tags:
        if not tag:
            raise ArtifactError("empty extra tag")
        try:
            check_tag(tag)
        except InvalidReferenceError as error:
            raise ArtifactError(f"invalid extra tag: {error}", recommendation=error.fix) from None


def require_reference(call: Call, place: Place, *, tag: bool = True) -> None:
    """Raise ArtifactError for a reference with neither tag nor digest."""
    if place.reference:
        return
    form = '"<name>:<tag>" or "<name>@<digest>"' if tag else '"<name>@<digest>"'
    raise ArtifactError(
        f'"{place.raw}": no {"tag or digest" if tag else "digest"} specified',
        usage=call.usage,
        recommendation=f'Please specify a reference in the form of {form}. Run "{call.path} -h" for more',
    )


def open_to_read(place: Place) -> "ReadOnlyTarget":
    """Return the target of a place; a layout must be there. Raises OciError."""
    if place.is_remote:
        return repository(place)
    from infra.oci.layouts import open_layout

    return open_layout(Path(place.path))


def open_to_write(place: Place) -> "Target":
    """Return the target of a place; a layout is made if it is not there. Raises OciError."""
    if place.is_remote:
        return cast("Target", repository(place))
    from infra.oci.layout import Layout

    return Layout(Path(place.path))


def repository(place: Place) -> "Repository":
    """Return the repository of a place in a registry."""
    from infra.registries.connecting import connect
    from infra.registries.options import DEFAULTS

    return connect(place.path, place.options or DEFAULTS)


def resolve(target: "ReadOnlyTarget", reference: str, platform: Platform | None = None) -> Descriptor:
    """Return what a reference means, for a platform if one is given. Raises OciError."""
    return _for_platform(target, target.resolve(reference), platform)


def resolve_and_keep(target: "ReadOnlyTarget", reference: str, platform: Platform | None = None) -> Descriptor:
    """Return what `resolve` does, when the manifest is read next: a registry gives both in one answer."""
    module = sys.modules.get("infra.registries.repository")
    if module is None or not isinstance(target, module.Repository):
        return resolve(target, reference, platform)
    return _for_platform(target, target.get(reference)[0], platform)


def with_tag(place: Place, root: Descriptor, platform: Platform | None) -> Descriptor:
    """Return a descriptor as the index of a layout has it, with the tag that it was found by."""
    if place.is_remote or platform or is_digest(place.reference):
        return root
    return msgspec.structs.replace(root, annotations={**(root.annotations or {}), REF_NAME: place.reference})


def _for_platform(target: "ReadOnlyTarget", root: Descriptor, platform: Platform | None) -> Descriptor:
    if platform is None:
        return root
    from infra.oci.copying import select_platform

    return select_platform(target, root, platform)
