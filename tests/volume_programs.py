"""A program that takes a snapshot of a test's volume and is killed in the midst of it: by its own hand, at a moment."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from infra.volumes.joining import Joining
from infra.volumes.peer import Part
from infra.volumes.replicas import Replicas
from infra.volumes.words import Member
from schemas.types.volumes import Address
from tests.volumes import HOST, VOLUME, Node


class Doomed(Replicas):
    """Replicas of this node; the process ends before or after something is done with one of them."""

    def doom(self, moment: str, replica: str) -> None:
        self._moment, self._replica = moment, replica

    def prepare(self, volume: str, replica: str, incarnation: int, layer: str) -> bool:
        self._reached("before prepare", replica)
        done = super().prepare(volume, replica, incarnation, layer)
        self._reached("after prepare", replica)
        return done

    def take(self, volume: str, replica: str, incarnation: int, layer: str) -> None:
        self._reached("before take", replica)
        super().take(volume, replica, incarnation, layer)
        self._reached("after take", replica)

    def lean(self, volume: str, replica: str, incarnation: int, backing: Address) -> None:
        self._reached("before lean", replica)
        super().lean(volume, replica, incarnation, backing)
        self._reached("after lean", replica)

    def _reached(self, moment: str, replica: str) -> None:
        if (moment, replica) == (self._moment, self._replica):
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, moment: str, layer: str, *joining: Any) -> None:
    """Take `layer` with replicas r1 and r2; with an export and a port given, r3 joins."""
    node = Node(Path(folder), Path(folder) / "tls", "n1")
    doomed = Doomed(node.folder, HOST, node.tls)
    doomed.doom(moment, "r3" if joining else "r2")
    parts = (Part("r1", doomed, 1), Part("r2", doomed, 1))
    if not joining:
        node.controllers.snapshot(VOLUME, generation=1, layer=layer, members=parts)
        return
    export, port = joining
    new = Member(replica="r3", address=Address(export=export, host=HOST, port=int(port)))
    wanted = Joining(member=new, peer=doomed, incarnation=1, source=parts[0], frozen="a")
    node.controllers.join(VOLUME, generation=1, layer=layer, members=parts, joining=wanted)


if __name__ == "__main__":
    main(*sys.argv[1:])
