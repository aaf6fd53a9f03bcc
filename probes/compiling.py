"""`python -m probes.compiling FOLDER PID...`: compiles the program text on stdin, attaches and pins it under FOLDER.

Events of the processes PID... and of this one are left out from the first. What goes wrong is one message on stderr.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from probes import events
from probes.headers import write_headers
from probes.loader import MAPS, SETTLE, TRACEPOINTS
from probes.maps import pin, update


def main() -> int:
    """Return 1 if the programs cannot be loaded."""
    folder, own = Path(sys.argv[1]), [*map(int, sys.argv[2:]), os.getpid()]
    try:
        from bcc import BPF  # Debian's python3-bpfcc
    except ImportError as error:
        return _refuse(f"BCC is not installed ({error}); run: apt-get install python3-bpfcc")
    with tempfile.TemporaryDirectory(prefix="deedlog-headers-") as headers:
        write_headers(Path(headers))
        os.environ["BCC_KERNEL_SOURCE"] = headers
        try:
            program = BPF(text=sys.stdin.buffer.read())
        except Exception as error:
            return _refuse(
                f"the kernel refused the eBPF programs: {error}; run `deedlog doctor` to see what is missing"
            )
    try:
        _fill(program, own)
        _attach(program, folder)
    except Exception as error:
        return _refuse(f"the eBPF programs cannot be attached: {error}; run: deedlog doctor")
    return 0


def _fill(program: Any, own: list[int]) -> None:
    for call in events.CALLS:
        _describe(program, call)
    for pid in own:
        update(program[b"own_processes"].map_fd, pid.to_bytes(4, "little"), b"\1")


def _attach(program: Any, folder: Path) -> None:
    for name in MAPS:
        pin(program[name.encode()].map_fd, folder / name)
    pin(program.load_func(SETTLE.encode(), program.RAW_TRACEPOINT).fd, folder / SETTLE)
    for name in TRACEPOINTS:
        program.attach_raw_tracepoint(name.encode(), b"on_" + name.encode())
        pin(program.raw_tracepoint_fds[name.encode()], folder / name)


def _describe(program: Any, call: events.Call) -> None:
    """Tell the programs the places of a system call's arguments."""
    code = events.CODES[call.name]
    mode = call.mode if call.target == events.NONE else call.target
    places = (call.kind, call.path, call.at, call.path2, call.at2, call.flags, call.how, mode, call.fd, call.extra)
    update(program[b"shapes"].map_fd, code.to_bytes(4, "little"), bytes((*places, call.address, call.text, call.data)))


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
