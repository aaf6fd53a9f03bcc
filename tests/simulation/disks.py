"""A model of what replicas hold: blocks in layers, what is flushed and what is lost with a process."""

from random import Random

Blocks = dict[int, int]


class Process:
    """The process of a replica."""

    def __init__(self, incarnation: int, generation: int) -> None:
        self.incarnation = incarnation
        self.generation = generation


class Disk:
    """The folder of a replica on a node."""

    def __init__(self) -> None:
        self.layers: dict[str, Blocks] = {}
        self.chain: list[str] = []
        self.below: dict[str, str] = {}
        """The layer that each is on top of, as its header says."""
        self.head = ""
        self.unflushed: Blocks = {}
        self.borrowed: Blocks = {}
        """What is under the head and is read from another replica, until it is copied."""
        self.spent = 0
        self.clean_at = 0
        """Incarnation that ended in good order last."""
        self.written = 0
        self.lost: set[str] = set()
        """Replicas that are known to have missed writes which this one got."""
        self.process: Process | None = None

    def write(self, block: int, value: int, at: int) -> None:
        self.unflushed[block] = value
        self.written = at

    def flush(self) -> None:
        if self.unflushed:
            self.layers[self.head].update(self.unflushed)
            self.unflushed = {}

    def die(self, random: Random | None) -> None:
        """Lose what is not flushed, or by chance some of it."""
        if random is not None:
            self.unflushed = {b: v for b, v in self.unflushed.items() if random.random() < 0.5}
            self.flush()
        self.unflushed = {}
        self.process = None

    def along(self, chain: tuple[str, ...]) -> Blocks:
        """Return what a reader will see once the replica is started with that chain."""
        found: Blocks = {}
        for name in chain:
            found |= self.layers.get(name, {})
        return found | (self.unflushed if self.head == chain[-1] else {})

    def content(self, top: str = "") -> Blocks:
        """Return what a reader sees, of the head or of a frozen layer."""
        found = dict(self.borrowed)
        for name in self.chain:
            found |= self.layers[name]
            if name == top:
                return found
        return found | self.unflushed
