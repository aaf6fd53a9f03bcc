"""Whatever goes wrong, and in whatever order: what is read is what was written, or there is an error of one family."""

import itertools
import os
from contextlib import closing, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.oci.descriptors import describe
from infra.oci.errors import OciError
from infra.oci.media_types import OCTETS
from infra.oci.target import BytesContent, read_all
from infra.registries.client import Client
from infra.registries.connecting import connect
from infra.registries.options import ANONYMOUS, RemoteOptions
from infra.registries.registry import Registry
from infra.registries.urls import Origin
from tests.contracts.targets import digests, push_manifest, push_referrer
from tests.faults import Answer, Cut, Fault, HangUp, Raw, Seen, between
from tests.registries import Running

pytestmark = pytest.mark.registry

NUMBERS = itertools.count()
FAULTS = st.one_of(
    st.none(),
    st.builds(HangUp, st.integers(0, 300_000)),
    st.builds(Cut, st.integers(0, 300_000)),
    st.builds(Answer, st.sampled_from([404, 408, 413, 416, 429, 500, 502, 503, 504])),
    st.builds(Answer, st.just(200), st.just({}), st.binary(max_size=5)),
    st.builds(Raw, st.tuples(st.binary(max_size=40))),
)
PLANS = st.lists(FAULTS, max_size=12)
PROPERTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["with_api", "without_api"])
def running(request: pytest.FixtureRequest) -> Running:
    found: Running = request.getfixturevalue(request.param)
    return found


def client(host: str, port: int, chunk: int) -> tuple[Client, Registry]:
    options = RemoteOptions(chunk_bytes=chunk, attempts=4, stall_seconds=5, answer_seconds=5)
    made = Client(Origin("http", "localhost", port), options, lambda: ANONYMOUS, lambda _: None)
    return made, Registry(host, options, made)


@given(PLANS, st.sampled_from([0, 100, 400_000]), st.sampled_from([0, 150_000]))
@PROPERTY
def test_a_blob_is_whole_or_there_is_an_error(
    running: Running, plans: list[Fault | None], size: int, chunk: int
) -> None:
    data = os.urandom(size)
    descriptor = describe(data, OCTETS)
    with between(running.port) as faults:
        left = iter(plans)
        made, registry = client(faults.host, faults.port, chunk)
        with closing(made):
            repository = registry.repository(f"any/r{next(NUMBERS)}")
            faults.plan = lambda _: next(left, None)
            moved: list[int] = []
            done = False
            with suppress(OciError):
                repository.push(descriptor, BytesContent(data), moved.append)
                done = True
            assert sum(moved) == (size if done else 0)
            with suppress(OciError):
                assert read_all(repository, descriptor, 1 << 20) == data


@given(PLANS)
@settings(PROPERTY, max_examples=20)
def test_a_referrer_that_was_pushed_is_listed(running: Running, plans: list[Fault | None]) -> None:
    name = f"any/r{next(NUMBERS)}"
    with connect(f"{running.host}/{name}") as direct, between(running.port) as faults:
        subject = push_manifest(direct)
        there = push_referrer(direct, subject, note="there")
        left = iter(plans)
        made, registry = client(faults.host, faults.port, 0)

        def plan(seen: Seen) -> Fault | None:
            fault = next(left, None)
            # A registry that lies is not what this is about.
            return None if isinstance(fault, Answer) and fault.status in (200, 404) else fault

        faults.plan = plan
        pushed = None
        with closing(made), suppress(OciError):
            pushed = push_referrer(registry.repository(name), subject, note="new")
        found = digests(direct.referrers(subject))
        assert there.digest in found
        assert pushed is None or pushed.digest in found
