"""Joins the beginnings of calls to their ends: in older captures, only the beginning tells some of the arguments."""

from typing import Final

import numpy as np

from probes.captures.calls import COLUMN_CALLS
from probes.captures.columns import RAW, TEXTS, Columns

BEGINS: Final = frozenset(code - 1 for code, call in COLUMN_CALLS.items() if call.begins)
ENDS: Final = frozenset(code for code, call in COLUMN_CALLS.items() if call.begins)

Told = dict[str, int | bytes]


class Beginnings:
    """What threads began and did not end yet: code of the event, and what it told."""

    def __init__(self) -> None:
        self._begun: dict[int, tuple[int, Told]] = {}

    def join(self, columns: Columns) -> None:
        """Fill in at the ends of calls what their beginnings told, in this run or an earlier one."""
        begins = np.isin(columns.codes, list(BEGINS))
        if not begins.any() and not self._begun:
            return
        strings = columns.dictionary.strings()
        threads, codes = columns.thread.tolist(), columns.codes.tolist()
        for row in np.flatnonzero(begins | np.isin(columns.codes, list(ENDS))).tolist():
            code, thread = codes[row], threads[row]
            if code in BEGINS:
                self._begun[thread] = code, _told(columns, row, strings)
                continue
            begun, told = self._begun.pop(thread, (0, {}))
            if begun == code - 1:
                _fill(columns, row, told)


def _told(columns: Columns, row: int, strings: tuple[bytes, ...]) -> Told:
    told: Told = {}
    for field in columns.own(row):
        value = columns.found[field][row]
        told[field] = strings[value] if field in TEXTS | RAW else int(value)
    return told


def _fill(columns: Columns, row: int, told: Told) -> None:
    own = columns.own(row)
    for field, value in told.items():
        column = columns.column(field)
        if isinstance(value, bytes):
            if field not in own or not column[row]:  # the end may have failed to read a text
                column[row] = columns.dictionary.code(value)
        elif field not in own:
            column[row] = value
