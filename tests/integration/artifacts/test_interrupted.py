"""Commands that are killed, interrupted, or run out of disk: what they leave, and what the same command does then."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.oci.descriptors import describe
from tests.faults import Fault, Faults, Raw, Seen, between
from tests.registries import Running

pytestmark = pytest.mark.registry

LARGE = 120 << 20
PIECE = 1 << 20
SECONDS = 60.0
PROGRAM = (sys.executable, "-m", "infra.cli.entry", "artifact")


@pytest.fixture
def slow(registry: Running) -> Iterator[Faults]:
    with between(registry.port) as faults:
        yield faults


def start(*words: str, folder: Path, **more: object) -> "subprocess.Popen[str]":
    environment = {name: text for name, text in os.environ.items() if not name.startswith("DEEDLOG_")}
    environment |= {"PYTHONPATH": str(Path.cwd()), "HOME": str(folder)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*PROGRAM, *words], cwd=folder, env=environment, **streams, **more)  # type: ignore[call-overload,no-any-return]


def run(*words: str, folder: Path, **more: object) -> str:
    process = start(*words, folder=folder, **more)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    return str(out)


def wait(until: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)


def ranges(faults: Faults, since: int) -> list[str]:
    """Return what was asked for of blobs; empty texts stand for all of one."""
    seen = [one for one in faults.seen[since:] if one.method == "GET" and "/blobs/" in one.target]
    return [one.headers.get("range", "") for one in seen]


def repository(faults: Faults, tmp_path: Path) -> str:
    return f"{faults.host}/interrupted{abs(hash(str(tmp_path))) % 10**8}"


def dripping(data: bytes) -> Callable[[Seen], Fault | None]:
    """Plan that a blob comes slowly when all of it is asked for."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\nAccept-Ranges: bytes\r\n\r\n".encode()
    pieces = (head, *(data[at : at + PIECE] for at in range(0, len(data), PIECE)))
    blob = f"/blobs/{describe(data, '').digest}"
    slowly = Raw(pieces, 0.02)
    return lambda seen: slowly if seen.method == "GET" and seen.target.endswith(blob) else None


def test_a_pull_that_is_killed_goes_on_where_it_was(slow: Faults, tmp_path: Path) -> None:
    data, out = os.urandom(LARGE), tmp_path / "out"
    (tmp_path / "large").write_bytes(data)
    reference = f"{repository(slow, tmp_path)}:v1"
    run("push", reference, "large", folder=tmp_path)
    slow.plan = dripping(data)
    process = start("pull", "-o", "out", reference, folder=tmp_path)
    wait(lambda: [path for path in out.glob(".large.*.part") if path.stat().st_size > LARGE // 8])
    process.send_signal(signal.SIGKILL)
    process.communicate()
    [part] = out.iterdir()
    there = part.stat().st_size
    assert LARGE // 8 < there < LARGE
    slow.plan, before = lambda _: None, len(slow.seen)
    run("pull", "-o", "out", reference, folder=tmp_path)
    asked = [
        seen.headers.get("range") for seen in slow.seen[before:] if seen.method == "GET" and "/blobs/" in seen.target
    ]
    assert asked[0] == f"bytes={there}-"
    assert [path.name for path in out.iterdir()] == ["large"]
    assert (out / "large").read_bytes() == data


def test_a_push_that_is_killed_is_done_by_the_next(slow: Faults, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(LARGE))
    reference = f"{repository(slow, tmp_path)}:v1"
    stalled = stalling(slow)
    process = start("push", reference, "large", folder=tmp_path)
    wait(lambda: stalled)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    slow.plan = lambda _: None
    run("push", reference, "large", folder=tmp_path)
    run("pull", "-o", "out", reference, folder=tmp_path)
    assert (tmp_path / "out/large").read_bytes() == (tmp_path / "large").read_bytes()


def stalling(faults: Faults, method: str = "PUT") -> list[str]:
    """Plan that bodies of blobs are not taken; return where those are noted."""
    stalled: list[str] = []

    def plan(seen: Seen) -> None:
        if seen.method == method and "/blobs/" in seen.target:
            stalled.append(seen.target)
            time.sleep(SECONDS)

    faults.plan = plan
    return stalled


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupted_push_ends_at_once(slow: Faults, times: int, tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(4)]
    for name in names:
        (tmp_path / name).write_bytes(os.urandom(20 << 20))
    stalled = stalling(slow)
    process = start("push", f"{repository(slow, tmp_path)}:v1", *names, folder=tmp_path)
    wait(lambda: len(stalled) == len(names))
    begun = time.monotonic()
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert time.monotonic() - begun < 2
    assert process.returncode in (1, -signal.SIGINT)
    assert "Traceback" not in err
    assert times > 1 or err == "Error: interrupted; the same command goes on with what is not done yet\n"


def test_an_interrupted_pull_ends_at_once_and_goes_on(slow: Faults, tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(3)]
    for name in names:
        (tmp_path / name).write_bytes(os.urandom(40 << 20))
    reference = f"{repository(slow, tmp_path)}:v1"
    run("push", reference, *names, folder=tmp_path)
    stalled = stalling(slow, "GET")
    process = start("pull", "-o", "out", reference, folder=tmp_path)
    wait(lambda: len(stalled) == len(names))
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert time.monotonic() - begun < 2
    assert (process.returncode, err.count("\n"), "interrupted" in err) == (1, 1, True)
    slow.plan = lambda _: None
    run("pull", "-o", "out", reference, folder=tmp_path)
    assert all((tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


def test_two_pushes_of_one_tag_at_once(slow: Faults, tmp_path: Path) -> None:
    reference, folders = f"{repository(slow, tmp_path)}:v1", [tmp_path / str(number) for number in range(4)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "f").write_bytes(bytes([number]) * (1 << 20))
    processes = [start("push", reference, "f", folder=folder) for folder in folders]
    said = [process.communicate(timeout=SECONDS) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    digests = [out.split("Digest: ")[1].strip() for out, _ in said]
    assert run("resolve", reference, folder=tmp_path).strip() in digests
    for number, digest in enumerate(digests):
        run("pull", "-o", digest[7:], f"{repository(slow, tmp_path)}@{digest}", folder=tmp_path)
        assert (tmp_path / digest[7:] / "f").read_bytes() == (folders[number] / "f").read_bytes()


def small_files() -> None:
    """Let no file become larger than a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))


FULL = {
    "pull": ("pull", "-o", "out", "{}"),
    "layout": ("cp", "{}", "--to-oci-layout", "out:v1"),
    "backup": ("backup", "-o", "out", "{}"),
    "archive": ("backup", "-o", "out.tar", "{}"),
    "blob": ("blob", "fetch", "-o", "out", "{blob}"),
}


@pytest.mark.parametrize("way", FULL)
def test_a_full_disk_is_said_and_gone_on_with(slow: Faults, way: str, tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    (tmp_path / "f").write_bytes(data)
    place = repository(slow, tmp_path)
    run("push", f"{place}:v1", "f", folder=tmp_path)
    blob = describe(data, "").digest
    words = [word.format(f"{place}:v1", blob=f"{place}@{blob}") for word in FULL[way]]
    process = start(*words, folder=tmp_path, preexec_fn=small_files)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "file too large\nMake room" in err
    assert re.match("Error: [^ ]*(out|backup|part)", err)
    assert err.count("\n") == 2
    left = [path.relative_to(tmp_path) for path in tmp_path.rglob("[!.]*") if path.is_file() and path.name != "f"]
    left = [path for path in left if path.parts[0] != ".cache"]
    assert not [path for path in left if path.name in ("out.tar", blob[7:]) or str(path) == "out"]
    left = [path.relative_to(tmp_path) for path in (tmp_path / "out").glob(".*")]
    assert len([path for path in left if path.suffix == ".part"]) == (1 if way == "pull" else 0)
    before = len(slow.seen)
    run(*words, folder=tmp_path)
    if way == "pull":
        [asked] = [
            one.headers["range"] for one in slow.seen[before:] if one.method == "GET" and "/blobs/" in one.target
        ]
        assert asked == f"bytes={2 << 20}-"
        assert (tmp_path / "out/f").read_bytes() == data
