"""Programs of any name for the steps: copies of busybox where it has the applet, of Python else."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

PYTHON = Path("/usr/bin/python3").resolve()
PYTHON_HOME = "PYTHONHOME=/usr"


@cache
def applets() -> frozenset[str]:
    listed = subprocess.run(["busybox", "--list"], check=True, capture_output=True, text=True, timeout=10)
    return frozenset(listed.stdout.split())


def make(folder: Path, names: tuple[str, ...]) -> None:
    """Put programs of these names into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        busybox = shutil.which("busybox")
        assert busybox
        source = busybox if name in applets() else PYTHON
        if not (folder / name).exists():
            shutil.copy(source, folder / name)
    for parent in [folder, *folder.parents]:
        if parent != Path("/") and parent.stat().st_uid == os.getuid():
            parent.chmod(parent.stat().st_mode | 0o711)
