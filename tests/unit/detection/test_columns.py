import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detection.columns import OPTIONAL, REQUIRED, STRINGS, Columns, InvalidBatchError
from streams.detection.judge import Judge
from streams.detection.loading import load_rules
from tests.synthetic import Call, Proc, batch_of

PARENT = Proc(pid=1, name=b"init")
CALLS = [Call(number=n, process=Proc(pid=2, name=b"sh", parent=PARENT), path=b"/etc/shadow") for n in range(1, 4)]
NAMES = [*REQUIRED, *OPTIONAL, *STRINGS]
JUDGE = Judge(load_rules([], builtin=True))


def u4(*values: int) -> bytes:
    return np.array(values, "<u4").tobytes()


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"count": -1}, "count is -1"),
        ({"process_count": -5}, "process_count is -5"),
        ({"count": 4}, "column event_number has 24 bytes, not 32 for 4 of 8"),
        ({"event_time": b""}, "column event_time has 0 bytes"),
        ({"event_path": b"abc"}, "column event_path has 3 bytes"),
        ({"event_path": u4(0, 1, 99)}, "column event_path has 99, but there are"),
        ({"event_type": np.array([0, 0, 7], "<u2").tobytes()}, "column event_type has 7, but there are 1 types"),
        ({"event_process": u4(0, 1, 2)}, "column event_process has 2, but there are 2 processes"),
        ({"process_container": u4(0, 0)}, "column process_container has 0, but there are 0 containers"),
        ({"process_parent": u4(2, 0xFFFFFFFF)}, "column process_parent has 2"),
        ({"process_parent": u4(1, 0)}, "process 0 has a cycle among its ancestors"),
        ({"process_parent": u4(0xFFFFFFFF, 1)}, "process 1 has a cycle"),
        ({"strings": ()}, "string 0"),
        ({"strings": (b"x",) * 9}, "string 0"),
        ({"types": ("open",) * 2000}, "more than"),
        ({"event_time": b"\xff" * 24}, "no time"),
        ({"process_start": b"\xff" * 16}, "no time"),
    ],
)
def test_what_is_wrong_with_a_batch_is_told(changes: dict[str, Any], detail: str) -> None:
    with pytest.raises(InvalidBatchError) as caught:
        Columns(batch_of(*CALLS, **changes))
    assert detail in caught.value.detail


@pytest.mark.parametrize("name", [*OPTIONAL, *STRINGS])
def test_any_optional_column_may_be_unknown(name: str) -> None:
    assert isinstance(JUDGE.judge(batch_of(*CALLS, **{name: b""})), list)


def test_an_empty_batch_has_no_alerts() -> None:
    assert JUDGE.judge(batch_of()) == []
    assert JUDGE.judge(batch_of(strings=())) == []


def test_a_long_chain_of_ancestors_is_fine() -> None:
    count = 5000
    parents = np.arange(1, count + 1, dtype="<u4")
    parents[-1] = 0xFFFFFFFF
    columns = {name: b"" for name in (*OPTIONAL, *STRINGS) if name.startswith("process_")}
    columns |= {"process_parent": parents.tobytes(), "process_pid": parents.tobytes()}
    batch = batch_of(Call(), process_count=count, **(columns | {"event_process": u4(0)}))
    assert len(Columns(batch).arrays["process_parent"]) == count
    parents[-1] = 7
    with pytest.raises(InvalidBatchError):
        Columns(msgspec.structs.replace(batch, process_parent=parents.tobytes()))


@given(st.sampled_from(NAMES), st.integers(0, 2**32), st.integers(0, 40))
def test_a_batch_of_garbage_is_judged_or_refused(name: str, seed: int, length: int) -> None:
    noise = random.Random(seed)
    garbage = [noise.choice([0, 0, 1, 2, 255]) for _ in range(length)]
    for changed in (bytes(garbage), bytes(garbage[: len(getattr(batch_of(*CALLS), name))]).ljust(24, b"\0")):
        try:
            JUDGE.judge(batch_of(*CALLS, **{name: changed}))
        except InvalidBatchError as error:
            assert error.detail
