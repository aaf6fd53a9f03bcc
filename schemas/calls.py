"""How many system calls a batch tells of: one event may stand for many that were the same."""

import numpy as np

from schemas.types.syscalls import SyscallBatch


def calls_in(batch: SyscallBatch) -> int:
    """Return the number of calls; a column of counts that is none counts as absent."""
    if len(batch.event_count) != 4 * batch.count:
        return batch.count
    return int(np.frombuffer(batch.event_count, dtype="<u4").sum(dtype=np.int64))
