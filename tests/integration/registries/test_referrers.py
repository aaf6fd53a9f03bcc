import itertools
import json
import subprocess
import sys
from collections.abc import Callable

import msgspec
import pytest

from infra.oci.descriptors import Descriptor, describe
from infra.oci.media_types import IMAGE_INDEX
from infra.oci.target import BytesContent, push_bytes, read_all
from infra.registries.options import RemoteOptions
from infra.registries.referrers import fallback_tag
from infra.registries.repository import Repository
from tests.contracts.targets import digests, in_threads, push_manifest, push_referrer
from tests.faults import Faults, between
from tests.registries import Running, program

pytestmark = pytest.mark.registry

Connect = Callable[..., Repository]
NUMBERS = itertools.count()
API = RemoteOptions(distribution_spec="v1.1-referrers-api")
TAG = RemoteOptions(distribution_spec="v1.1-referrers-tag")
PUSH = """
import sys
from infra.registries.connecting import connect
from tests.contracts.targets import push_referrer
with connect(sys.argv[1]) as repository:
    subject = repository.resolve(sys.argv[2])
    for number in range(4):
        print(push_referrer(repository, subject, note=sys.argv[3] + str(number)).digest)
"""


def name(running: Running) -> str:
    return f"{running.host}/referrers/r{next(NUMBERS)}"


def puts(faults: Faults, tag: str) -> int:
    return faults.count("PUT", f"/manifests/{tag}")


def test_the_index_that_stands_in_is_as_the_specification_says(without_api: Running, connect: Connect) -> None:
    repository = connect(name(without_api))
    subject = push_manifest(repository)
    referrer = push_referrer(repository, subject, "a/b", "1")
    index = repository.resolve(fallback_tag(subject))
    assert index.media_type == IMAGE_INDEX
    found = json.loads(read_all(repository, index))
    entry = {"mediaType": referrer.media_type, "digest": referrer.digest, "size": referrer.size}
    assert found == {
        "schemaVersion": 2,
        "mediaType": IMAGE_INDEX,
        "manifests": [entry | {"artifactType": "a/b", "annotations": {"note": "1"}}],
    }


def test_many_referrers_cost_one_write_of_the_index(without_api: Running, connect: Connect) -> None:
    with between(without_api.port) as faults:
        repository = connect(f"{faults.host}/referrers/r{next(NUMBERS)}")
        subject = push_manifest(repository)
        with repository.gathered():
            in_threads(10, lambda number: push_referrer(repository, subject, note=str(number)) and None)
        assert len(digests(repository.referrers(subject))) == 10
        assert puts(faults, fallback_tag(subject)) == 1


def test_processes_that_write_one_index_lose_nothing(without_api: Running, connect: Connect) -> None:
    reference = name(without_api)
    repository = connect(reference)
    subject = push_manifest(repository)
    argv = [sys.executable, "-c", PUSH, reference, subject.digest]
    others = [subprocess.Popen([*argv, f"p{number}-"], stdout=subprocess.PIPE, text=True) for number in range(4)]
    pushed = {line for other in others for line in other.communicate(timeout=60)[0].split()}
    assert all(other.returncode == 0 for other in others)
    assert len(pushed) == 16
    assert digests(repository.referrers(subject)) == pushed


def test_an_entry_that_others_overwrote_is_put_in_again(without_api: Running, connect: Connect) -> None:
    with between(without_api.port) as faults:
        repository, other = (connect(f"{host}/referrers/over") for host in (faults.host, without_api.host))
        subject = push_manifest(repository)
        index = b'{"schemaVersion":2,"mediaType":"%s","manifests":[]}' % IMAGE_INDEX.encode()
        overwritten = iter([True])

        def plan(seen: object) -> None:
            if seen.method == "GET" and fallback_tag(subject) in seen.target and puts(faults, fallback_tag(subject)):  # type: ignore[attr-defined]
                for _ in overwritten:
                    push_bytes(other, describe(index, IMAGE_INDEX), index)
                    other.tag(describe(index, IMAGE_INDEX), fallback_tag(subject))

        faults.plan = plan
        referrer = push_referrer(repository, subject)
        assert digests(other.referrers(subject)) == {referrer.digest}
        assert puts(faults, fallback_tag(subject)) == 2


def test_who_says_that_there_is_an_api_writes_no_index(
    with_api: Running, without_api: Running, connect: Connect
) -> None:
    for running in (with_api, without_api):
        repository = connect(name(running), API)
        subject = push_manifest(repository)
        push_referrer(repository, subject)
        repository.tag(subject, "v1")
        assert fallback_tag(subject) not in set(repository.tags())
    with pytest.raises(Exception, match="404"):
        list(repository.referrers(subject))


def test_who_says_that_there_is_no_api_uses_the_index(with_api: Running, connect: Connect) -> None:
    reference = name(with_api)
    repository = connect(reference, TAG)
    subject = push_manifest(repository)
    referrer = push_referrer(repository, subject)
    assert fallback_tag(subject) in set(repository.tags())
    assert digests(repository.referrers(subject)) == {referrer.digest}
    repository.delete(referrer)
    assert not list(repository.referrers(subject))


@pytest.mark.parametrize("kind", ["with_api", "without_api"])
def test_oras_finds_what_was_pushed_and_we_find_what_oras_pushed(
    kind: str, request: pytest.FixtureRequest, connect: Connect
) -> None:
    running: Running = request.getfixturevalue(kind)
    oras, reference = program("oras"), name(running)
    repository = connect(reference)
    subject = push_manifest(repository)
    repository.tag(subject, "v1")
    ours = push_referrer(repository, subject, "a/ours")
    attach = [oras, "attach", "--artifact-type", "a/theirs", "--plain-http", f"{reference}:v1", "-a", "x=y"]
    subprocess.run(attach, check=True, capture_output=True, timeout=60)
    found = {one.artifact_type: one for one in repository.referrers(subject)}
    assert found.keys() == {"a/ours", "a/theirs"}
    assert found["a/ours"].digest == ours.digest
    discover = [oras, "discover", "--format", "json", "--plain-http", f"{reference}:v1"]
    listed = json.loads(subprocess.run(discover, check=True, capture_output=True, timeout=60).stdout)
    theirs = {one["digest"] for one in listed.get("referrers", listed.get("manifests"))}
    assert theirs == digests(found.values())


def test_an_index_of_referrers_in_pages_is_followed(connect: Connect) -> None:
    with between() as faults:
        subject, one, two = (Descriptor("x/y", describe(bytes([number]), "").digest, 1) for number in range(3))
        pages = {
            "": (one, {"Link": '<?page=2>; rel="next"'}),
            "page=2": (two, {}),
        }

        def plan(seen: object) -> object:
            entry, more = pages[seen.target.partition("?")[2]]  # type: ignore[attr-defined]
            from tests.faults import Answer

            body = msgspec.json.encode({"schemaVersion": 2, "manifests": [entry]})
            return Answer(200, {"Content-Type": f"{IMAGE_INDEX}; charset=utf-8", **more}, body)

        faults.plan = plan  # type: ignore[assignment]
        repository = connect(f"{faults.host}/a")
        assert list(repository.referrers(subject)) == [one, two]


def test_content_that_a_manifest_lacks_is_told(with_api: Running, connect: Connect) -> None:
    repository = connect(name(with_api))
    manifest = msgspec.json.encode(
        {"schemaVersion": 2, "config": Descriptor("x/y", describe(b"none", "").digest, 4), "layers": []}
    )
    with pytest.raises(Exception, match=r"blob unknown"):
        repository.push(describe(manifest, "application/vnd.oci.image.manifest.v1+json"), BytesContent(manifest))
