"""Checks of what the embedded broker needs: Java, Kafka's jars, the class archive."""

import re
import subprocess
from pathlib import Path
from typing import Final

from infra.config import Settings
from infra.doctor.finding import Finding, fail, ok, warn
from infra.kafka import jars

OLDEST_JAVA: Final = 17
NOT_NEEDED: Final = "not needed with bootstrap_servers"


def java(settings: Settings) -> Finding:
    """Check that there is a Java that runs Kafka."""
    if not settings.embedded:
        return ok(NOT_NEEDED)
    path = jars.java()
    if path is None:
        return fail("there is no java in $JAVA_HOME or $PATH", "make setup")
    version = java_version(path)
    if major(version) < OLDEST_JAVA:
        return fail(f"{path} is Java {version or '?'}, Kafka needs 17", "make setup, or point JAVA_HOME to a newer one")
    return ok(f"Java {version} ({path})")


def java_version(path: str) -> str:
    """Return the version of a `java`, empty if it has none."""
    release = Path(path).resolve().parents[1] / "release"
    try:
        text = release.read_text(encoding="utf-8")
    except OSError:
        text = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False).stderr
    found = re.search(r'(?:JAVA_VERSION=|version )"([^"]+)"', text)
    return found[1] if found else ""


def major(version: str) -> int:
    """Return the feature release in a Java version, 0 if there is none; 1.8 is Java 8."""
    found = re.match(r"(?:1\.)?(\d+)", version)
    return int(found[1]) if found else 0


def kafka_jars(settings: Settings) -> Finding:
    """Check that Kafka's jars were fetched."""
    if not settings.embedded:
        return ok(NOT_NEEDED)
    names = [path.name for path in jars.jars()]
    broker = next((name for name in names if name.startswith("kafka_2.13-")), None)
    if broker is None:
        return fail(f"Kafka's jars are not in {jars.LIBS}", "make setup")
    return ok(f"{broker.removesuffix('.jar')} and {len(names) - 1} more")


def class_archive(settings: Settings) -> Finding:
    """Check that the broker can start fast."""
    path = jars.java()
    if not settings.embedded or path is None or not jars.jars():
        return ok(NOT_NEEDED if not settings.embedded else "not looked at")
    archive = jars.archive(path)
    if archive is None:
        return warn("no class archive for this Java and these jars: the broker starts slower", "make setup")
    return ok(f"{archive.name}, {archive.stat().st_size >> 20} MiB")
