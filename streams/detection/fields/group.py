"""Fields of the group that a process runs as."""

from typing import Final

from streams.detection.columns import NONE
from streams.detection.fields.field import Field
from streams.detection.levels import PROCESS
from streams.detection.processes import Process


def _name(process: Process) -> str | None:
    return "root" if process.number("gid") == 0 else None


FIELDS: Final = (
    Field(
        name="group.gid",
        type="number",
        doc="Effective group id.",
        level=PROCESS,
        how=lambda process: process.number("gid", NONE),
    ),
    Field(
        name="group.name",
        type="string",
        doc="`root` for the group 0; absent for others, whose names are not recorded yet.",
        level=PROCESS,
        how=_name,
    ),
)
