"""What clients do gets on the log: sent by who is started for it, killed or not, each once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from infra.artifacts.acts import FOLDER
from infra.artifacts.spool import Record, Spool
from infra.config import Settings, as_environment
from tests.integration.cli.conftest import Program
from tests.integration.worker.conftest import PROJECT, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

DIGESTS = [f"sha256:{number:064x}" for number in range(1, 6)]
ROUNDS = 6
ACTS = 1000
CLIENT = """
import sys
from infra.artifacts.acts import recorded
from infra.oci.descriptors import Descriptor
with recorded("push", registry="r.test", repository="a/b", tag="v1", descriptor=Descriptor("m/t", sys.argv[1], 7)):
    if sys.argv[2:]:
        raise ValueError("no room, said https://ann:hunter2@r.test")
"""


def environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, **as_environment(settings)}


def history(settings: Settings, digest: str) -> list[dict[str, object]]:
    code, out, _ = Program(settings).run("history", "artifact", digest, "-o", "jsonl")
    return [msgspec.json.decode(line) for line in out.splitlines()] if code == 0 else []


def test_an_act_is_sent_by_who_the_client_starts(deciding: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(deciding, home=tmp_path / "client")
    for more in ([], ["failing"]):
        argv = [sys.executable, "-c", CLIENT, DIGESTS[0], *more]
        subprocess.run(argv, env=environment(settings), cwd=PROJECT, check=not more, capture_output=True, timeout=30)
    wait_for(lambda: len(history(settings, DIGESTS[0])) == 4, lambda: str(history(settings, DIGESTS[0])))
    found = history(settings, DIGESTS[0])
    assert [str(one["type"]).rpartition(".")[2] for one in found] == [
        "ActBegan",
        "ArtifactPushed",
        "ActBegan",
        "ActFailed",
    ]
    assert "hunter2" not in str(found)
    assert not Spool(settings.home / FOLDER).waits()
    code, out, err = Program(settings).run("history", "artifact", "r.test/a/b:v1")
    assert code == 0, err
    assert "ArtifactPushed" in out


def test_senders_that_are_killed_send_each_record_once(deciding: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(deciding, home=tmp_path / "client")
    spool, acts, killed = Spool(settings.home / FOLDER), [], 0
    argv = [sys.executable, "-P", "-m", "infra.artifacts.sending"]
    for round in range(ROUNDS):
        names = [f"act-{round}-{number}" for number in range(ACTS)]
        spool.append(*(record(half, act, number) for number, act in enumerate(names) for half in ("began", "ended")))
        acts += names
        sender = subprocess.Popen(argv, env=environment(settings), cwd=PROJECT)
        _await_batch(settings, sender)
        time.sleep(round * 0.01)
        killed += sender.poll() is None
        sender.send_signal(signal.SIGKILL)
        sender.wait()
    assert killed >= 3
    subprocess.run(argv, env=environment(settings), cwd=PROJECT, check=True, timeout=60)
    assert not spool.waits()

    def told() -> list[tuple[str, str]]:
        found = [one for digest in DIGESTS[1:] for one in history(settings, digest)]
        return [(str(one["type"]).rpartition(".")[2], one["event"]["act"]) for one in found]  # type: ignore[index]

    wait_for(lambda: len(told()) >= 2 * len(acts), lambda: f"{len(told())} of {2 * len(acts)}")
    counts = Counter(told())
    assert set(counts) == {(kind, act) for act in acts for kind in ("ActBegan", "ArtifactPulled")}
    assert set(counts.values()) == {1}


def test_without_kafka_acts_wait_and_are_sent_later_in_order(deciding: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(deciding, home=tmp_path / "client")
    gone = msgspec.structs.replace(settings, bootstrap_servers="127.0.0.1:9")
    digest = f"sha256:{'e' * 64}"
    for _ in range(3):
        argv = [sys.executable, "-c", CLIENT, digest]
        began = time.monotonic()
        subprocess.run(argv, env=environment(gone), cwd=PROJECT, check=True, timeout=30)
        assert time.monotonic() - began < 10
    assert Spool(settings.home / FOLDER).waiting() == 6
    with Spool(settings.home / FOLDER).sender() as alone:
        assert not alone  # one tries still
    sender = subprocess.run(
        ["pgrep", "-f", f"-u{os.getuid()}", "infra.artifacts.sending"], capture_output=True, text=True
    )
    for pid in sender.stdout.split():
        if f"DEEDLOG_HOME={settings.home}" in Path(f"/proc/{pid}/environ").read_text():
            os.kill(int(pid), signal.SIGKILL)
    wait_for(lambda: _free(settings), lambda: "the sender holds on")
    argv = [sys.executable, "-P", "-m", "infra.artifacts.sending"]
    subprocess.run(argv, env=environment(settings), cwd=PROJECT, check=True, timeout=60)
    wait_for(lambda: len(history(settings, digest)) == 6, lambda: str(history(settings, digest)))
    numbers = [one["event"]["number"] for one in history(settings, digest)]  # type: ignore[index]
    assert numbers == sorted(numbers)


def record(half: str, act: str, number: int) -> Record:
    return Record(half, DIGESTS[1 + number % 4], "pull", {"act": act, "registry": "r", "repository": "a"})


def _await_batch(settings: Settings, sender: subprocess.Popen[bytes]) -> None:
    """Wait until the sender has noted that a batch is on the log."""
    before = _noted(settings)
    wait_for(lambda: _noted(settings) > before or sender.poll() is not None, lambda: "nothing is sent")


def _noted(settings: Settings) -> int:
    try:
        return (settings.home / FOLDER / "sent").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _free(settings: Settings) -> bool:
    with Spool(settings.home / FOLDER).sender() as alone:
        return alone
