"""Made from `schemas/avsc/` by `make types`; change those files, not this one."""

import msgspec

from schemas.types.alerts import Alert
from schemas.types.audit import AuditEvent
from schemas.types.dead_letters import DeadLetter
from schemas.types.events import Note
from schemas.types.pipeline import EventsDropped, ProcessExited, ProcessStarted
from schemas.types.syscalls import SyscallBatch

TYPES: dict[str, type[msgspec.Struct]] = {
    "deedlog.alerts.Alert": Alert,
    "deedlog.audit.AuditEvent": AuditEvent,
    "deedlog.dead_letters.DeadLetter": DeadLetter,
    "deedlog.events.Note": Note,
    "deedlog.pipeline.EventsDropped": EventsDropped,
    "deedlog.pipeline.ProcessExited": ProcessExited,
    "deedlog.pipeline.ProcessStarted": ProcessStarted,
    "deedlog.syscalls.SyscallBatch": SyscallBatch,
}
