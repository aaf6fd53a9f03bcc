"""Reads captures for tests."""

import io
from typing import NamedTuple

from probes.captures.reading import Capture
from tests.batches import Event, events_of

INIT = 1


class Read(NamedTuple):
    capture: Capture
    events: list[Event]


def read(data: bytes) -> Read:
    capture = Capture(io.BytesIO(data), session="s", fallback="file")
    return Read(capture, [event for batch in capture.batches() for event in events_of(batch)])
