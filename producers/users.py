"""Who gives commands and does things: a user at a host."""

import getpass
import os
import socket


def this_user() -> str:
    """Return who runs this program, behind sudo too, and where: `ann@web-1`."""
    return f"{os.environ.get('SUDO_USER') or _account()}@{socket.gethostname()}"


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return f"uid-{os.getuid()}"
