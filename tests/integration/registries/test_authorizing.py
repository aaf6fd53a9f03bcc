import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.oci.descriptors import describe
from infra.oci.media_types import OCTETS
from infra.oci.target import push_bytes, read_all
from infra.registries.credentials import erase_credential, store_credential
from infra.registries.errors import UnauthorizedError
from infra.registries.options import Credential, RemoteOptions
from infra.registries.registry import Registry
from infra.registries.repository import Repository
from tests.contracts.targets import in_threads, push_blob, push_manifest
from tests.registries import PASSWORD, USER, Running
from tests.token_server import REFRESH, TokenServer

pytestmark = pytest.mark.registry

Connect = Callable[..., Repository]
ConnectRegistry = Callable[..., Registry]
NUMBERS = itertools.count()
ANN = RemoteOptions(credential=Credential(USER, PASSWORD))
WRONG = RemoteOptions(credential=Credential(USER, "wr0ng-secret"))


def name(running: Running) -> str:
    return f"{running.host}/auth/r{next(NUMBERS)}"


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))


def test_a_password_opens_the_door(with_password: Running, connect: Connect, connect_registry: ConnectRegistry) -> None:
    connect_registry(with_password.host, ANN).ping()
    with pytest.raises(UnauthorizedError) as nobody:
        connect_registry(with_password.host).ping()
    assert "login" in nobody.value.fix
    with pytest.raises(UnauthorizedError) as wrong:
        connect(name(with_password), WRONG).resolve("x")
    assert "wr0ng" not in f"{wrong.value!r}{wrong.value}"


def test_what_was_stored_at_login_is_used_until_logout(
    with_password: Running, tmp_path: Path, connect_registry: ConnectRegistry
) -> None:
    options = RemoteOptions(registry_configs=(tmp_path / "sub" / "config.json",))
    store_credential(with_password.host, Credential(USER, PASSWORD), options)
    connect_registry(with_password.host, options).ping()
    assert erase_credential(with_password.host, options)
    with pytest.raises(UnauthorizedError):
        connect_registry(with_password.host, options).ping()


def test_a_token_is_obtained_with_a_password_and_used_again(
    with_tokens: Running, tokens: TokenServer, connect: Connect
) -> None:
    tokens.asked.clear()
    repository = connect(name(with_tokens), ANN)
    for _ in range(5):
        push_blob(repository)
    pushes = [scopes for _, scopes in tokens.asked if any("push" in scope for scope in scopes)]
    assert pushes == [[f"repository:{repository.name}:pull,push"]]


def test_of_many_threads_one_obtains_the_token(with_tokens: Running, tokens: TokenServer, connect: Connect) -> None:
    tokens.asked.clear()
    repository = connect(name(with_tokens), ANN)
    in_threads(8, lambda _: push_blob(repository) and None)
    assert len(tokens.asked) == 1


def test_nobody_may_pull_and_not_push(with_tokens: Running, connect: Connect) -> None:
    reference = name(with_tokens)
    descriptor = push_blob(connect(reference, ANN), b"for all")
    assert read_all(connect(reference), descriptor) == b"for all"
    with pytest.raises(UnauthorizedError):
        push_blob(connect(reference))


def test_a_wrong_password_gets_no_token(with_tokens: Running, connect: Connect) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        push_blob(connect(name(with_tokens), WRONG))
    assert "wr0ng" not in f"{caught.value!r}{caught.value}"


def test_an_identity_token_is_exchanged(with_tokens: Running, tokens: TokenServer, connect: Connect) -> None:
    tokens.asked.clear()
    options = RemoteOptions(credential=Credential(identity_token=REFRESH))
    push_blob(connect(name(with_tokens), options))
    assert [method for method, _ in tokens.asked] == ["POST"]


def test_a_registry_token_is_sent_as_it_is(with_tokens: Running, tokens: TokenServer, connect: Connect) -> None:
    reference = name(with_tokens)
    scope = f"repository:{reference.partition('/')[2]}:pull,push"
    token = tokens.token(USER, [scope], 300)
    tokens.asked.clear()
    push_blob(connect(reference, RemoteOptions(credential=Credential(registry_token=token))))
    assert not tokens.asked


def test_a_token_that_ends_is_replaced(with_tokens: Running, tokens: TokenServer, connect: Connect) -> None:
    repository = connect(name(with_tokens), ANN)
    push_blob(repository)
    [(key, token)] = repository._client._authorizer._tokens.items()
    short = tokens.token(USER, [f"repository:{repository.name}:pull,push"], -100)
    repository._client._authorizer._tokens[key] = type(token)(short, time.monotonic() + 100)
    tokens.asked.clear()
    data = os.urandom(8 << 20)
    push_bytes(repository, describe(data, OCTETS), data)
    assert len(tokens.asked) == 1
    assert read_all(repository, describe(data, OCTETS), 1 << 30) == data


def test_a_blob_is_mounted_from_another_repository(with_tokens: Running, connect_registry: ConnectRegistry) -> None:
    registry = connect_registry(with_tokens.host, ANN)
    source, destination = (registry.repository(f"mount/{next(NUMBERS)}") for _ in range(2))
    descriptor = push_blob(source)
    assert destination.mount(descriptor, source)
    assert destination.exists(descriptor)
    missing = describe(b"never pushed", OCTETS)
    assert not destination.mount(missing, source)
    push_bytes(destination, missing, b"never pushed")
    assert destination.exists(missing)


def test_the_catalog_is_listed(with_tokens: Running, connect_registry: ConnectRegistry) -> None:
    registry = connect_registry(with_tokens.host, ANN)
    names = {f"catalog/r{number}" for number in range(3)}
    for each in names:
        push_manifest(registry.repository(each))
    found = list(registry.repositories())
    assert names <= set(found)
    assert list(registry.repositories(found[0])) == found[1:]
