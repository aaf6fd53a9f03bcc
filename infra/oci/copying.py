"""Copies graphs of artifacts from one target to another: first blobs, then manifests, what is pointed at first.

So a manifest is never there without what it points at, and a copy that was cut off is gone on with by the same call.
"""

import threading
from collections.abc import Iterable
from typing import Final

import msgspec

from infra.oci.crew import SMALL_AT_ONCE, each, each_by_size
from infra.oci.descriptors import Descriptor, Platform
from infra.oci.errors import InvalidContentError, NotFoundError
from infra.oci.manifests import Manifest, is_manifest, parse_manifest, successors
from infra.oci.media_types import INDEXES
from infra.oci.presence import Presence
from infra.oci.target import BytesContent, FetchedContent, ReadOnlyTarget, Target, read_all
from infra.oci.watching import SILENT, Watcher

CONCURRENCY: Final = 5
MOST_BYTES: Final = 1 << 30
"""Of manifests, which are in memory until they are written: each is at most 4 MiB, but there may be any number."""
MOST_REFERRERS: Final = 100_000
"""A registry may make up referrers of referrers for ever, for lists of them have no digest."""
FOREIGN: Final = ("application/vnd.oci.image.layer.nondistributable.", "application/vnd.docker.image.rootfs.foreign.")
"""Layers that are to be had elsewhere only (image-spec 1.1, layer.md, section Non-Distributable Layers)."""


class Node(msgspec.Struct):
    """A manifest that is to be copied."""

    descriptor: Descriptor
    data: bytes
    manifest: Manifest


class Graph:
    """What a copy has to move, as it is found out."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.blobs: dict[str, Descriptor] = {}
        self.seen: set[str] = set()
        self.lock = threading.Lock()
        self._bytes = 0

    def add(self, node: Node) -> None:
        """Add a manifest; the lock is held. Raises InvalidContentError if that would be more than fits in memory."""
        self._bytes += len(node.data)
        if self._bytes > MOST_BYTES:
            raise InvalidContentError(f"there are more than {MOST_BYTES:,} bytes of manifests", "copy them one by one")
        self.nodes[node.descriptor.digest] = node

    def new(self, descriptors: Iterable[Descriptor]) -> list[Descriptor]:
        """Return those of the manifests that nobody has asked for before."""
        with self.lock:
            found = [one for one in descriptors if one.digest not in self.seen]
            self.seen.update(one.digest for one in found)
        return found


def copy(
    source: ReadOnlyTarget,
    destination: Target,
    root: Descriptor,
    *,
    concurrency: int = CONCURRENCY,
    watcher: Watcher = SILENT,
    force: bool = False,
) -> None:
    """Copy what a descriptor points at, and all that leads on from there.

    What is under a manifest that the destination has is taken to be there too, unless `force` says to look. Raises
    what the targets raise.
    """
    copy_all(source, destination, [root], concurrency=concurrency, watcher=watcher, force=force)


def copy_with_referrers(
    source: ReadOnlyTarget,
    destination: Target,
    root: Descriptor,
    *,
    concurrency: int = CONCURRENCY,
    watcher: Watcher = SILENT,
    force: bool = False,
    artifact_types: tuple[str, ...] = (),
) -> list[Descriptor]:
    """Copy an artifact with all that refers to it, at any depth; return the referrers.

    Raises what the targets raise.
    """
    found = _referrers(source, root, concurrency, artifact_types)
    graph, presence = Graph(), Presence(destination, {one.digest: subject for one, subject in found.values()})
    referrers = [one for one, _ in found.values()]
    _copy(source, graph, presence, [root, *referrers], concurrency, watcher, force)
    return referrers


def all_referrers(
    source: ReadOnlyTarget,
    root: Descriptor,
    *,
    concurrency: int = CONCURRENCY,
    artifact_types: tuple[str, ...] = (),
) -> list[Descriptor]:
    """Return what refers to an artifact, to the manifests of an index, and to those referrers in turn."""
    return [one for one, _ in _referrers(source, root, concurrency, artifact_types).values()]


def _referrers(
    source: ReadOnlyTarget, root: Descriptor, concurrency: int, artifact_types: tuple[str, ...]
) -> dict[str, tuple[Descriptor, Descriptor]]:
    """Return referrers with their subjects, by their digests."""
    found: dict[str, tuple[Descriptor, Descriptor]] = {}
    lock = threading.Lock()

    def look(subject: Descriptor) -> list[Descriptor]:
        inner = _inner(source, subject) if subject.digest == root.digest else []
        every = source.referrers(subject)
        referrers = [one for one in every if not artifact_types or one.artifact_type in artifact_types]
        with lock:
            new = [one for one in referrers if one.digest not in found and one.digest != root.digest]
            found.update((one.digest, (one, subject)) for one in new)
            if len(found) > MOST_REFERRERS:
                raise InvalidContentError(f"there are more than {MOST_REFERRERS:,} referrers of {root.digest}")
        return [*inner, *new]

    each(look, [root], concurrency * SMALL_AT_ONCE)
    return found


def copy_all(
    source: ReadOnlyTarget,
    destination: Target,
    roots: Iterable[Descriptor],
    *,
    concurrency: int = CONCURRENCY,
    watcher: Watcher = SILENT,
    force: bool = False,
) -> None:
    """Copy several graphs at once. Raises what the targets raise."""
    _copy(source, Graph(), Presence(destination), roots, concurrency, watcher, force)


def _copy(
    source: ReadOnlyTarget,
    graph: Graph,
    presence: Presence,
    roots: Iterable[Descriptor],
    concurrency: int,
    watcher: Watcher,
    force: bool,
) -> None:
    many = concurrency * SMALL_AT_ONCE
    each(lambda one: _look(source, presence, graph, one, watcher, force), graph.new(roots), many)
    each_by_size(lambda one: _move(source, presence, one, watcher), graph.blobs.values(), _size, concurrency)
    with presence.destination.gathered():
        for wave in _waves(graph):
            each(lambda node: _write(presence.destination, node, watcher), wave, many)


def select_platform(target: ReadOnlyTarget, root: Descriptor, platform: Platform) -> Descriptor:
    """Return the manifest of an index that is for a platform, or the image itself if it is.

    Raises NotFoundError, and what the target raises.
    """
    if root.media_type in INDEXES:
        for one in _inner(target, root):
            if one.platform and fits(one.platform, platform):
                return one
    elif fits(_platform_of_image(target, root), platform):
        return root
    raise NotFoundError(f"there is none for {shown(platform)} in {root.digest}")


def fits(platform: Platform, wanted: Platform) -> bool:
    """Say whether a platform is one that is wanted: what is not said of the wanted one does not matter."""
    return (
        (platform.os, platform.architecture) == (wanted.os, wanted.architecture)
        and wanted.variant in ("", platform.variant)
        and wanted.os_version in ("", platform.os_version)
        and set(wanted.os_features) <= set(platform.os_features)
    )


def shown(platform: Platform) -> str:
    """Return a platform as people write it."""
    parts = [platform.os, platform.architecture, platform.variant]
    return "/".join(part for part in parts if part) + (f":{platform.os_version}" if platform.os_version else "")


def _platform_of_image(target: ReadOnlyTarget, root: Descriptor) -> Platform:
    config = parse_manifest(read_all(target, root), root.media_type).config
    if config is None:
        raise NotFoundError(f"{root.digest} has no config that would say what it is for")
    try:
        return msgspec.json.decode(read_all(target, config), type=Platform)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidContentError(f"the config of {root.digest} does not say what it is for") from None


def _size(descriptor: Descriptor) -> int:
    return descriptor.size


def _inner(source: ReadOnlyTarget, root: Descriptor) -> list[Descriptor]:
    if root.media_type not in INDEXES:
        return []
    return list(parse_manifest(read_all(source, root), root.media_type).manifests or ())


def _look(
    source: ReadOnlyTarget, presence: Presence, graph: Graph, one: Descriptor, watcher: Watcher, force: bool
) -> list[Descriptor]:
    if not is_manifest(one):
        with graph.lock:
            graph.blobs.setdefault(one.digest, one)
        return []
    if not force and presence.of_manifest(one):
        watcher.existed(one)
        return []
    data = read_all(source, one)
    manifest = parse_manifest(data, one.media_type)
    subject = _has_subject(source, graph, manifest)
    found = [inner for inner in successors(manifest) if not inner.media_type.startswith(FOREIGN)]
    manifests = [inner for inner in found if is_manifest(inner) and (inner is not manifest.subject or subject)]
    with graph.lock:
        graph.add(Node(one, data, manifest))
        for blob in found:
            if not is_manifest(blob):
                graph.blobs.setdefault(blob.digest, blob)
    return graph.new(manifests)


def _has_subject(source: ReadOnlyTarget, graph: Graph, manifest: Manifest) -> bool:
    # A subject may be missing: it can be pushed after what refers to it, or be gone (distribution-spec 1.1).
    subject = manifest.subject
    return subject is not None and (subject.digest in graph.seen or source.exists(subject))


def _move(source: ReadOnlyTarget, presence: Presence, blob: Descriptor, watcher: Watcher) -> None:
    destination = presence.destination
    if presence.of_blob(blob):
        watcher.existed(blob)
    elif destination.mount(blob, source):
        watcher.mounted(blob)
    else:
        watcher.begun(blob)
        destination.push(blob, FetchedContent(source, blob), lambda count: watcher.moved(blob, count))
        watcher.done(blob)


def _write(destination: Target, node: Node, watcher: Watcher) -> None:
    watcher.begun(node.descriptor)
    destination.push(node.descriptor, BytesContent(node.data))
    watcher.moved(node.descriptor, len(node.data))
    watcher.done(node.descriptor)


def _waves(graph: Graph) -> list[list[Node]]:
    """Return the manifests by what they wait for: those of a wave point only at those of waves before."""
    waits = {digest: _points_at(graph, node) for digest, node in graph.nodes.items()}
    waves: list[list[Node]] = []
    done: set[str] = set()
    while len(done) < len(graph.nodes):
        ready = [digest for digest, needs in waits.items() if digest not in done and needs <= done]
        if not ready:
            raise InvalidContentError("manifests point at each other in a circle")
        waves.append([graph.nodes[digest] for digest in ready])
        done.update(ready)
    return waves


def _points_at(graph: Graph, node: Node) -> set[str]:
    return {one.digest for one in successors(node.manifest) if one.digest in graph.nodes}
