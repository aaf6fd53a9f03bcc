"""Pulls the files of an artifact into a folder.

A file has its final name only when it is whole and is what the manifest says. What was cut off stays beside it as a
part, and the next pull goes on from there.
"""

import os
import threading
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from infra.oci.copying import MOST_BYTES, select_platform
from infra.oci.crew import SMALL_AT_ONCE, each, each_by_size
from infra.oci.descriptors import EMPTY, Descriptor, Platform
from infra.oci.errors import InvalidContentError, OciError, UnsafePathError
from infra.oci.manifests import Manifest, is_manifest, parse_manifest
from infra.oci.media_types import CONTENT_DIGEST, TITLE, UNPACK
from infra.oci.parts import PART, fetch_part, held_part, part_name, remove_part
from infra.oci.paths import inside, parent
from infra.oci.streaming import pour, whole
from infra.oci.sums import Sum
from infra.oci.target import ReadOnlyTarget, read_all
from infra.oci.verifying import is_whole
from infra.oci.watching import SILENT, Watcher

CONCURRENCY: Final = 3
ITSELF: Final = "folder"
"""In the name of the part of an archive whose members are put into the output folder itself."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How an artifact is pulled."""

    folder: Path
    keep_old: bool = False
    """Whether a file that is there already is an error."""
    allow_path_traversal: bool = False
    """Whether files may be written outside of the folder."""
    include_subject: bool = False
    platform: Platform | None = None
    config: tuple[str, str] | None = None
    """Name of the file that the config is to be written to, and its media type, empty for any."""
    concurrency: int = CONCURRENCY


class Pulled(msgspec.Struct, frozen=True):
    """What was pulled."""

    root: Descriptor
    files: tuple[Descriptor, ...]
    """With their titles, in the order of the manifests."""
    skipped: tuple[Descriptor, ...]
    """Layers without a name."""


def pull(source: ReadOnlyTarget, root: Descriptor, wish: Wish, watcher: Watcher = SILENT) -> Pulled:
    """Write the files of an artifact. Raises OciError, UnsafePathError before anything is written, OSError."""
    if wish.platform:
        root = select_platform(source, root, wish.platform)
    finding = _Finding(source, wish, watcher)
    each(finding.look, [root], wish.concurrency * SMALL_AT_ONCE)
    files = _once(wish, finding.in_order(root))
    named = _by_digest(files)
    wish.folder.mkdir(parents=True, exist_ok=True)
    write = lambda group: _write_group(source, group, wish, watcher)  # noqa: E731
    each_by_size(write, named, lambda group: group[0].size, wish.concurrency)
    for manifest in finding.manifests:
        watcher.done(manifest)
    return Pulled(root, tuple(files), tuple(finding.skipped))


def title(descriptor: Descriptor) -> str:
    """Return the name under which content is written; empty: it has none."""
    return (descriptor.annotations or {}).get(TITLE, "")


def place(wish: Wish, one: Descriptor) -> tuple[Path, tuple[str, ...]]:
    """Return the folder and the steps in it that a name means; none: an archive of the folder itself.

    Raises UnsafePathError.
    """
    name = title(one)
    if _unpacks(one) and os.path.normpath(name) == ".":
        return wish.folder, ()
    folder, steps = _place(wish, name)
    if PART.fullmatch(steps[-1]):
        raise UnsafePathError(f"{name!r} is what a file is called that is not whole yet")
    return folder, steps


def _place(wish: Wish, name: str) -> tuple[Path, tuple[str, ...]]:
    if wish.allow_path_traversal:
        path = Path(os.path.normpath(wish.folder / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.parent, (path.name,)
    if name.startswith("/"):
        # What was pushed by an absolute path may be pulled again if that path is in the folder.
        folder = str(wish.folder.resolve()) + "/"
        if os.path.normpath(name).startswith(folder):
            return wish.folder, inside(os.path.normpath(name)[len(folder) :])
    try:
        return wish.folder, inside(name)
    except UnsafePathError as error:
        raise UnsafePathError(f"{error}", "--allow-path-traversal, if you trust who pushed it") from None


class _Finding:
    """Reads the manifests of an artifact, and finds what is to be written."""

    def __init__(self, source: ReadOnlyTarget, wish: Wish, watcher: Watcher) -> None:
        self._source = source
        self._wish = wish
        self._watcher = watcher
        self._lock = threading.Lock()
        self._bytes = 0
        self._found: dict[str, tuple[Descriptor, ...]] = {}
        self.manifests: list[Descriptor] = []
        self.skipped: list[Descriptor] = []

    def look(self, one: Descriptor) -> list[Descriptor]:
        """Read a manifest; return those that are to be read in turn."""
        with self._lock:
            if one.digest in self._found:
                return []
            self._found[one.digest] = ()
        self._watcher.begun(one)
        data = read_all(self._source, one)
        manifest = parse_manifest(data, one.media_type)
        self._watcher.moved(one, len(data))
        found = self._successors(manifest)
        unnamed = [inner for inner in found if not title(inner) and not is_manifest(inner)]
        with self._lock:
            self._bytes += len(data)
            if self._bytes > MOST_BYTES:
                raise InvalidContentError(
                    f"there are more than {MOST_BYTES:,} bytes of manifests", "choose a --platform"
                )
            self._found[one.digest] = tuple(found)
            self.manifests.append(one)
            self.skipped += unnamed
        for inner in unnamed:
            self._watcher.skipped(inner)
        return [inner for inner in found if is_manifest(inner) and not title(inner)]

    def in_order(self, root: Descriptor) -> list[Descriptor]:
        """Return what has a name, in the order of the manifests."""
        files: list[Descriptor] = []
        waiting, seen = [root], {root.digest}
        while waiting:
            for inner in self._found.get(waiting.pop(0).digest, ()):
                if title(inner):
                    files.append(inner)
                elif inner.digest in self._found and inner.digest not in seen:
                    seen.add(inner.digest)
                    waiting.append(inner)
        return files

    def _successors(self, manifest: Manifest) -> list[Descriptor]:
        found = [*(manifest.layers or ()), *(manifest.blobs or ()), *(manifest.manifests or ())]
        if self._wish.include_subject and manifest.subject:
            found.append(manifest.subject)
        if manifest.config:
            config = self._config(manifest.config)
            found += [config] if title(config) or config.digest != EMPTY.digest else []
        return [one for one in found if title(one) or one.digest != EMPTY.digest]

    def _config(self, config: Descriptor) -> Descriptor:
        if self._wish.config is None or self._wish.config[1] not in ("", config.media_type):
            return config
        return msgspec.structs.replace(config, annotations={**(config.annotations or {}), TITLE: self._wish.config[0]})


def _once(wish: Wish, files: list[Descriptor]) -> list[Descriptor]:
    """Return each file once. Raises InvalidContentError if two have one name, UnsafePathError for what is none."""
    found: dict[tuple[Path, tuple[str, ...]], Descriptor] = {}
    for one in files:
        there = found.setdefault(place(wish, one), one)
        if there.digest != one.digest:
            what = f"two files of the artifact are called {title(one)!r}: {there.digest} and {one.digest}"
            raise InvalidContentError(what, "choose one with --platform, or fetch them by digest with blob fetch")
    return list(found.values())


def _by_digest(files: list[Descriptor]) -> list[list[Descriptor]]:
    groups: dict[str, list[Descriptor]] = {}
    for one in files:
        groups.setdefault(one.digest, []).append(one)
    return list(groups.values())


def _write_group(source: ReadOnlyTarget, group: list[Descriptor], wish: Wish, watcher: Watcher) -> None:
    first, *others = group
    _write(source, first, wish, watcher)
    for other in others:
        if _unpacks(first) or _unpacks(other):
            _write(source, other, wish, watcher)
        else:
            _again(first, other, wish)
            watcher.restored(other)


def _unpacks(descriptor: Descriptor) -> bool:
    return (descriptor.annotations or {}).get(UNPACK) == "true"


def _again(first: Descriptor, other: Descriptor, wish: Wish) -> None:
    folder, steps = place(wish, first)
    with parent(folder, steps) as (handle, last):
        copied = FileIO(os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle))
    folder, steps = place(wish, other)
    with copied, parent(folder, steps) as (handle, last):
        _refuse_old(handle, last, wish)
        part = part_name(last, other)
        with held_part(handle, part) as out:
            out.truncate(0)
            sum = Sum(other)
            pour(copied, whole(out), sum, other.size)
            sum.verify()
            os.replace(part, last, src_dir_fd=handle, dst_dir_fd=handle)


def _write(source: ReadOnlyTarget, one: Descriptor, wish: Wish, watcher: Watcher) -> None:
    folder, steps = place(wish, one)
    with parent(folder, steps or (ITSELF,)) as (handle, last):
        if steps:
            _refuse_old(handle, last, wish)
        elif wish.keep_old and any(not PART.fullmatch(name) for name in os.listdir(handle)):  # noqa: PTH208
            raise OciError(f"{folder} is not empty", "without --keep-old-files its files are replaced")
        if not _unpacks(one) and is_whole(last, one, handle):
            watcher.existed(one)
            return
        part = part_name(last, one)
        with held_part(handle, part) as file:
            if not os.fstat(file.fileno()).st_size and not _unpacks(one) and is_whole(last, one, handle):
                # Another pull has done it since it was looked for.
                remove_part(handle, part)
                watcher.existed(one)
                return
            watcher.begun(one)
            fetch_part(source, one, handle, part, file, watcher)
            if _unpacks(one):
                _unpack(one, handle, part, folder, steps)
            else:
                os.replace(part, last, src_dir_fd=handle, dst_dir_fd=handle)
    watcher.done(one)


def _refuse_old(handle: int, last: str, wish: Wish) -> None:
    if not wish.keep_old:
        return
    with suppress(FileNotFoundError):
        os.stat(last, dir_fd=handle, follow_symlinks=False)
        raise OciError(f"{last} is there already", "without --keep-old-files it is replaced")


def _unpack(one: Descriptor, handle: int, part: str, folder: Path, steps: tuple[str, ...]) -> None:
    from infra.oci.unpacking import unpack

    descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
    with os.fdopen(descriptor, "rb") as file:
        unpack(file, folder, steps, title(one), (one.annotations or {}).get(CONTENT_DIGEST, ""))
    os.unlink(part, dir_fd=handle)
