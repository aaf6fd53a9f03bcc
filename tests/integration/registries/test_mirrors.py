import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.oci.errors import NotFoundError
from infra.oci.target import read_all
from infra.registries import connecting
from infra.registries.options import Credential, RemoteOptions
from infra.registries.registries_conf import BlockedError
from infra.registries.repository import Repository
from tests.contracts.targets import push_blob, push_manifest
from tests.faults import Answer, between
from tests.registries import Running

pytestmark = pytest.mark.registry

Connect = Callable[..., Repository]
NUMBERS = itertools.count()


def conf(folder: Path, text: str) -> RemoteOptions:
    path = folder / "registries.conf"
    path.write_text(text)
    return RemoteOptions(registries_conf=path)


def rule(location: str, mirror: str, more: str = "") -> str:
    return f'[[registry]]\nlocation="{location}"\n[[registry.mirror]]\nlocation="{mirror}"\n{more}\n'


def test_a_mirror_is_asked_first_and_the_registry_for_the_rest(
    with_api: Running, without_api: Running, tmp_path: Path, connect: Connect
) -> None:
    source, mirror = (f"{one.host}/mirrored/r{next(NUMBERS)}" for one in (with_api, without_api))
    at_mirror, at_source = push_manifest(connect(mirror)), push_manifest(connect(source))
    connect(mirror).tag(at_mirror, "v1")
    connect(source).tag(at_source, "v1")
    connect(source).tag(at_source, "v2")
    repository = connect(f"{source}:v1", conf(tmp_path, rule(source, mirror)))
    assert repository.resolve("v1") == at_mirror
    assert read_all(repository, at_mirror) == read_all(connect(mirror), at_mirror)
    assert repository.resolve("v2") == at_source
    assert read_all(repository, at_source) == read_all(connect(source), at_source)
    with pytest.raises(NotFoundError):
        repository.resolve("v3")


def test_a_push_goes_to_the_registry(with_api: Running, without_api: Running, tmp_path: Path, connect: Connect) -> None:
    source, mirror = (f"{one.host}/mirrored/r{next(NUMBERS)}" for one in (with_api, without_api))
    repository = connect(source, conf(tmp_path, rule(source, mirror)))
    descriptor = push_blob(repository)
    assert connect(source).exists(descriptor)
    assert not connect(mirror).exists(descriptor)


def test_a_mirror_that_is_down_or_broken_is_passed_over(with_api: Running, tmp_path: Path, connect: Connect) -> None:
    source = f"{with_api.host}/mirrored/r{next(NUMBERS)}"
    descriptor = push_manifest(connect(source))
    with between() as broken:
        broken.plan = lambda _: Answer(418)
        for host in ("localhost:1", broken.host):
            repository = connect(source, conf(tmp_path, rule(source, f"{host}/x")))
            assert repository.resolve(descriptor.digest) == descriptor


def test_a_mirror_for_digests_is_not_asked_for_tags(with_api: Running, tmp_path: Path, connect: Connect) -> None:
    source = f"{with_api.host}/mirrored/r{next(NUMBERS)}"
    descriptor = push_manifest(connect(source))
    connect(source).tag(descriptor, "v1")
    with between() as mirror:
        mirror.plan = lambda _: Answer(404)
        options = conf(tmp_path, rule(source, f"{mirror.host}/x", 'pull-from-mirror="digest-only"'))
        repository = connect(source, options)
        assert repository.resolve("v1") == descriptor
        assert mirror.seen == []
        assert repository.resolve(descriptor.digest) == descriptor
        assert len(mirror.seen) == 1


def test_a_mirror_gets_no_secrets_of_the_registry(with_api: Running, tmp_path: Path, connect: Connect) -> None:
    source = f"{with_api.host}/mirrored/r{next(NUMBERS)}"
    descriptor = push_manifest(connect(source))
    path = conf(tmp_path, "").registries_conf
    with between() as mirror:
        mirror.plan = lambda _: Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
        (tmp_path / "registries.conf").write_text(rule(source, f"{mirror.host}/x"))
        options = RemoteOptions(
            registries_conf=path,
            credential=Credential("ann", "s3cret"),
            headers=("X-Secret: y",),
            registry_configs=(tmp_path / "none",),
        )
        assert connect(source, options).resolve(descriptor.digest) == descriptor
        assert mirror.seen
        assert not any({"authorization", "x-secret"} & one.headers.keys() for one in mirror.seen)


def test_insecure_means_plain_http_if_that_is_spoken(without_api: Running, tmp_path: Path, connect: Connect) -> None:
    name = f"127.0.0.1:{without_api.port}"
    repository = connect(f"{name}/mirrored/a", conf(tmp_path, f'[[registry]]\nlocation="{name}"\ninsecure=true\n'))
    assert repository.exists(push_blob(repository))


def test_what_is_blocked_is_not_asked(with_api: Running, tmp_path: Path, connect: Connect) -> None:
    options = conf(tmp_path, f'[[registry]]\nlocation="{with_api.host}"\nblocked=true\n')
    with pytest.raises(BlockedError):
        connect(f"{with_api.host}/a/b", options)


def test_a_short_name_is_an_alias(with_api: Running, tmp_path: Path) -> None:
    options = conf(tmp_path, f'[aliases]\n"tool"="{with_api.host}/tools/tool"\n')
    assert str(connecting.named_reference("tool:v1", options)) == f"{with_api.host}/tools/tool:v1"
