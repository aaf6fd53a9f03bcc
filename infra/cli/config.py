"""`deedlog config show`: the settings in force."""

import json
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from infra.cli.tables import table
from infra.config import NAMES, Configured, configured


def show(
    *,
    origin: bool = False,
    output: Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))] = "table",
) -> int:
    """Show the settings in force.

    Parameters
    ----------
    origin
        Show too where each comes from: flag, environment variable, file or default.
    output
        What to write: a table, or JSON.
    """
    print(render(configured(), output, origin=origin))
    return 0


def render(found: Configured, output: str, *, origin: bool) -> str:
    """Return the settings in the form asked for."""
    values = {name: plain(getattr(found.settings, name)) for name in NAMES}
    match output:
        case "json" if origin:
            return json.dumps({n: {"value": values[n], "origin": found.origins[n]} for n in NAMES})
        case "json":
            return json.dumps(values)
        case _:
            head = ("SETTING", "VALUE", "ORIGIN") if origin else ("SETTING", "VALUE")
            return table(head, [(n, json.dumps(values[n]), found.origins[n])[: len(head)] for n in NAMES])


def plain(value: object) -> Any:
    """Return a setting as JSON knows it."""
    return list(value) if isinstance(value, tuple) else str(value) if not isinstance(value, bool | int) else value
