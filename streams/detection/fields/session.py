"""Fields of the leader of a process's session."""

from collections.abc import Callable
from typing import Any, Final

from streams.detection.fields.field import Field
from streams.detection.levels import PROCESS
from streams.detection.processes import Process


def _field(name: str, doc: str, how: Callable[[Process], Any]) -> Field:
    def of_leader(process: Process) -> Any:
        values = {how(leader) for leader in process.leaders}
        return values.pop() if len(values) == 1 else None

    doc = f"{doc} of the leader of the session; absent if the batch does not tell of it."
    return Field(name=name, type="string", doc=doc, level=PROCESS, how=of_leader)


FIELDS: Final = (
    _field("proc.sname", "Name", lambda leader: leader.name),
    _field("proc.sid.exe", "First argument", lambda leader: leader.argv[0] if leader.argv else None),
    _field("proc.sid.exepath", "Executable", lambda leader: leader.string("exepath")),
)
