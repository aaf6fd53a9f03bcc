"""Keeps the index of referrers that stands in for the API, though others write it at the same time.

A registry cannot compare and swap a tag. So the index is read, changed, written, and read again, at once and a little
later: who was overtaken puts his entries in again. Only a writer that takes much longer than others between reading and
writing can still undo what they wrote. In one process writers of one subject wait for each other.

Source: OCI distribution-spec 1.1, section Pushing Manifests with Subject, and Deleting Manifests.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from infra.oci.descriptors import Descriptor, describe
from infra.oci.errors import OciError
from infra.oci.manifests import Manifest
from infra.oci.media_types import IMAGE_INDEX
from infra.registries.client import Client
from infra.registries.manifests import Manifests
from infra.registries.referrers import Referrers, fallback_tag
from infra.registries.turns import Turns

MOST_WRITES: Final = 20
SETTLING: Final = 2.5
"""How many times as long as a write took is waited before the last look."""


class Change(msgspec.Struct):
    """What is to be changed in the index of one subject."""

    subject: Descriptor
    added: dict[str, Descriptor] = {}
    removed: set[str] = set()


class FallbackIndex:
    """Changes indexes of referrers, at once or, in a gathering, once at its end."""

    def __init__(self, client: Client, manifests: Manifests, referrers: Referrers) -> None:
        self._client = client
        self._manifests = manifests
        self._referrers = referrers
        self._lock = threading.Lock()
        self._turns = Turns()
        self._gathered: dict[str, Change] = {}
        self._gatherings = 0

    def add(self, subject: Descriptor, referrer: Descriptor) -> None:
        """Let the index of a subject hold a referrer. Raises OciError if others overwrite it again and again."""
        with self._lock:
            if self._gatherings:
                change = self._gathered.setdefault(subject.digest, Change(subject, {}, set()))
                change.added[referrer.digest] = referrer
                return
        self._apply(Change(subject, {referrer.digest: referrer}, set()))

    def remove(self, subject: Descriptor, digest: str) -> None:
        """Let the index of a subject hold a referrer no longer. Raises what `add` does."""
        with self._lock:
            change = self._gathered.get(subject.digest)
            if change is not None:
                change.added.pop(digest, None)
        self._apply(Change(subject, {}, {digest}))

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Write each index once, at the end of the block, also if the block failed: what was pushed is there."""
        with self._lock:
            self._gatherings += 1
        try:
            yield
        finally:
            for change in self._leave():
                self._apply(change)

    def _leave(self) -> list[Change]:
        with self._lock:
            self._gatherings -= 1
            if self._gatherings:
                return []
            changes = list(self._gathered.values())
            self._gathered.clear()
        return changes

    def _apply(self, change: Change) -> None:
        with self._turns.of(change.subject.digest):
            for _ in range(MOST_WRITES):
                begun = time.monotonic()
                if not self._write(change) or self._stays(change, time.monotonic() - begun):
                    return
        tag = fallback_tag(change.subject)
        raise OciError(f"the index of referrers {tag} is overwritten by others again and again", "try again later")

    def _stays(self, change: Change, seconds: float) -> bool:
        """Say whether what was written is still there after those could write who had read before.

        They are taken to need about as long between reading and writing as this writer did.
        """
        if self._missing(change):
            return False
        self._client.sleep(seconds * SETTLING * random.uniform(0.75, 1.25))
        return not self._missing(change)

    def _missing(self, change: Change) -> bool:
        there = self._referrers.tagged(change.subject)
        return merged(there, change) != there

    def _write(self, change: Change) -> bool:
        """Write what is missing; return whether anything was."""
        there = self._referrers.tagged(change.subject)
        wanted = merged(there, change)
        if wanted == there:
            return False
        index = Manifest(media_type=IMAGE_INDEX, manifests=wanted)
        data = msgspec.json.encode({"schemaVersion": 2, **msgspec.to_builtins(index), "manifests": wanted})
        self._manifests.put(fallback_tag(change.subject), describe(data, IMAGE_INDEX), data).close()
        return True


def merged(there: tuple[Descriptor, ...], change: Change) -> tuple[Descriptor, ...]:
    """Return the entries of an index after a change: each once, the new ones last."""
    kept = {one.digest: one for one in there if one.digest and one.digest not in change.removed}
    for digest, one in change.added.items():
        kept.setdefault(digest, one)
    return tuple(kept.values())
