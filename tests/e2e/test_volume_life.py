"""The life of a volume as a user meets it, on nodes in a network: what is flushed is there, whatever dies."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec
import pytest

from infra.config import as_environment
from tests.namespaces import Namespace, bridge, relay
from tests.pipelines import DEEDLOG, Pipeline, pipeline

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(420)]

NODES: Final = {"n1": "10.91.0.1", "n2": "10.91.0.2", "n3": "10.91.0.3"}
SIZE: Final = "64Mi"
PATIENCE: Final = 60.0
KILLS: Final = 12


class Cluster:
    """A pipeline and agents of three nodes, in a network namespace each."""

    def __init__(self, running: Pipeline, spaces: dict[str, Namespace]) -> None:
        self.pipeline = running
        self.spaces = spaces
        self.agents: dict[str, subprocess.Popen[bytes]] = {}

    def start_agent(self, node: str) -> None:
        """Start the agent of a node, as on a machine of its own."""
        settings = self.pipeline.settings
        own = msgspec.structs.replace(
            settings,
            node=node,
            node_address=NODES[node],
            bootstrap_servers=settings.kafka,
            registry_url=settings.registry,
        )
        argv = ["setpriv", "--pdeathsig", "KILL", DEEDLOG, "node", "run"]
        with (settings.logs / f"{node}.log").open("ab") as log:
            self.agents[node] = subprocess.Popen(
                self.spaces[node].command(*argv), env=os.environ | as_environment(own), stdout=log, stderr=log
            )

    def engine(self, node: str, kind: str, volume: str = "data") -> list[int]:
        """Return the processes of a volume's replicas or its controller on a node."""
        folder = self.pipeline.settings.home / "volumes" / node / volume
        found = [int(path.read_text()) for path in folder.glob(f"{kind}/*.pid")]
        return [pid for pid in found if Path(f"/proc/{pid}").exists()]

    def volume(self, name: str = "data") -> str:
        """Return the phase of a volume."""
        return self.pipeline.run("get", "volume", name, "-o", "json")

    def wait(self, name: str, phase: str) -> None:
        """Wait until a volume is in a phase; the broker may be away meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while True:
            done = self.pipeline.command("wait", f"volume/{name}", f"--for={phase}", "--timeout", f"{PATIENCE:.0f}s")
            if not done.returncode:
                return
            assert "does not answer" in done.stderr, done.stderr
            assert time.monotonic() < deadline, done.stderr
            time.sleep(0.5)

    def endpoint(self, name: str = "data") -> str:
        """Return where a volume is served."""
        return self.pipeline.run("volume", "endpoint", name).strip()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = Path("/tmp") / f"deedlog-e2e-{os.getpid()}"
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["rm", "-rf", str(home)])
        running = stack.enter_context(pipeline(home, "host"))
        switch = stack.enter_context(bridge())
        spaces = {node: stack.enter_context(switch.namespace(node, address)) for node, address in NODES.items()}
        for space in spaces.values():
            stack.enter_context(relay(space, running.settings.kafka_port, running.settings.api_port))
        running.up()
        running.run("node", "cordon", "host")
        made = Cluster(running, spaces)
        stack.callback(end, made)
        for node in NODES:
            made.start_agent(node)
        nodes_ready(running)
        yield made
        for volume in ("data", "loop"):
            print(running.command("history", "volume", volume).stdout)
        for node in NODES:
            print((running.settings.logs / f"{node}.log").read_text()[-3000:])


def end(cluster: Cluster) -> None:
    """End the agents and the engines of the nodes."""
    for agent in cluster.agents.values():
        agent.kill()
        agent.wait()
    for node in NODES:
        for kind in ("*", "controller"):
            for volume in (cluster.pipeline.settings.home / "volumes" / node).glob("*"):
                for pid in cluster.engine(node, kind, volume.name):
                    os.kill(pid, signal.SIGKILL)


def nodes_ready(running: Pipeline) -> None:
    deadline = time.monotonic() + PATIENCE
    while not all(node in running.run("node", "list") for node in NODES):
        assert time.monotonic() < deadline, running.run("node", "list")
        time.sleep(0.2)


@contextmanager
def fio(uri: str, folder: Path, **options: object) -> Iterator[subprocess.Popen[str]]:
    """Run fio with verification on a volume; what it said is asserted at the end."""
    given = {
        "name": "v",
        "ioengine": "nbd",
        "uri": uri,
        "rw": "randwrite",
        "bs": "4k",
        "size": "32m",
        "verify": "crc32c",
        "iodepth": 8,
    } | options
    argv = ["fio", *(f"--{name}={value}" for name, value in given.items())]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder) as process:
        try:
            yield process
            said, _ = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 0, said


@contextmanager
def front(uri: str, folder: Path) -> Iterator[str]:
    """Stand between a client that does not connect again and a volume, as a virtual machine's own client would."""
    export, socket = uri.removeprefix("nbd+unix:///").split("?socket=")
    up = f"driver=nbd,node-name=up,server.type=unix,server.path={socket},export={export},reconnect-delay=60"
    own = folder / "front.sock"
    argv = ["qemu-storage-daemon", "--blockdev", up, "--nbd-server", f"addr.type=unix,addr.path={own}"]
    argv += ["--export", "type=nbd,id=e,node-name=up,name=dev,writable=on"]
    with subprocess.Popen(argv) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not own.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield f"nbd+unix:///dev?socket={own}"
        finally:
            process.kill()


def test_a_volume_lives_through_what_happens_to_it(cluster: Cluster, tmp_path: Path) -> None:
    run = cluster.pipeline.run
    run("volume", "create", "data", "--size", SIZE, "--replicas", "2", "--node", "n1", "--node", "n2", "--node", "n3")
    run("volume", "attach", "data", "--node", "n1", "--wait")
    placed = run("describe", "volume", "data")
    with fio(cluster.endpoint(), tmp_path, verify_backlog=512, rate_iops=1500, io_size="48m") as process:
        time.sleep(1)
        away = next(node for node in ("n2", "n3") if cluster.engine(node, "r*"))
        os.kill(cluster.engine(away, "r*")[0], signal.SIGKILL)
        killed = time.monotonic()
        cluster.wait("data", "degraded")
        cluster.wait("data", "attached")
        print(f"rebuilt over TLS on another node {time.monotonic() - killed:.1f} s after the kill, under I/O")
        assert process.poll() is None, "the rebuild is not under load: give it more"
    other = next(node for node in ("n1", "n2", "n3") if node != away and node != "n1" and node in NODES)
    assert cluster.engine(other, "r*") or "n1" not in placed
    run("volume", "snapshot", "data", "s1", "--wait")
    with fio(cluster.endpoint(), tmp_path, rw="write", verify_pattern="0xdeadbeef", size="16m"):
        pass
    run("volume", "detach", "data", "--wait")
    run("volume", "revert", "data", "s1")
    run("volume", "attach", "data", "--node", "n3", "--wait")
    with fio(cluster.endpoint(), tmp_path, verify_only=1):
        pass
    run("volume", "clone", "data@s1", "copy")
    cluster.wait("copy", "detached")
    run("volume", "attach", "copy", "--node", "n2", "--wait")
    same = ["qemu-img", "compare", "-U", "-f", "raw", "-F", "raw", cluster.endpoint(), cluster.endpoint("copy")]
    assert subprocess.run(same, capture_output=True, text=True, timeout=60).returncode == 0
    told = run("history", "volume", "data")
    for event in ("ReplicaFailed", "ReplicaSettled", "SnapshotTaken", "VolumeReverted", "SnapshotHeld"):
        assert event in told
    run("volume", "detach", "copy", "--wait")
    run("delete", "volume", "copy", "--wait")


def test_killed_at_random_nothing_flushed_is_lost(cluster: Cluster, tmp_path: Path) -> None:
    """Of controller, replicas, agents, the lifecycle service and the broker one after the other is killed -9."""
    run = cluster.pipeline.run
    run("volume", "create", "loop", "--size", SIZE, "--replicas", "2")
    run("volume", "attach", "loop", "--node", "n1", "--wait")
    chance = random.Random(11)
    with front(cluster.endpoint("loop"), tmp_path) as uri:
        for number in range(KILLS):
            with fio(uri, tmp_path, end_fsync=1, fsync=32, size="4m", offset=f"{number % 8 * 4}m", randseed=number):
                time.sleep(chance.uniform(0.05, 0.4))
                print(number, kill_something(cluster, chance, number))
            cluster.wait("loop", "attached")
        for number in range(8):
            last = max(n for n in range(KILLS) if n % 8 == number)
            with fio(uri, tmp_path, verify_only=1, size="4m", offset=f"{number * 4}m", randseed=last):
                pass
    verify_events(cluster)


def kill_something(cluster: Cluster, chance: random.Random, number: int) -> str:
    what = ("controller", "replica", "agent", "lifecycles", "replica", "controller", "broker")[number % 7]
    node = chance.choice(list(NODES))
    match what:
        case "controller":
            pids = [pid for name in NODES for pid in cluster.engine(name, "controller", "loop")]
        case "replica":
            pids = [pid for name in NODES for pid in cluster.engine(name, "r*", "loop")][:1]
        case "agent":
            cluster.agents[node].kill()
            cluster.agents[node].wait()
            cluster.start_agent(node)
            return f"agent of {node}"
        case _:
            pids = [cluster.pipeline.processes()["kafka" if what == "broker" else what]["pid"]]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return f"{what} {pids}"


def verify_events(cluster: Cluster) -> None:
    """See that no event is lost or doubled, and that what is kept is what the events tell."""
    done = cluster.pipeline.command("snapshots", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
