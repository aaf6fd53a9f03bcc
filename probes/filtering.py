"""What the kernel records of each system call: the tables that the programs ask, filled from filters."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from probes import events
from probes.maps import delete, keys, lookup, open_pinned, update
from probes.records import SMALL_PATH
from schemas.call_filter import EVERYTHING, CallFilter

MAPS: Final = ("wanted", "wanted_compat", "filters", "path_filters")
KEY_BYTES: Final = 4 + 4 + SMALL_PATH
TYPE_BITS: Final = 32


class CallTables:
    """The tables of the probes pinned under a folder."""

    def __init__(self, folder: Path) -> None:
        """Open them; raises BpfError."""
        self._wanted, self._wanted_compat, self._filters, self._paths = (open_pinned(folder / name) for name in MAPS)

    def fill(self, wanted: Mapping[str, CallFilter]) -> None:
        """Record these calls, beside those that the table of processes is kept by, and no others from now on.

        While the tables change, more is recorded than asked for, never less.
        """
        told = {events.CODES[call.name]: _filter(call.name, wanted) for call in events.CALLS}
        for code in told:
            self._set_filter(code, EVERYTHING)
        for call in events.CALLS:
            code = events.CODES[call.name] if told[events.CODES[call.name]] else 0
            for table, number in ((self._wanted, call.number), (self._wanted_compat, call.compat)):
                if number >= 0:
                    update(table, number.to_bytes(4, "little"), code.to_bytes(2, "little"))
        self._set_paths(
            {_key(code, path): cells for code, found in told.items() if found for path, cells in found.below}
        )
        for code, found in told.items():
            self._set_filter(code, found or EVERYTHING)

    def attached(self) -> frozenset[str]:
        """Return the names of the calls that are recorded now."""
        found = ((call.name, lookup(self._wanted, call.number.to_bytes(4, "little"), 2)) for call in events.CALLS)
        return frozenset(name for name, code in found if code and any(code))

    def close(self) -> None:
        """Let go of the tables; the programs keep them."""
        for fd in (self._wanted, self._wanted_compat, self._filters, self._paths):
            os.close(fd)

    def _set_filter(self, code: int, found: CallFilter) -> None:
        value = (found.anywhere, found.somewhere, found.only_changes, found.with_data)
        update(self._filters, code.to_bytes(4, "little"), b"".join(part.to_bytes(4, "little") for part in value))

    def _set_paths(self, wanted: Mapping[bytes, int]) -> None:
        for key in {*keys(self._paths, KEY_BYTES)} - {*wanted}:
            delete(self._paths, key)
        for key, cells in wanted.items():
            update(self._paths, key, cells.to_bytes(4, "little"))


def _filter(name: str, wanted: Mapping[str, CallFilter]) -> CallFilter | None:
    return EVERYTHING if name in events.STATE_KEEPERS else wanted.get(name)


def _key(code: int, path: bytes) -> bytes:
    bits = TYPE_BITS + 8 * len(path)
    return bits.to_bytes(4, "little") + code.to_bytes(4, "little") + path.ljust(SMALL_PATH, b"\0")
