"""Where Kafka's jars and Java are, and the command lines made of them."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent
PROJECT: Final = FOLDER.parent.parent
BUILD: Final = PROJECT / "build/kafka"
LIBS: Final = BUILD / "libs"
BROKER: Final = "kafka.Kafka"
STORAGE_TOOL: Final = "kafka.tools.StorageTool"

# Measured: the client compiler, the serial collector and the class archive together start in a third of the
# time and half of the CPU of Java's defaults; the broker's own work is mostly moving bytes.
JAVA_OPTIONS: Final = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Xshare:auto",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "-Djava.awt.headless=true",
    "-Dcom.sun.management.jmxremote=false",
    f"-Dlog4j2.configurationFile={FOLDER / 'log4j2.properties'}",
)


def java() -> str | None:
    """Return the path of the `java` to use: $JAVA_HOME's, else the first on $PATH."""
    home = os.environ.get("JAVA_HOME", "")
    own = shutil.which(f"{home}/bin/java") if home else None
    return own or shutil.which("java")


def jars() -> list[Path]:
    """Return the jars in a fixed order: the class archive is only good for the order it was made with."""
    return sorted(LIBS.glob("*.jar"))


def archive_key(java: str) -> str:
    """Return a name for this Java and these jars; the class archive of another pair is of no use."""
    release = Path(java).resolve().parents[1] / "release"
    parts = [str(Path(java).resolve()), release.read_text(encoding="utf-8") if release.exists() else ""]
    parts += [f"{jar} {jar.stat().st_size} {jar.stat().st_mtime_ns}" for jar in jars()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def archive(java: str) -> Path | None:
    """Return the class archive for this Java and these jars, None if there is no whole one.

    Its name ends in its size: Java crashes on an archive that was cut short, and its own check of the
    contents (`VerifySharedSpaces`) comes too late for that.
    """
    made = BUILD.glob(f"classes-{archive_key(java)}-*.jsa")
    return next((path for path in made if path.stem.endswith(f"-{path.stat().st_size}")), None)


def command(java: str, program: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """Return the command line that runs a Java program of the jars."""
    return [java, *JAVA_OPTIONS, *options, "-cp", os.pathsep.join(map(str, jars())), program, *arguments]


def shared(java: str) -> tuple[str, ...]:
    """Return the options that use the class archive, none if there is no good one."""
    path = archive(java)
    return (f"-XX:SharedArchiveFile={path}", "-XX:+VerifySharedSpaces") if path else ()
