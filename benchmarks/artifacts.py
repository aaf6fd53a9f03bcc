"""Artifacts moved by `deedlog artifact`, beside `oras` if it is there: `python -m benchmarks.artifacts [--sparse]`.

Both tools run the same commands in turn, each against a repository of its own in one registry on this machine, so that
what else the machine does falls on both. Figures are of the whole process: wall time, CPU time, most memory.
"""

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from infra.kafka.ports import free_ports
from tests.registries import PEERS, docker_registry, olareg

SEARCHED = f"{PEERS}:{os.environ.get('PATH', '')}"

Row = tuple[str, str, str]

RUNS = 3
LARGE = 1 << 30
FILES, SMALL = 1_000, 16 << 10
SPARSE_FILES, SPARSE = 20, 1 << 30
ROUND_TRIP = 20
"""Milliseconds."""
RATE = 10 << 20
MIDDLING = 200 << 20
TIMEOUT = 900


class Cost(msgspec.Struct, frozen=True):
    """What a process took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system."""
    memory: int
    """Bytes at most."""


def rows(sparse: bool = False) -> list[Row]:
    """Measure everything with both tools; nothing where there is no registry to measure with."""
    if not shutil.which("olareg", path=SEARCHED):
        return [("artifacts", "not measured", "olareg is not there: it takes Go")]
    with tempfile.TemporaryDirectory(prefix="deedlog-bench-", dir="/var/tmp") as place, olareg(made(place, "o")) as one:
        bench = Bench(Path(place), one.host)
        measured = [*bench.one_file(), *bench.many_files(), *bench.start(), *bench.referrers(20), *bench.referrers(500)]
        if sparse:
            measured += bench.sparse_tree()
        with docker_registry(made(place, "docker"), htpasswd=False) as docker:
            measured += bench.to_fallback(docker.host, 20)
        with link(one.port, ROUND_TRIP, 0) as port:
            measured += bench.over_link(f"localhost:{port}")
        with link(one.port, ROUND_TRIP, RATE) as port:
            measured += bench.over_slow_link(f"localhost:{port}")
        return [*bench.floors(), *measured]


class Bench:
    """The tools, and the files they move."""

    def __init__(self, folder: Path, registry: str) -> None:
        self._folder = folder
        self._registry = registry
        self._number = 0
        deedlog = Path(sys.executable).with_name("deedlog")
        self._tools = {"deedlog": [str(deedlog), "artifact"]}
        if oras := shutil.which("oras", path=SEARCHED):
            self._tools["oras"] = [oras]
        (folder / "home").mkdir()
        # No pipeline is configured here: the client alone is measured.
        self._env = os.environ | {"DEEDLOG_HOME": str(folder / "none"), "HOME": str(folder / "home")}
        self._cache = folder / "cache"

    def one_file(self) -> list[Row]:
        """Push and pull one large file."""
        place = self._folder / "large"
        place.mkdir()
        write_random(place / "blob", LARGE)
        rows = self._push_and_pull("1 GiB file", place, ["blob"])
        again = lambda tool: self._run(tool, ["push", self._fresh(), "blob"], place)  # noqa: E731
        return [*rows, self._row("push it again, elsewhere", again)]

    def many_files(self) -> list[Row]:
        """Push and pull many small files."""
        place = self._folder / "many"
        place.mkdir()
        names = [f"f{number:04}" for number in range(FILES)]
        for name in names:
            write_random(place / name, SMALL)
        return self._push_and_pull("1,000 files of 16 KiB", place, names)

    def sparse_tree(self) -> list[Row]:
        """Push and pull a folder of files that are all holes."""
        place = self._folder / "sparse"
        (place / "tree").mkdir(parents=True)
        for number in range(SPARSE_FILES):
            with (place / "tree" / f"f{number}").open("wb") as file:
                file.truncate(SPARSE)
        return self._push_and_pull("20 GiB sparse tree", place, ["tree"], runs=1)

    def start(self) -> list[Row]:
        """What the smallest useful commands take: start-up and a request or two."""
        name = self._fresh()
        self._run("deedlog", ["push", name, "f0000"], self._folder / "many")
        return [
            self._row("resolve", lambda tool: self._run(tool, ["resolve", name]), "aim: 60 ms", 15),
            self._row("discover", lambda tool: self._run(tool, ["discover", name]), "", 15),
        ]

    def referrers(self, count: int) -> list[Row]:
        """Copy an artifact with so many referrers, to a registry and to a layout."""
        source = self._with_referrers(count)
        what = f"cp -r with {count} referrers"
        return [self._copies(what, source, self._fresh), self._row(f"{what}, to a layout", self._to_layout(source))]

    def to_fallback(self, registry: str, count: int) -> list[Row]:
        """Copy to a registry without the referrers API."""
        what = f"cp -r with {count} referrers, fallback tag"
        return [self._copies(what, self._with_referrers(count), lambda: self._fresh(registry))]

    def over_link(self, registry: str) -> list[Row]:
        """Copy and push over a link on which an answer takes a while."""
        source, many = self._with_referrers(20), self._folder / "many"
        there = source.replace(self._registry, registry)
        names = [f"f{number:04}" for number in range(100)]
        return [
            self._copies(f"cp -r with 20 referrers, {ROUND_TRIP} ms link", there, lambda: self._fresh(registry)),
            self._row(
                f"push 100 files of 16 KiB, {ROUND_TRIP} ms link",
                lambda tool: self._run(tool, ["push", self._fresh(registry), *names], many),
            ),
        ]

    def over_slow_link(self, registry: str) -> list[Row]:
        """Pull a file over a link that gives each connection so much."""
        place, name = made(str(self._folder), "middling"), self._fresh()
        write_random(place / "blob", MIDDLING)
        self._run("deedlog", ["push", name, "blob"], place)
        there = name.replace(self._registry, registry)

        def pull(tool: str) -> Cost:
            with fresh_folder(self._folder / "pulled") as out:
                return self._run(tool, ["pull", there, "-o", str(out)])

        return [self._row(f"pull {MIDDLING >> 20} MiB, {RATE >> 20} MiB/s for a connection", pull, runs=2)]

    def _copies(self, what: str, source: str, fresh: Callable[[], str]) -> Row:
        """Measure copies, and how many referrers arrived by them."""
        arrived: dict[str, list[int]] = {tool: [] for tool in self._tools}

        def copy(tool: str) -> Cost:
            name = fresh()
            cost = self._run(tool, ["cp", "-r", source, name], must=tool == "deedlog")
            arrived[tool].append(self._arrived(name))
            return cost

        what, ours, theirs = self._row(what, copy)
        lost = {tool: counts for tool, counts in arrived.items() if len(set(counts)) > 1 or tool == "oras"}
        return what, ours, theirs + "".join(f"; {tool}'s arrived: {counts}" for tool, counts in lost.items())

    def _arrived(self, name: str) -> int:
        from infra.oci.errors import NotFoundError
        from infra.registries.connecting import connect

        with connect(name) as repository:
            try:
                return len(list(repository.referrers(repository.resolve("v1"))))
            except NotFoundError:
                return 0

    def floors(self) -> list[Row]:
        """What the machine takes for the least that has to be done."""
        block, digest, before = bytes(1 << 20), hashlib.sha256(), time.perf_counter()
        for _ in range(1024):
            digest.update(block)
        hashing = time.perf_counter() - before
        starts = sorted(self._cost([sys.executable, "-c", "pass"]).wall for _ in range(9))
        return [
            ("sha256 of 1 GiB", f"{hashing:.2f} s", "floor of push and pull: CPU once each"),
            ("python, nothing imported", f"{starts[4] * 1e3:.0f} ms", "floor of start-up"),
        ]

    def _push_and_pull(self, what: str, place: Path, names: list[str], runs: int = RUNS) -> list[Row]:
        pushed = {tool: self._fresh() for tool in self._tools}

        def push(tool: str) -> Cost:
            # Only the first push of a file is one and the same work for both.
            shutil.rmtree(self._cache, ignore_errors=True)
            pushed[tool] = self._fresh()
            return self._run(tool, ["push", pushed[tool], *names], place)

        def pull(tool: str) -> Cost:
            with fresh_folder(self._folder / "pulled") as out:
                return self._run(tool, ["pull", pushed[tool], "-o", str(out)])

        return [self._row(f"push {what}", push, runs=runs), self._row(f"pull {what}", pull, runs=runs)]

    def _to_layout(self, source: str) -> Callable[[str], Cost]:
        def copy(tool: str) -> Cost:
            with fresh_folder(self._folder / "layout") as out:
                return self._run(tool, ["cp", "-r", source, "--to-oci-layout", f"{out}:v1"])

        return copy

    def _with_referrers(self, count: int) -> str:
        """Push an artifact and what refers to it, by our own library, and return where it is."""
        from infra.oci.copying import copy_with_referrers
        from infra.oci.memory import Memory
        from infra.registries.connecting import connect
        from tests.artifacts import artifact, layer

        memory, name = Memory(), self._fresh()
        root = artifact(memory, layer(memory, os.urandom(1000), "a"))
        for number in range(count):
            content = layer(memory, json.dumps({"number": number}).encode(), "sbom.json")
            artifact(memory, content, subject=root, kind="application/spdx+json", number=str(number))
        repository = connect(name)
        copy_with_referrers(memory, repository, root)
        repository.tag(root, "v1")
        return name

    def _row(self, what: str, run: Callable[[str], Cost], aim: str = "", runs: int = RUNS) -> Row:
        costs: dict[str, list[Cost]] = {tool: [] for tool in self._tools}
        for _ in range(runs):
            for tool in self._tools:
                costs[tool].append(run(tool))
        ours = told(costs["deedlog"])
        if "oras" not in costs:
            return (what, ours, aim or "oras is not installed")
        ratio = middle(costs["oras"], "wall") / middle(costs["deedlog"], "wall")
        return (what, ours, f"oras: {told(costs['oras'])}; x{ratio:.2f}{'; ' if aim else ''}{aim}")

    def _fresh(self, registry: str = "") -> str:
        self._number += 1
        return f"{registry or self._registry}/bench/r{self._number}:v1"

    def _run(self, tool: str, arguments: list[str], folder: Path | None = None, *, must: bool = True) -> Cost:
        return self._cost([*self._tools[tool], *arguments], folder, must)

    def _cost(self, argv: list[str], folder: Path | None = None, must: bool = True) -> Cost:
        with tempfile.NamedTemporaryFile(mode="r") as figures:
            # What a process that we start ourselves had at most would be no less than what this one has.
            timed = ["/usr/bin/time", "-f", "%e %U %S %M", "-o", figures.name, *argv]
            before = time.perf_counter()
            environment = self._env | {"XDG_CACHE_HOME": str(self._cache)}
            done = subprocess.run(timed, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
            wall = time.perf_counter() - before
            if done.returncode and must:
                raise RuntimeError(f"{' '.join(argv[:5])}: {done.stderr[-2000:]}")
            _, user, system, kibibytes = figures.read().splitlines()[-1].split()
        return Cost(wall, float(user) + float(system), int(kibibytes) << 10)


@contextmanager
def link(upstream: int, round_trip: int, rate: int) -> Iterator[int]:
    """Put a link before a port of loopback; yield the port to use instead."""
    [port] = free_ports(1)
    argv = [sys.executable, "-m", "benchmarks.slow_link", str(port), str(upstream), str(round_trip), str(rate)]
    with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *argv], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield port
        finally:
            process.kill()


def made(place: str, name: str) -> Path:
    """Make a folder, and return it."""
    (folder := Path(place) / name).mkdir()
    return folder


def write_random(path: Path, size: int) -> None:
    """Write a file that cannot be compressed."""
    with path.open("wb") as file:
        for start in range(0, size, 1 << 24):
            file.write(os.urandom(min(1 << 24, size - start)))


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """Give a folder that is not there, and remove it."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def middle(costs: list[Cost], field: str) -> float:
    """Return the median of a figure."""
    return statistics.median(getattr(cost, field) for cost in costs)


def told(costs: list[Cost]) -> str:
    """Return figures for people: the median and the range of wall time, the medians of the others."""
    walls = [cost.wall for cost in costs]
    scale, unit = (1e3, "ms") if middle(costs, "wall") < 1 else (1, "s")
    low, high = min(walls) * scale, max(walls) * scale
    figure = f"{middle(costs, 'wall') * scale:.3g} {unit} ({low:.3g}-{high:.3g})"
    return f"{figure}, CPU {middle(costs, 'cpu'):.2f} s, {middle(costs, 'memory') / (1 << 20):.0f} MiB"


def main() -> int:
    """Print the table, and what the machine was doing."""
    before = os.getloadavg()[0]
    for row in rows("--sparse" in sys.argv[1:]):
        print(*row, sep=" | ", flush=True)
    print(f"load average before {before:.1f}, after {os.getloadavg()[0]:.1f} (the runs' own included)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
