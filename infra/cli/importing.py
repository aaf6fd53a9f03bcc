"""`deedlog events import`: recorded events of another machine or time, put on record here."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infra.cli.errors import FAILED, NOT_FOUND, CliError
from infra.cli.reading import readable
from infra.config import load_settings


def import_(file: Path, /, *, node: Annotated[str, Parameter(show_default=False)] = "") -> int:
    """Put recorded events on record: a .scap capture of system calls, or an audit log.

    An event keeps its id when the same file is imported again. Of a capture, the session in the ids is printed.

    Parameters
    ----------
    file
        A capture that Falco or sysdig wrote, an audit log of Kubernetes or a file of CloudTrail, as it is or packed
        by gzip. What it is tells its content.
    node
        What the events are of: of a capture the machine, by default as it says; of an audit log the cluster or
        account.
    """
    settings = load_settings()
    try:
        with file.open("rb") as opened, readable(settings):
            from producers.audit import is_log

            if is_log(opened):
                from infra.cli.importing_audit import import_log

                return import_log(settings, opened, file.name, node)
            from infra.cli.importing_captures import import_capture

            return import_capture(settings, opened, file, node)
    except FileNotFoundError:
        raise CliError(f"There is no {file}", "", "ls", NOT_FOUND) from None
    except OSError as error:
        raise CliError(f"{file} cannot be read", error.strerror or str(error), f"ls -l {file}", FAILED) from error
