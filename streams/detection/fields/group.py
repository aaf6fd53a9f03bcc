"""Fields of the group that a process runs as."""

from typing import Final

from streams.detection.columns import NONE
from streams.detection.fields.field import Field
from streams.detection.fields.user import NAMELESS
from streams.detection.levels import PROCESS
from streams.detection.processes import Process


def _name(process: Process) -> str | None:
    gid = process.number("gid", NONE)
    nameless = NAMELESS if gid is not None and process.number("group") is not None else None
    return process.string("group") or ("root" if gid == 0 else nameless)


FIELDS: Final = (
    Field(
        name="group.gid",
        type="number",
        doc="Effective group id when the program started.",
        level=PROCESS,
        how=lambda process: process.number("gid", NONE),
    ),
    Field(
        name="group.name",
        type="string",
        doc="Name of that group, by the process's own /etc/group; `<NA>` if it has none.",
        level=PROCESS,
        how=_name,
    ),
)
