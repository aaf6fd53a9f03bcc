"""What may be read of a volume: what was flushed, or anything written to the block since."""

from collections.abc import Callable

from streams.volumes.state import Volume
from tests.simulation.disks import Blocks

ANYTHING = -1


class Oracle:
    """Knows what clients of one volume wrote, and what its snapshots hold."""

    def __init__(self) -> None:
        self.safe: dict[int, int] = {}
        """Last value of each block that was flushed; 0: never written."""
        self.since: dict[int, list[int]] = {}
        """Values that were written since then, acknowledged or not."""
        self.snapshots: dict[str, Blocks] = {}
        self.head = ""
        self.fault = ""
        self.exists = False
        self.unknown = False
        self.generation = 0
        """Number of the controller that counts; an older one may still acknowledge, to clients that nobody reaches."""
        self.served = 0
        """Number of the last controller that serves: what an older one writes must go nowhere."""

    def tried(self, block: int, value: int) -> None:
        self.since.setdefault(block, []).append(value)

    def flushed(self, content: Blocks) -> None:
        """Take what can be read now for safe: nothing older may come back, and nothing newer is there."""
        self.check(content, "what is flushed")
        self.safe, self.since = dict(content), {}

    def freeze(self, layer: str, content: Blocks) -> None:
        self.snapshots.setdefault(layer, dict(content))

    def check(self, content: Blocks, where: str) -> None:
        if self.unknown:
            return
        for block in self.safe.keys() | self.since.keys() | content.keys():
            allowed = {self.safe.get(block, 0), *self.since.get(block, ())}
            found = content.get(block, 0)
            assert found in allowed, f"{where}: block {block} is {found}, and may be {sorted(allowed)}"

    def check_snapshot(self, layer: str, content: Blocks, where: str) -> None:
        if not self.unknown and layer in self.snapshots:
            wanted = {block: value for block, value in self.snapshots[layer].items() if value}
            assert wanted == content, f"{where}: layer {layer} holds {content}, and held {wanted} when it was frozen"

    def follow(self, state: Volume, content: Callable[[str], Blocks | None], others: "dict[str, Oracle]") -> None:
        """Take note of what was decided: reverted, cloned, salvaged, deleted, frozen at rest."""
        if not state.exists:
            if self.exists:
                self.__init__()  # type: ignore[misc]
            return
        self.exists = True
        self.generation = state.generation
        if state.controller and state.controller.endpoint:
            self.served = state.controller.generation
        if self.fault and not state.fault:
            self.unknown = True
        self.fault = state.fault
        if state.source and state.source.layers and not self.head:
            self._begin_with(others[state.source.volume].snapshots.get(state.source.layers[-1], {}))
            self.unknown = others[state.source.volume].unknown
        if self.head and state.head != self.head and self.head not in state.chain(state.head):
            parent = state.layer(state.head)
            assert parent is not None
            if not state.layer(self.head):
                self._begin_with(self.snapshots.get(parent.parent, {}))
        self.head = state.head
        for layer in state.layers:
            if layer.name != state.head and layer.name not in self.snapshots and not state.active:
                held = content(layer.name)
                if held is not None:
                    self.freeze(layer.name, held)

    def _begin_with(self, content: Blocks) -> None:
        self.safe, self.since = dict(content), {}
