"""Makes the class archive from which the broker starts in half the time: `python -m infra.kafka.archive`.

A broker runs for a moment, is used as the pipeline uses it, and stores the classes it loaded when it ends
(AppCDS). The archive is good only for one Java and one set of jars; without it the broker starts slower.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from infra.cli.errors import CliError
from infra.config import Settings
from infra.kafka import jars
from infra.kafka.broker import BrokerError, listens, prepare
from infra.kafka.ports import free_ports
from schemas.topics import EVENTS

SECONDS: Final = 60


def main() -> int:
    """Make the archive if there is no good one; exit code 1 if that failed. `--check` only says if there is one."""
    if "--check" in sys.argv[1:]:
        java = jars.java()
        return 0 if java and jars.archive(java) else 1
    try:
        print(make())
    except CliError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def make() -> Path:
    """Return the class archive for the Java and jars of now, made if need be; raises BrokerError."""
    java = jars.java()
    if java is None:
        raise BrokerError("There is no Java", "Kafka runs on Java 17 or newer", "make setup")
    if found := jars.archive(java):
        return found
    with tempfile.TemporaryDirectory(prefix="deedlog-archive-", dir=jars.BUILD) as folder:
        raw = Path(folder) / "classes.jsa"
        _train(Path(folder), raw)
        for stale in jars.BUILD.glob("classes-*.jsa"):
            stale.unlink()
        return raw.rename(jars.BUILD / f"classes-{jars.archive_key(java)}-{raw.stat().st_size}.jsa")


def _train(home: Path, raw: Path) -> None:
    kafka, controller = free_ports(2)
    settings = Settings(home=home, kafka_port=kafka, controller_port=controller)
    prepare(settings, options=())
    argv = prepare(settings, options=(f"-XX:ArchiveClassesAtExit={raw}",))
    with (home / "kafka.log").open("wb") as log:
        broker = subprocess.Popen(argv, stdout=log, stderr=log, cwd=home)
    try:
        _await(broker, settings)
        _use(settings.kafka)
        broker.terminate()
        broker.wait(SECONDS)
    finally:
        broker.kill()
        broker.wait()
    if not raw.exists():
        tail = "\n".join((home / "kafka.log").read_text(errors="replace").splitlines()[-5:])
        raise BrokerError("The class archive was not made", tail, "deedlog doctor")


def _await(broker: subprocess.Popen[bytes], settings: Settings) -> None:
    end = time.monotonic() + SECONDS
    while not listens(settings) and broker.poll() is None and time.monotonic() < end:
        time.sleep(0.05)


def _use(bootstrap_servers: str) -> None:
    """Do once what the pipeline does all the time: create, produce, consume in a group, commit."""
    # Imported late: `make setup` asks only whether there is an archive, every time.
    from confluent_kafka import Consumer, Producer

    from infra.kafka.topics import create_topics

    create_topics(bootstrap_servers)
    common = {"bootstrap.servers": bootstrap_servers, "log_level": 0}
    producer = Producer({**common, "enable.idempotence": True, "compression.type": "zstd"})
    producer.produce(EVENTS.name, b"x" * 4096)
    producer.flush(SECONDS)
    consumer = Consumer({**common, "group.id": "archive", "auto.offset.reset": "earliest"})
    consumer.subscribe([EVENTS.name])
    consumer.poll(SECONDS / 4)
    consumer.commit(asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    sys.exit(main())
