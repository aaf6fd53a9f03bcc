"""Installs rules that were pushed as artifacts: checked first, then swapped in as a whole.

The rules of a name are a link to a folder of one digest, so a pipeline that loads them finds the old or the new, never
a part of both.
"""

import os
import shutil
from pathlib import Path
from typing import Final

import msgspec

from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError
from infra.oci.pulling import Wish, pull
from infra.oci.target import ReadOnlyTarget
from infra.oci.unpacking import unpack
from streams.detection.loading import SUFFIXES, load_rules
from streams.detection.rules import RuleSet

STORE: Final = ".store"
RECORD: Final = ".installed.json"
ARCHIVES: Final = (".tar.gz", ".tgz")
MOST_BYTES: Final = 64 << 20
"""Of an archive of rules when it is unpacked; rules are text."""


class Installed(msgspec.Struct, frozen=True):
    """Where installed rules came from."""

    name: str
    reference: str
    digest: str


class RulesError(InvalidContentError):
    """Rules that are not installed because they have errors."""

    def __init__(self, message: str, rules: RuleSet) -> None:
        super().__init__(message)
        self.rules = rules


def install(
    source: ReadOnlyTarget, root: Descriptor, folder: Path, name: str, reference: str, others: tuple[Path, ...]
) -> tuple[Installed, RuleSet]:
    """Put the rules of an artifact into `folder` under a name, in place of those of that name before.

    `others` are the other rules of the pipeline, which they have to go with. Raises RulesError, OciError.
    """
    said = Installed(name, reference, root.digest)
    place = folder / STORE / f"{name}-{root.hex[:16]}"
    new = not (place / RECORD).exists()
    if new:
        _fetch(source, root, place, said)
    found = load_rules((place, *others), builtin=True)
    if found.errors or not any(Path(rule.place.file).parent == place for rule in found.rules):
        if new:
            # What was installed before stays: the errors may be those of other rules.
            shutil.rmtree(place)
        what = "has errors" if found.errors else "holds no rules"
        raise RulesError(f"{reference} {what}, and is not installed", found)
    _swap(folder, name, place)
    return said, found


def installed_rules(folder: Path) -> list[Installed]:
    """Return what is installed, in the order of the names."""
    return [msgspec.json.decode(path.read_bytes(), type=Installed) for path in sorted(folder.glob(f"*/{RECORD}"))]


def remove(folder: Path, name: str) -> bool:
    """Remove installed rules; say whether there were any."""
    link = folder / name
    if not link.is_symlink():
        return False
    place = folder / link.readlink()
    link.unlink()
    _drop(folder, place)
    return True


def _fetch(source: ReadOnlyTarget, root: Descriptor, place: Path, said: Installed) -> None:
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        pull(source, root, Wish(folder=beside))
        for archive in [path for path in beside.iterdir() if path.name.endswith(ARCHIVES)]:
            _unpack(archive, beside)
        _lift(beside)
        (beside / RECORD).write_bytes(msgspec.json.encode(said))
        shutil.rmtree(place, ignore_errors=True)
        beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unpack(archive: Path, folder: Path) -> None:
    with archive.open("rb") as file:
        unpack(file, folder, (), ".", most=MOST_BYTES)
    archive.unlink()


def _lift(folder: Path) -> None:
    """Bring rule files in folders up: rules are loaded from one folder, not from those in it."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()):
        if path.parent != folder:
            path.rename(folder / "-".join(path.relative_to(folder).parts))


def _swap(folder: Path, name: str, place: Path) -> None:
    link = folder / name
    before = folder / link.readlink() if link.is_symlink() else None
    beside = folder / f".{name}.{os.getpid()}"
    beside.unlink(missing_ok=True)
    beside.symlink_to(place.relative_to(folder))
    beside.replace(link)
    if before and before != place:
        _drop(folder, before)


def _drop(folder: Path, place: Path) -> None:
    # A link that a person made leads to files of his own.
    if place.parent == folder / STORE:
        shutil.rmtree(place, ignore_errors=True)
