"""One judge for the messages of all topics that hold events of sources."""

from typing import Final

from schemas.topics import AUDIT, SYSCALLS, Topic
from schemas.types.alerts import Alert
from schemas.types.audit import AuditEvent
from schemas.types.syscalls import SyscallBatch
from streams.detection.audit.judge import AuditJudge
from streams.detection.judge import Judge
from streams.detection.rules import RuleSet

TOPICS: Final[tuple[Topic, ...]] = (SYSCALLS, *AUDIT.values())
"""The topics whose events are judged."""

Judged = SyscallBatch | AuditEvent


class Judges:
    """Judges batches of system calls and events of audit logs by the rules of their sources."""

    def __init__(self, rules: RuleSet) -> None:
        self._syscalls, self._audit = Judge(rules), AuditJudge(rules)
        self.rules = len(self._syscalls.rules) + len(self._audit.rules)
        """How many rules are enabled."""

    def judge(self, event: Judged, offset: int) -> list[Alert]:
        """Return the alerts of what a message holds; `offset` is that of the message.

        Raises InvalidBatchError or InvalidEventError if it is not as it should be.
        """
        match event:
            case SyscallBatch():
                return self._syscalls.judge(event)
            case AuditEvent():
                return self._audit.judge(event, offset + 1)
