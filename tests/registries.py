"""Registries on loopback for tests, each a process of its own that dies with the tests."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from infra.kafka.ports import free_ports
from tests.conftest import stop

PEERS = Path(__file__).parents[1] / "build" / "peers"
START_SECONDS = 30.0
USER, PASSWORD = "ann", "s3cret-of-ann"


class Running(msgspec.Struct, frozen=True):
    """A registry that listens."""

    port: int
    home: Path

    @property
    def host(self) -> str:
        """Return its name for references."""
        return f"localhost:{self.port}"


def program(*names: str) -> str:
    """Return the path of a program, built by `make setup` or installed; skip the test if there is none."""
    for name in names:
        built = PEERS / name
        if built.is_file():
            return str(built)
        if found := shutil.which(name):
            return found
    pytest.skip(
        f"there is no {names[0]}: infra/setup/setup.sh test builds or installs it, given Go and Debian's packages"
    )


@contextmanager
def running(argv: Sequence[str], port: int, home: Path) -> Iterator[Running]:
    """Run a server until the end of the block, from when it takes connections."""
    log = home / "log"
    with log.open("ab") as out:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *argv], stdout=out, stderr=out, cwd=home)
    try:
        wait_for(port, process, log)
        yield Running(port, home)
    finally:
        stop(process)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody listens on a port of loopback."""
    end = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as sock:
            if not sock.connect_ex(("127.0.0.1", port)):
                return
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"the registry did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


@contextmanager
def olareg(home: Path, *more: str) -> Iterator[Running]:
    """Run olareg: referrers API, no authentication."""
    [port] = free_ports(1)
    flags = ["--addr", "127.0.0.1", "--port", str(port), "--dir", str(home), "--api-delete", "--api-blob-delete"]
    with running([program("olareg"), "serve", *flags, *more], port, home) as one:
        yield one


@contextmanager
def docker_registry(home: Path, *, htpasswd: bool = True) -> Iterator[Running]:
    """Run Debian's docker-registry: names and passwords, no referrers API, no removal of tags."""
    argv0, [port] = program("docker-registry"), free_ports(1)
    auth = _htpasswd(home) if htpasswd else {}
    config = _write_config(home, port, auth)
    with running([argv0, "serve", str(config)], port, home) as one:
        yield one


@contextmanager
def distribution(
    home: Path, port: int, auth: dict[str, object], tls: dict[str, str] | None = None
) -> Iterator[Running]:
    """Run distribution 3 with the authentication of its configuration."""
    config = _write_config(home, port, {"auth": auth} if auth else {}, {"tls": tls} if tls else {})
    with running([program("registry"), "serve", str(config)], port, home) as one:
        yield one


def _write_config(home: Path, port: int, more: dict[str, object], http: dict[str, object] | None = None) -> Path:
    config = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(home / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "x", **(http or {})},
        **more,
    }
    path = home / "config.yml"
    path.write_bytes(msgspec.json.encode(config))
    return path


def _htpasswd(home: Path) -> dict[str, object]:
    path = home / "htpasswd"
    argv = [program("htpasswd"), "-nbB", "-C", "4", USER, PASSWORD]
    path.write_bytes(subprocess.run(argv, check=True, capture_output=True, timeout=30).stdout)
    return {"auth": {"htpasswd": {"realm": "tests", "path": str(path)}}}
