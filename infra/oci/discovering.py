"""The tree of what refers to an artifact, to what refers to it, and so on."""

import threading
from typing import Final

import msgspec

from infra.oci.crew import each
from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError
from infra.oci.target import ReadOnlyTarget

MOST_LEVELS: Final = 100
"""Nobody signs the signature of a signature so often: a registry that makes up more is asked no further."""
MOST_REFERRERS: Final = 100_000
"""Referrers at all levels."""


class Tree(msgspec.Struct):
    """A manifest and what refers to it."""

    descriptor: Descriptor
    referrers: "list[Tree]"


def discover(
    target: ReadOnlyTarget, root: Descriptor, *, artifact_type: str = "", depth: int = 0, concurrency: int = 5
) -> Tree:
    """Return what refers to an artifact, down to a depth, 0 for all; the type filters every level.

    A manifest that refers to itself by a detour is shown once. Raises what the target raises.
    """
    top, seen, lock = Tree(root, []), {root.digest}, threading.Lock()

    def look(item: tuple[Tree, int]) -> list[tuple[Tree, int]]:
        tree, level = item
        found = list(target.referrers(tree.descriptor, artifact_type))
        if level > MOST_LEVELS:
            raise InvalidContentError(
                f"there are more than {MOST_LEVELS} levels of referrers", "--depth 1 shows the first"
            )
        with lock:
            new = [one for one in found if one.digest not in seen]
            seen.update(one.digest for one in new)
            if len(seen) > MOST_REFERRERS:
                raise InvalidContentError(
                    f"there are more than {MOST_REFERRERS:,} referrers", "--depth 1 shows the first level"
                )
        tree.referrers = [Tree(one, []) for one in new]
        return [(below, level + 1) for below in tree.referrers] if level != depth else []

    each(look, [(top, 1)], concurrency)
    return top
