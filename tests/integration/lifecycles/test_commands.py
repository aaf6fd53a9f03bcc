"""Commands about entities as people give them: a real broker, registry and lifecycle service."""

import subprocess
import time
from collections.abc import Iterator
from functools import partial
from signal import SIGINT
from typing import Any

import msgspec
import pytest

from infra.config import Settings
from producers.publisher import Publisher
from schemas.topics import VOLUMES_INBOX
from schemas.types.volumes import NodeOffer, NodesFound, ReplicaBuilt
from tests.integration.cli.conftest import Program
from tests.integration.lifecycles.conftest import report
from tests.integration.worker.conftest import wait_for

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def deedlog(lifecycles: Settings) -> Program:
    return Program(lifecycles)


@pytest.fixture(scope="module")
def publisher(lifecycles: Settings, deedlog: Program) -> Iterator[Publisher]:
    with Publisher(lifecycles.kafka, lifecycles.registry, source="/test") as publisher:
        for node in ("n1", "n2"):
            # Known, but never found by the service itself: the tests say where replicas go.
            report(publisher, node)
            publisher.flush(10)
            wait_for(partial(succeeds, deedlog, "node", "cordon", node), lambda: "the node is not there")
        yield publisher


def succeeds(deedlog: Program, *arguments: str) -> bool:
    return deedlog.run(*arguments)[0] == 0


def done(deedlog: Program, *arguments: str, stdin: str = "") -> str:
    code, out, err = deedlog.run(*arguments, stdin=stdin)
    assert code == 0, err
    return out


def volume(deedlog: Program, name: str) -> dict[str, Any]:
    [found] = deedlog.lines("get", "volume", name, "-o", "json")
    assert isinstance(found, dict)
    return found


def answer(deedlog: Program, publisher: Publisher, name: str, effect: str, body: msgspec.Struct) -> None:
    """Tell what an agent would when it has done an effect, and wait until it counts."""
    [pending] = [one for one in volume(deedlog, name)["status"]["pending"] if one["id"] == effect]
    publisher.publish(VOLUMES_INBOX, body, key=name, subject=f"volume/{name}", causation_id=pending["cause"])
    publisher.flush(10)
    wait_for(
        lambda: effect not in [one["id"] for one in volume(deedlog, name)["status"]["pending"]], lambda: "not answered"
    )


def make(deedlog: Program, publisher: Publisher, name: str) -> None:
    """Make a volume that is detached."""
    done(deedlog, "volume", "create", name, "--size", "1Gi", "--replicas", "2")
    offers = (NodeOffer(node="n1", free=1 << 40), NodeOffer(node="n2", free=1 << 40))
    answer(deedlog, publisher, name, "find-nodes/1/2", NodesFound(effect="find-nodes/1/2", nodes=offers))
    for replica in ("r1", "r2"):
        effect = f"build/{replica}"
        answer(deedlog, publisher, name, effect, ReplicaBuilt(effect=effect, replica=replica))


def test_a_volume_as_the_first_page_tells_it(deedlog: Program, publisher: Publisher) -> None:
    make(deedlog, publisher, "data")
    assert done(deedlog, "wait", "volume/data", "--for=detached", "--timeout", "20s") == ""
    history = done(deedlog, "history", "volume", "data").splitlines()
    assert history[0].split() == ["TIME", "NUMBER", "EVENT", "WHAT", "BY"]
    assert "VolumeCreated" in history[1]
    assert "@" in history[1].split()[-1]
    assert volume(deedlog, "data")["status"]["phase"] == "detached"
    [then] = deedlog.lines("get", "volume", "data", "--at", "1", "-o", "json")
    assert then["metadata"]["version"] == 1
    assert then["status"]["phase"] == "creating"
    assert done(deedlog, "get", "volumes", "-o", "name").split() == ["volume/data"]
    assert "Endpoint" not in done(deedlog, "describe", "volume", "data")
    told = done(deedlog, "diff", "volume", "data", "--at", "1", "--at", "now")
    assert "-  phase: creating" in told
    assert "+  phase: detached" in told
    done(deedlog, "volume", "snapshot", "data", "s1")
    assert done(deedlog, "volume", "snapshots", "data").splitlines()[1].startswith("s1 ")


def test_a_time_before_everything_finds_nothing(deedlog: Program, publisher: Publisher) -> None:
    make(deedlog, publisher, "late")
    code, _, err = deedlog.run("get", "volume", "late", "--at", "1h")
    assert code == 3
    assert "There was none at that moment" in err
    assert done(deedlog, "get", "volumes", "--at", "1h") == ""


def test_a_dry_run_tells_what_then_happens(deedlog: Program, publisher: Publisher) -> None:
    make(deedlog, publisher, "dry")
    for command in (["attach", "dry", "--node", "n2"], ["detach", "dry"], ["replicas", "dry", "3"]):
        before = volume(deedlog, "dry")
        foretold = deedlog.lines("volume", *command, "--dry-run", "-o", "json")
        assert volume(deedlog, "dry") == before
        told = deedlog.lines("volume", *command, "-o", "json")
        assert [(one["sequence"], one["type"], one["event"]) for one in foretold] == [
            (one["sequence"], one["type"], one["event"]) for one in told
        ]
    code, _, err = deedlog.run("volume", "revert", "dry", "nothing", "--dry-run")
    assert code == 1
    assert "no-snapshot" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["volume", "attach", "absent"], 3, "not-found"),
        (["volume", "attach", "absent", "--node", "n11"], 3, "Did you mean n1?"),
        (["volume", "create", "far", "--size", "1Gi", "--node", "mars"], 3, "There is no node mars"),
        (["delete", "volume", "absent"], 3, "not-found"),
        (["node", "cordon", "absent"], 3, "there is no node absent"),
        (["get", "volume", "absent"], 3, "There is no volume absent"),
        (["history", "volume", "never"], 3, "It has no history"),
        (["explain", "volume/never/1"], 3, "There is nothing with the id"),
        (["volume", "create", "Data", "--size", "1Gi"], 2, "is no name"),
        (["volume", "create", "small", "--size", "1Ki"], 1, "bad-size"),
        (["volume", "create", "x"], 2, "How large?"),
        (["wait", "volume/absent", "--for=detached", "--timeout", "1s"], 3, "There is no volume absent"),
        (["get", "volume", "--at", "3"], 2, "needs a name"),
        (["apply", "-f", "/nowhere.yaml"], 3, "There is no /nowhere.yaml"),
    ],
)
@pytest.mark.usefixtures("publisher")
def test_what_cannot_be_done_is_told(deedlog: Program, arguments: list[str], code: int, said: str) -> None:
    got, _, err = deedlog.run(*arguments)
    assert (got, said in err) == (code, True), err
    assert len(err.splitlines()) <= 3


def test_an_old_version_is_a_conflict(deedlog: Program, publisher: Publisher) -> None:
    make(deedlog, publisher, "versions")
    version = volume(deedlog, "versions")["metadata"]["version"]
    done(deedlog, "label", "volume", "versions", "a=b", "--if-version", str(version))
    for more in ([], ["--dry-run"]):
        code, _, err = deedlog.run("label", "volume", "versions", "a=c", "--if-version", str(version), *more)
        assert code == 6, err
    assert volume(deedlog, "versions")["metadata"]["labels"] == {"a": "b"}


def test_labels_select(deedlog: Program, publisher: Publisher) -> None:
    for name in ("label-1", "label-2"):
        done(deedlog, "volume", "create", name, "--size", "1Gi", "--label", f"own={name}")
    assert done(deedlog, "get", "volumes", "-l", "own in (label-1,label-2)", "-o", "name").split() == [
        "volume/label-1",
        "volume/label-2",
    ]
    done(deedlog, "label", "volume/label-1", "own-", "x=1")
    assert done(deedlog, "get", "volumes", "-l", "x=1,!own", "-o", "name").split() == ["volume/label-1"]


MANIFESTS = """
apiVersion: deedlog.dev/v1
kind: Volume
metadata: {name: applied-1, labels: {app: web}}
spec: {size: 1Gi, replicas: 3}
---
apiVersion: deedlog.dev/v1
kind: Volume
metadata: {name: applied-2}
spec: {size: 2Gi}
"""


def test_manifests_are_applied_changed_and_left(deedlog: Program) -> None:
    foretold = done(deedlog, "apply", "-f", "-", "--dry-run", stdin=MANIFESTS)
    assert "volume/applied-1 1: volume created: size=1GiB replicas=3" in foretold
    assert deedlog.run("get", "volume", "applied-1")[0] == 3
    done(deedlog, "apply", "-f", "-", stdin=MANIFESTS)
    written = done(deedlog, "get", "volumes", "-l", "app=web", "-o", "yaml")
    _, out, err = deedlog.run("apply", "-f", "-", stdin=written)
    assert (out, err) == ("", "volume/applied-1 unchanged\n")
    changed = written.replace("replicas: 3", "replicas: 1").replace("app: web", "app: db")
    code, out, err = deedlog.run("apply", "-f", "-", "-o", "json", stdin=changed)
    assert code == 0, err
    events = out.splitlines()
    assert [msgspec.json.decode(line)["type"].rpartition(".")[2] for line in events] == [
        "ReplicasChanged",
        "LabelsChanged",
    ]
    code, _, err = deedlog.run("apply", "-f", "-", stdin=MANIFESTS.replace("2Gi", "3Gi"))
    assert code == 1
    assert "cannot be changed" in err


def test_explain_tells_the_chain(deedlog: Program, publisher: Publisher) -> None:
    make(deedlog, publisher, "chain")
    id = done(deedlog, "volume", "create", "chain-2", "--from", "chain").strip()
    wait_for(
        lambda: "HoldRefused" in done(deedlog, "explain", id) or "SourceReady" in done(deedlog, "explain", id), str
    )
    told = done(deedlog, "explain", id).splitlines()
    assert told[0].endswith("◀")
    assert "command CreateVolume to volume/chain-2" in told[0]
    assert "volume/chain-2/1" in told[1]
    assert "command HoldSnapshot to volume/chain [volume/chain-2/1/0]" in "".join(told)
    whole = done(deedlog, "explain", "volume/chain/build/r1")
    assert whole.splitlines()[0].split()[1:3] == ["command", "CreateVolume"]
    for wanted in (
        "effect find-nodes/1/2 of volume/chain",
        "observation NodesFound",
        "effect build/r1",
        "ReplicaBuilt",
    ):
        assert wanted in whole
    records = deedlog.lines("explain", "volume/chain/1", "-o", "json")
    assert [one["role"] for one in records][:3] == ["command", "event", "effect"]
    known = {one["id"] for one in records}
    assert all(one["follows_from"] in known for one in records[1:])


def test_deletion_is_waited_for_and_leaves_its_history(deedlog: Program, publisher: Publisher) -> None:
    report(publisher, "gone")
    publisher.flush(10)
    wait_for(lambda: deedlog.run("get", "node", "gone")[0] == 0, lambda: "the node is not there")
    waiting = deedlog.start("wait", "node/gone", "--for=deleted", "--timeout", "30s", stderr=subprocess.PIPE)
    assert "node/gone is absent" not in done(deedlog, "node", "list")
    done(deedlog, "delete", "node", "gone", "--wait")
    _, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, "node/gone is unknown" in err) == (0, True), err
    assert deedlog.run("get", "node", "gone")[0] == 3
    assert "NodeForgotten" in done(deedlog, "history", "node", "gone")
    code, _, err = deedlog.run("wait", "node/gone", "--for=ready", "--timeout", "1s")
    assert (code, "its history is" in err) == (3, True), err


def test_waiting_ends_in_time(deedlog: Program) -> None:
    done(deedlog, "volume", "create", "slow", "--size", "1Gi")
    for arguments in (["wait", "volume/slow", "--for=detached"], ["volume", "repair", "slow", "--wait"]):
        began = time.monotonic()
        code, _, err = deedlog.run(*arguments, "--timeout", "1s")
        assert (code, "pending: find-nodes/1/2" in err) == (5, True), err
        assert time.monotonic() - began < 20


def test_watching_shows_each_change(deedlog: Program, publisher: Publisher) -> None:
    report(publisher, "watched")
    publisher.flush(10)
    wait_for(lambda: deedlog.run("get", "node", "watched")[0] == 0, lambda: "the node is not there")
    states = deedlog.start("get", "node", "watched", "--watch", "-o", "json")
    events = deedlog.start("history", "node", "watched", "--watch", "-o", "json")
    assert states.stdout and events.stdout
    assert msgspec.json.decode(states.stdout.readline())["status"]["phase"] == "ready"
    assert msgspec.json.decode(events.stdout.readline())["sequence"] == 1
    done(deedlog, "node", "cordon", "watched")
    assert msgspec.json.decode(states.stdout.readline())["status"]["phase"] == "cordoned"
    assert msgspec.json.decode(events.stdout.readline())["type"] == "deedlog.nodes.NodeCordoned"
    for process in (states, events):
        process.send_signal(SIGINT)
        assert process.wait(20) == 130
        process.communicate()
