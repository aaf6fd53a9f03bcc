"""Checks of what volumes need: QEMU's programs, and room in the paths of their sockets."""

import re
import shutil
import subprocess
from typing import Final

from infra.config import Settings
from infra.doctor.finding import Finding, fail, ok, warn
from infra.volumes.daemon import PROGRAM
from infra.volumes.folders import ENDPOINT, SOCKET_BYTES

INSTALL: Final = "apt-get install qemu-system-common qemu-utils, or make setup"
LEAST: Final = (7, 2)
"""QEMU that the engines were built and tested with."""
SECONDS: Final = 10.0
LONGEST: Final = 63
"""Characters that names of entities have at most."""
SHORT: Final = 16
"""Characters of a name below which people would run into the limit."""


def storage_daemon(_settings: Settings) -> Finding:
    """Check that replicas and controllers can run."""
    if not (program := shutil.which(PROGRAM)):
        return fail(f"{PROGRAM} is not installed: no volumes", INSTALL)
    done = subprocess.run([program, "--version"], check=False, capture_output=True, text=True, timeout=SECONDS)
    return judge_version(done.stdout or done.stderr)


def judge_version(said: str) -> Finding:
    """Return what the first line of `qemu-storage-daemon --version` means."""
    first = said.strip().partition("\n")[0]
    found = re.search(r"version (\d{1,4})\.(\d{1,4})", first, re.ASCII)
    if not found:
        return warn(f"{PROGRAM} does not tell its version: {first[:80]!r}", INSTALL)
    if (int(found[1]), int(found[2])) < LEAST:
        return fail(f"{first}; volumes need {LEAST[0]}.{LEAST[1]}", INSTALL)
    return ok(first)


def image_tool(_settings: Settings) -> Finding:
    """Check that layers of replicas can be made."""
    found = shutil.which("qemu-img")
    return ok(found) if found else fail("qemu-img is not installed: no volumes", INSTALL)


def socket_paths(settings: Settings) -> Finding:
    """Check that the sockets of volumes can have paths that clients can connect to."""
    folder = settings.home / "volumes" / settings.node
    left = SOCKET_BYTES - len(bytes(folder / "v" / ENDPOINT)) + 1
    fix = "deedlog --home A-SHORTER-FOLDER up"
    if left < 1:
        return fail(f"{folder} is too long: no volume can be attached", fix)
    if left >= LONGEST:
        return ok("short enough for every name of a volume")
    text = f"names of volumes may have {left} characters in {folder}"
    return warn(text, fix) if left < SHORT else ok(text)
