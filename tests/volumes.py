"""Real volumes for tests: replicas and controllers of nodes, and fio, which verifies what it reads."""

import hashlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.volumes.certificates import ensure
from infra.volumes.controllers import Controllers
from infra.volumes.daemon import daemons
from infra.volumes.peer import Part
from infra.volumes.replicas import Replicas
from infra.volumes.starting import Listen
from infra.volumes.words import LayerSource, Member

VOLUME: Final = "data"
SIZE = 64 << 20
HOST: Final = "127.0.0.1"
SECONDS: Final = 60


class Node:
    """A node: all its replicas and controllers are in one folder."""

    def __init__(self, folder: Path, certificates: Path, name: str) -> None:
        self.name = name
        self.folder = folder / name
        self.tls = ensure(certificates, name, [HOST])
        self.nodes: dict[str, Node] = {name: self}
        self.replicas = Replicas(self.folder, HOST, self.tls, lambda other: self.nodes[other].replicas)
        self.controllers = Controllers(self.folder, self.tls)

    def start(
        self,
        replica: str,
        chain: tuple[str, ...] = ("a",),
        incarnation: int = 1,
        generation: int = 1,
        listen: Listen = "tcp",
        obsolete: frozenset[str] = frozenset(),
        known: frozenset[str] = frozenset(),
    ) -> Member:
        """Start a replica, and return it as a member."""
        self.replicas.build(VOLUME, replica, SIZE, ())
        address = self.replicas.start(
            VOLUME,
            replica,
            incarnation=incarnation,
            generation=generation,
            size=SIZE,
            chain=chain,
            listen=listen,
            obsolete=obsolete,
            known=known,
        )
        return Member(replica=replica, address=address)

    def control(self, *members: Member, generation: int = 1, epoch: int = 1) -> str:
        """Start the volume's controller; return the address of its export."""
        socket = self.controllers.control(VOLUME, generation=generation, epoch=epoch, size=SIZE, members=members)
        return uri(socket, epoch)

    def part(self, replica: str, incarnation: int = 1) -> Part:
        return Part(replica, self.replicas, incarnation)

    def file(self, replica: str, layer: str) -> Path:
        return self.folder / VOLUME / replica / f"{layer}.qcow2"

    def names(self, replica: str) -> tuple[str, ...]:
        """Return the layers that have files."""
        return tuple(sorted(path.stem for path in self.file(replica, "any").parent.glob("*.qcow2")))

    def pid(self, replica: str) -> int:
        return next(one.pid for one in self.replicas.running() if one.replica == replica)

    def kill(self, replica: str) -> None:
        os.kill(self.pid(replica), signal.SIGKILL)

    def kill_all(self) -> None:
        """End every engine of the node by force."""
        for folder in self.folder.glob("*/*"):
            for daemon in daemons(folder):
                daemon.kill()


def uri(socket: Path, epoch: int = 1) -> str:
    """Return the address of a volume for NBD clients."""
    return f"nbd+unix:///{VOLUME}-e{epoch}?socket={socket}"


def layers(node: Node, replica: str, *names: str) -> tuple[LayerSource, ...]:
    """Return frozen layers of a replica as sources of copies."""
    return tuple(LayerSource(name=name, node=node.name, volume=VOLUME, replica=replica) for name in names)


@contextmanager
def fio(address: str, *options: str, mib: int = 16, iops: int = 2000) -> Iterator["subprocess.Popen[str]"]:
    """Write random blocks while the context lasts, and read back each: it fails if one is not as it was written."""
    argv = [
        *("setpriv", "--pdeathsig", "KILL", "fio", "--thread", "--name=verified", "--ioengine=nbd", f"--uri={address}"),
        *("--rw=randwrite", "--bs=4k", "--iodepth=8", f"--size={mib}M", f"--rate_iops={iops}"),
        *(
            "--verify=crc32c",
            "--verify_backlog=256",
            "--verify_fatal=1",
            "--verify_state_save=0",
            "--randrepeat=0",
            *options,
        ),
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
            output, _ = process.communicate(timeout=SECONDS)
        except BaseException:
            process.kill()
            raise
    assert process.returncode == 0, output
    assert "verify:" not in output and "error" not in output.replace("err= 0", ""), output


def is_running(process: "subprocess.Popen[str]") -> bool:
    return process.poll() is None


def write(address: str, *commands: str) -> None:
    """Do what qemu-io is told, such as `write -P 7 0 64k`, and flush."""
    told = [word for command in (*commands, "flush") for word in ("-c", command)]
    done = subprocess.run(["qemu-io", "-f", "raw", *told, address], capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0 and "error" not in done.stdout, done.stdout + done.stderr


def content(source: Path | str) -> str:
    """Return a digest of all that a reader of a layer, or of an NBD address, sees."""
    kind = ("raw",) if str(source).startswith("nbd") else ("qcow2", "-U")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        argv = ["qemu-img", "convert", "-f", *kind, "-O", "raw", str(source), str(raw)]
        subprocess.run(argv, check=True, capture_output=True, timeout=SECONDS)
        with raw.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def is_equal(first: Path, second: Path) -> bool:
    """Return whether readers of two layers see the same, byte by byte."""
    argv = ["qemu-img", "compare", "-U", "-f", "qcow2", "-F", "qcow2", str(first), str(second)]
    return subprocess.run(argv, capture_output=True, timeout=SECONDS, check=False).returncode == 0
