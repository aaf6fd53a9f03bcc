"""Histories as a release wrote them: recorded with `python -m tests.golden_histories VERSION`, replayed by the tests.

A file is gzipped lines of JSON: the schemas with their ids in the values, then each message and event as it lay on its
topic, then the state of each entity at the end.
"""

import gzip
import logging
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from schemas.codec import Codec
from schemas.registry import JsonSchema, MemoryRegistry, UnknownSchemaError
from streams.lifecycles.kinds import LIFECYCLES
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.log import Place, Record
from streams.lifecycles.memory_log import MemoryBroker
from streams.lifecycles.simulator import Simulation
from streams.lifecycles.views import View
from streams.lifecycles.walking import explore
from streams.lifecycles.wire import write_message
from streams.nodes import NODES
from streams.volumes import VOLUMES
from tests.lifecycles import PARTITIONS, Memory
from tests.simulation.registry_world import KINDS, RegistryWorld
from tests.simulation.volume_world import VolumeWorld

FOLDER: Final = Path(__file__).parent / "histories/lifecycles"
SEEDS: Final = (0, 1, 2, 3)
STEPS: Final = 6_000
ARTIFACT_SEEDS: Final = (0, 1)
ARTIFACT_STEPS: Final = 2_000


class Line(msgspec.Struct, omit_defaults=True):
    """A line of a file: what is not told is not in it."""

    id: int = 0
    schema: JsonSchema | None = None
    topic: str = ""
    partition: int = 0
    offset: int = 0
    timestamp_ms: int = 0
    key: str = ""
    headers: dict[str, str] = {}
    value: str = ""
    """Base64."""
    kind: str = ""
    name: str = ""
    sequence: int = 0
    phase: str = ""
    state: Any = None


class Golden:
    """A recorded history; also the registry that its release had."""

    def __init__(self, path: Path) -> None:
        lines = gzip.decompress(path.read_bytes()).splitlines()
        self._lines = [msgspec.json.decode(line, type=Line) for line in lines]
        self._schemas = {line.id: line.schema for line in self._lines if line.schema is not None}
        self.codec = Codec(self)

    def register(self, subject: str, schema: JsonSchema) -> int:
        """Refuse: nothing is written to a history that is over."""
        raise AssertionError(f"{subject}: {schema}")

    def schema(self, id: int) -> JsonSchema:
        """Return the schema that the release wrote with."""
        if id not in self._schemas:
            raise UnknownSchemaError(id)
        return self._schemas[id]

    def records(self, topic: str) -> Iterator[Record]:
        """Yield what was on a topic, in the order of each partition."""
        for line in self._lines:
            if line.topic == topic:
                yield Record(
                    place=Place(topic, line.partition),
                    offset=line.offset,
                    timestamp_ms=line.timestamp_ms,
                    key=line.key.encode(),
                    headers=tuple((name, text.encode()) for name, text in line.headers.items()),
                    value=b64decode(line.value),
                )

    def ends(self, kind: str) -> list[Line]:
        """Return how the entities of a kind were in the end."""
        return [line for line in self._lines if line.kind == kind]


def record(broker: MemoryBroker, codec: Codec, registry: MemoryRegistry, kinds: Sequence[Lifecycle[Any]]) -> bytes:
    """Return the file for what is on a log."""
    topics = [topic.name for kind in kinds for topic in (kind.inbox, kind.events)]
    lines = [_line(record) for place, there in broker.records.items() if place.topic in topics for record in there]
    used = {int.from_bytes(b64decode(line.value)[1:5], "big") for line in lines}
    schemas = [Line(id=id, schema=registry.schema(id)) for id in sorted(used)]
    ends = [line for kind in kinds for line in _ends(kind, View(kind, broker, codec))]
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in [*schemas, *lines, *ends])
    return gzip.compress(text, mtime=0)


def _line(record: Record) -> Line:
    return Line(
        topic=record.place.topic,
        partition=record.place.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp_ms,
        key=(record.key or b"").decode(),
        headers={name: (value or b"").decode() for name, value in record.headers},
        value=b64encode(record.value or b"").decode(),
    )


def _ends(kind: Lifecycle[Any], view: View[Any]) -> Iterator[Line]:
    for name, entity in view.all().items():
        state = msgspec.to_builtins(entity.state)
        phase = kind.phase(entity.state)
        yield Line(kind=kind.kind, name=name, sequence=entity.sequence, phase=phase, state=state)


def of_volumes(seed: int) -> bytes:
    """Return the file of a simulated history."""
    simulation = Simulation([VOLUMES], VolumeWorld(), Random(seed))
    simulation.run(STEPS)
    return record(simulation.broker, simulation.codec, simulation.registry, [VOLUMES])


def of_artifacts(seed: int) -> bytes:
    """Return the file of a simulated history of artifacts, and of those who are about many of them."""
    simulation = Simulation(KINDS, RegistryWorld(), Random(seed))
    simulation.run(ARTIFACT_STEPS)
    return record(simulation.broker, simulation.codec, simulation.registry, KINDS)


def of_nodes() -> bytes:
    """Return the file of a node's life by chance."""
    memory = Memory([NODES])
    for number, walk in enumerate(explore(NODES, 4, 30)):
        for message in walk.messages:
            named = msgspec.structs.replace(message, name=f"n{number}", id=f"n{number}/{message.id}")
            memory.broker.append(write_message(NODES, named, PARTITIONS, memory.codec))
    memory.run()
    return record(memory.broker, memory.codec, memory.registry, [NODES])


def main() -> None:
    """Record the histories of a version."""
    logging.disable(logging.WARNING)
    folder = FOLDER / sys.argv[1]
    folder.mkdir(exist_ok=True)
    recorded = {"node", "volume", *(kind.kind for kind in KINDS)}
    assert {one.kind for one in LIFECYCLES} == recorded, "record the new lifecycle, too"
    (folder / "nodes.jsonl.gz").write_bytes(of_nodes())
    for seed in SEEDS:
        (folder / f"volumes-{seed}.jsonl.gz").write_bytes(of_volumes(seed))
    for seed in ARTIFACT_SEEDS:
        (folder / f"artifacts-{seed}.jsonl.gz").write_bytes(of_artifacts(seed))


if __name__ == "__main__":
    main()
