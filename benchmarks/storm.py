"""A storm of opens on one core, made by a small C program."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

DEPTH = 24
"""As in storm.c."""


class Storm(NamedTuple):
    """What a storm did: opens (each with its close), wall and CPU seconds."""

    opens: int
    seconds: float
    cpu_seconds: float

    @property
    def ns_per_open(self) -> float:
        return self.cpu_seconds / self.opens * 1e9


def build(folder: Path) -> Path:
    """Compile the storm into `folder`; raises SystemExit where there is no C compiler."""
    compiler = shutil.which("cc")
    if not compiler:
        raise SystemExit("The storm needs a C compiler: there is none; run: apt-get install gcc libc6-dev")
    program = folder / "storm"
    source = Path(__file__).with_name("storm.c")
    subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    return program


def start(program: Path, *, seconds: float, rate: int, files: list[Path], cpu: int = 1) -> subprocess.Popen[str]:
    """Start a storm of `rate` opens a second (0: as many as the core can make)."""
    command = [str(program), str(seconds), str(cpu), str(rate), *map(str, files)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], timeout: float = 120) -> Storm:
    """Wait for a storm and return what it did."""
    output, _ = process.communicate(timeout=timeout)
    opens, seconds, cpu = output.split()
    return Storm(int(opens), float(seconds), float(cpu))


def deep_file(folder: Path) -> list[Path]:
    """Make the one file that the storm opens by another name each time."""
    made = folder / "srv/application/releases/module-deep" / "/".join("d" * DEPTH)
    made.parent.mkdir(parents=True, exist_ok=True)
    made.touch()
    return [made]


def files(folder: Path, count: int) -> list[Path]:
    """Make files to open, with paths as long as usual ones."""
    made = [folder / "srv/application/releases" / f"module-{number:04}" / "index.txt" for number in range(count)]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return made
