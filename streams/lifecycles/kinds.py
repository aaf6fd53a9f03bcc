"""All lifecycles, by the names that people call them."""

from typing import Any, Final

from streams.lifecycles.lifecycle import Lifecycle
from streams.nodes import NODES

LIFECYCLES: Final[tuple[Lifecycle[Any], ...]] = (NODES,)
"""In the order of their history: each may speak of those before it."""
KINDS: Final[dict[str, Lifecycle[Any]]] = {one.kind: one for one in LIFECYCLES} | {
    f"{one.kind}s": one for one in LIFECYCLES
}
"""By singular and by plural."""
