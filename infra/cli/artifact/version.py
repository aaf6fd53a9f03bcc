"""`version`: what is installed."""

import os
import platform
from typing import Final

from infra.cli.artifact.commands import NO_LIMIT, Arguments, Call, Command
from infra.cli.artifact.formats import format_flags, parse_format
from infra.cli.artifact.printing import say, tell
from infra.version import VERSION


def run(call: Call) -> None:
    """Show the version. Raises ArtifactError."""
    if call.arguments:
        tell(f'warning: "{",".join(call.arguments)}" is ignored: the version is the same of all')
    format = parse_format(call.flags)
    machine = os.uname()
    items = {
        "Version": VERSION,
        "Python version": platform.python_version(),
        "OS/Arch": f"{machine.sysname.lower()}/{machine.machine}",
    }
    if not format.is_text:
        format.write({"version": items["Version"], "python": items["Python version"], "platform": items["OS/Arch"]})
        return
    width = max(map(len, items)) + 1
    for name, text in items.items():
        say(f"{name}:".ljust(width), text)


COMMAND: Final = Command("[flags]", format_flags(), Arguments(0, NO_LIMIT, "nothing"), run)
