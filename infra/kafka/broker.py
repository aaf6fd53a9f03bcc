"""The embedded broker: `python -m infra.kafka.broker` formats its storage once and becomes Kafka."""

import base64
import os
import socket
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Final

from infra.cli.errors import CliError
from infra.config import Settings, load_settings
from infra.kafka import jars
from infra.kafka.properties import broker_properties, render

MEMORY: Final = ("-Xms64m", "-Xmx512m")
FORMAT_SECONDS: Final = 60


class BrokerError(CliError):
    """The embedded broker cannot be started."""


def main() -> int:
    """Become the embedded broker of the settings; returns only if that cannot be (exit code 1)."""
    try:
        argv = prepare(load_settings())
        os.execv(argv[0], argv)
    except CliError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def prepare(settings: Settings, options: tuple[str, ...] | None = None) -> list[str]:
    """Write the broker's properties, format its storage the first time, and return its command line.

    `options` replaces the class archive's Java options. Raises BrokerError.
    """
    java = jars.java()
    if java is None:
        raise BrokerError("There is no Java", "Kafka runs on Java 17 or newer", "make setup")
    if not jars.jars():
        raise BrokerError("Kafka's jars are missing", f"{jars.LIBS} is empty", "make setup")
    properties = write_properties(settings)
    use = jars.shared(java) if options is None else options
    if not (settings.home / "kafka/data/meta.properties").exists():
        _format(java, properties, use)
    crash = f"-XX:ErrorFile={settings.logs}/kafka-crash-%p.log"
    return jars.command(java, jars.BROKER, str(properties), options=(*MEMORY, crash, *use))


def write_properties(settings: Settings) -> Path:
    """Write `<home>/kafka/server.properties` and return its path."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    path = settings.home / "kafka/server.properties"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(render(broker_properties(settings)), encoding="ascii")
    return path


def listens(settings: Settings) -> bool:
    """Say whether something takes connections on the broker's port; Kafka opens it when it is ready."""
    try:
        socket.create_connection(("127.0.0.1", settings.kafka_port), timeout=1).close()
    except OSError:
        return False
    return True


def cluster_id() -> str:
    """Return a new id in Kafka's form: 16 random bytes in URL-safe base 64, not beginning with a dash."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return cluster_id() if text.startswith("-") else text


def _format(java: str, properties: Path, options: tuple[str, ...]) -> None:
    arguments = ("format", "--ignore-formatted", "-t", cluster_id(), "-c", str(properties))
    argv = jars.command(java, jars.STORAGE_TOOL, *arguments, options=options)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False)
    if done.returncode:
        why = (done.stderr or done.stdout).strip()
        raise BrokerError("Kafka's storage cannot be formatted", why, f"ls -la {properties.parent}")


if __name__ == "__main__":
    sys.exit(main())
