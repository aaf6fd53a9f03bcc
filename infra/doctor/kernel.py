"""Checks of what the probes need: privileges, kernel, BTF, file systems, BCC."""

import importlib
import os
import platform
import re
from pathlib import Path
from typing import Final

from infra.config import Settings
from infra.doctor.finding import Finding, fail, ok, warn
from probes.loader import ARCHITECTURE

OLDEST_KERNEL: Final = (5, 11)
"""The first that gives programs the current task with its types; running them on demand and rings are older."""
CAPABILITIES: Final = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
DEBIAN_PACKAGES: Final = Path("/usr/lib/python3/dist-packages")


def privileges(settings: Settings) -> Finding:
    """Check that this process may load eBPF programs."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    lacking = lacking_capabilities(status)
    if not lacking:
        return ok("root" if os.geteuid() == 0 else "capabilities " + ", ".join(CAPABILITIES))
    if os.geteuid() == 0:
        return fail(f"root without {', '.join(lacking)}", "start it outside of the container or with --privileged")
    return fail(
        "not root: eBPF programs cannot be loaded", f"make run, or sudo .venv/bin/deedlog --home {settings.home} up"
    )


def lacking_capabilities(status: str) -> list[str]:
    """Return the capabilities missing in the text of /proc/PID/status. Source: capabilities(7)."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    held = int(found[1], 16) if found else 0
    return [name for name, bit in CAPABILITIES.items() if not held >> bit & 1]


def kernel(_settings: Settings) -> Finding:
    """Check that the kernel is new enough and lets eBPF read its memory."""
    release, machine = platform.release(), platform.machine()
    if machine != ARCHITECTURE:
        return fail(f"the probes do not know the registers of {machine} yet", f"run it on {ARCHITECTURE}")
    if version_of(release) < OLDEST_KERNEL:
        return fail(f"Linux {release} cannot run the eBPF programs", "run Linux 5.11 or newer")
    lockdown = Path("/sys/kernel/security/lockdown")
    if lockdown.exists() and "[confidentiality]" in lockdown.read_text(encoding="ascii"):
        return fail("the kernel is locked down for confidentiality", "boot with lockdown=integrity or none")
    return ok(f"Linux {release}, {machine}")


def version_of(release: str) -> tuple[int, int]:
    """Return major and minor of a kernel's release, (0, 0) if it has none."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def btf(_settings: Settings) -> Finding:
    """Check that the kernel describes its own types."""
    path = Path("/sys/kernel/btf/vmlinux")
    if not os.access(path, os.R_OK):
        return fail(f"{path} is missing: the kernel was built without BTF", "run a kernel with CONFIG_DEBUG_INFO_BTF")
    return ok(f"{path}, {path.stat().st_size / 1e6:.1f} MB")


def file_systems(_settings: Settings) -> Finding:
    """Check that tracefs and the eBPF file system are there or can be mounted."""
    known = set(Path("/proc/filesystems").read_text(encoding="ascii").split())
    if lacking := [name for name in ("tracefs", "bpf") if name not in known]:
        return fail(
            f"the kernel has no {' and no '.join(lacking)}", "run a kernel with CONFIG_FTRACE and CONFIG_BPF_SYSCALL"
        )
    return ok("tracefs and bpf")


def bcc(_settings: Settings) -> Finding:
    """Check that the BCC of Debian can be imported, not another project of that name."""
    try:
        module = importlib.import_module("bcc")
    except (ImportError, OSError) as error:
        return fail(f"BCC cannot be imported: {error}", "sudo apt-get install python3-bpfcc && make setup")
    place = Path(str(module.__file__)).resolve()
    if not hasattr(module, "BPF"):
        return fail(f"{place.parent} is another project called bcc", "make clean setup")
    if not place.is_relative_to(DEBIAN_PACKAGES):
        return warn(f"BCC {version(module)} from {place.parent}, not Debian's", "make setup")
    return ok(f"BCC {version(module)}")


def version(module: object) -> str:
    """Return the version that a module says it has."""
    return str(getattr(module, "__version__", "of unknown version"))
