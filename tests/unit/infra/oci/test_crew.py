import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.oci.crew import SMALL, each, each_by_size


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 5), st.integers(0, 4), st.integers(1, 6))
def test_all_that_is_brought_up_is_worked_through_once(items: int, depth: int, concurrency: int) -> None:
    done: list[tuple[int, ...]] = []
    lock = threading.Lock()

    def work(item: tuple[int, ...]) -> list[tuple[int, ...]]:
        with lock:
            done.append(item)
        return [(*item, number) for number in range(2)] if len(item) <= depth else []

    each(work, [(number,) for number in range(items)], concurrency)
    assert len(done) == len(set(done)) == items * (2 ** (depth + 1) - 1)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_the_first_error_ends_it_and_is_raised(concurrency: int) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 5:
            raise ValueError("five")
        done.append(item)

    with pytest.raises(ValueError, match="five"):
        each(work, range(10_000), concurrency)
    assert len(done) < 10_000
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("crew")]


def test_large_things_come_after_the_small_ones() -> None:
    seen: list[int] = []
    each_by_size(seen.append, [SMALL + 1, 1, SMALL, SMALL * 5, 0], lambda size: size, 1)
    assert max(seen[:3]) <= SMALL < min(seen[3:])
