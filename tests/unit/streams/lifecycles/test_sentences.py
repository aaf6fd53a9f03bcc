import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.types import TYPES
from schemas.types.artifacts import ArtifactPushed
from schemas.types.lifecycles import CommandRejected, EffectProgressed, EffectRetried, LabelsChanged
from schemas.types.nodes import CordonNode
from schemas.types.volumes import Address, ControllerStarted, ReplicaStarted, VolumeCreated
from streams.lifecycles.sentences import detail, executor, sentence


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (CordonNode(), "cordon node"),
        (
            VolumeCreated(size=1 << 30, replicas=2, anti_affinity="preferred", nodes=("a", "b")),
            "volume created: size=1GiB replicas=2 anti_affinity=preferred nodes=a,b",
        ),
        (
            ReplicaStarted(effect="start/r1", replica="r1", incarnation=1, address=Address(export="e", port=7)),
            "replica started: effect=start/r1 replica=r1 incarnation=1 address=(host= port=7 path= export=e)",
        ),
        (
            CommandRejected(command="deedlog.volumes.AttachVolume", code="creating", reason="no", fix="wait"),
            "command rejected: attach volume: no (creating); try: wait",
        ),
        (
            EffectRetried(effect="build/r1", attempt=2, retry_at=1_700_000_000_000_000_000, error="full"),
            "effect retried: attempt 2 at build/r1: full; again at 22:13:20",
        ),
        (EffectProgressed(effect="e", done=1 << 20, total=1 << 22), "effect progressed: e: 1 MiB of 4 MiB (25%)"),
        (EffectProgressed(effect="e", done=1, total=0, unit="files"), "effect progressed: e: 1 of 0 files"),
        (LabelsChanged(labels={"b": "2", "a": "1"}), "labels changed: a=1,b=2"),
        (LabelsChanged(labels={}), "labels changed: none"),
        (
            ControllerStarted(effect="e", generation=3, endpoint="nbd+unix:///x"),
            "controller started: effect=e generation=3 endpoint=nbd+unix:///x",
        ),
    ],
)
def test_what_an_event_says(event: msgspec.Struct, said: str) -> None:
    assert sentence(event).replace("host= ", "").replace("path= ", "") == said.replace("host= ", "").replace(
        "path= ", ""
    )


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            ReplicaStarted(effect="start/r1", replica="r1", incarnation=1, address=Address(export="r-i1-g1", port=7)),
            "replica=r1 incarnation=1 address=r-i1-g1",
        ),
        (
            ControllerStarted(effect="e", generation=3, endpoint="nbd+unix:///data-e1?socket=/a/b/endpoint.sock"),
            "generation=3 endpoint=data-e1",
        ),
        (ControllerStarted(effect="e", generation=3, endpoint="nbd://[x"), "generation=3 endpoint=[x"),
        (
            ArtifactPushed(act="1", by="ann@vm", registry="r.test", repository="a", tag="v1", size=9, spool="2", at=5),
            "registry=r.test repository=a tag=v1",
        ),
    ],
)
def test_in_brief_addresses_are_exports_and_what_is_for_programs_is_left_out(event: msgspec.Struct, said: str) -> None:
    assert detail(event, brief=True) == said


LIFECYCLE_TYPES = [
    t for name, t in TYPES.items() if name.split(".")[1] in ("lifecycles", "volumes", "nodes", "artifacts")
]


@given(st.sampled_from(LIFECYCLE_TYPES).flatmap(st.from_type))
def test_every_event_and_command_has_a_sentence(event: msgspec.Struct) -> None:
    said = sentence(event)
    assert said
    assert len(detail(event, brief=True)) <= len(detail(event))
    assert said.split(":")[0].replace(" ", "") == type(event).__name__.lower()


def test_who_does_an_effect() -> None:
    assert [executor(node) for node in ("n1", "", None)] == ["n1", "the lifecycle service", "nobody: it is waited for"]
