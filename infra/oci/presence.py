"""What a destination has already, found out with few questions: each is a trip to a registry and back."""

import threading
from collections.abc import Mapping
from typing import Final

from infra.oci.descriptors import EMPTY, Descriptor
from infra.oci.target import Target

NOTHING: Final[Mapping[str, Descriptor]] = {}
SAMPLE: Final = 8
"""Blobs of which none was there before small ones are taken not to be."""


class Presence:
    """What is asked of a destination while a graph is copied to it."""

    def __init__(self, destination: Target, subjects: Mapping[str, Descriptor] = NOTHING) -> None:
        """Ask a destination; `subjects` are those of manifests that are known to refer to something, by digest."""
        self.destination = destination
        self._subjects = subjects
        self._listed: dict[str, set[str]] = {}
        self._listing = threading.Lock()
        self._asked = self._found = 0
        self._lock = threading.Lock()

    def of_manifest(self, one: Descriptor) -> bool:
        """Say whether a manifest is there; of a referrer, whether it is listed as one, which is asked once for all."""
        subject = self._subjects.get(one.digest)
        if subject is None:
            return self.destination.exists(one)
        with self._listing:
            if subject.digest not in self._listed:
                self._listed[subject.digest] = {found.digest for found in self.destination.referrers(subject)}
        return one.digest in self._listed[subject.digest]

    def of_blob(self, blob: Descriptor) -> bool:
        """Say whether a blob is there; of small ones that may be a guess that it is not, which costs no more.

        When none of the first blobs was there, the others hardly are, and to write a small one that is there after
        all takes as long as to ask for it.
        """
        with self._lock:
            if self._asked >= SAMPLE and not self._found and blob.size <= self.destination.eager_bytes:
                return False
        found = self.destination.exists(blob)
        if blob.digest != EMPTY.digest:
            with self._lock:
                self._asked += 1
                self._found += found
        return found
