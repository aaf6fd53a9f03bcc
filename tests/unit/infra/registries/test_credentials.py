import contextlib
import json
import os
import stat
import threading
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.registries.credential_files import CredentialFile, parse_config
from infra.registries.credentials import erase_credential, find_credential, store_credential
from infra.registries.errors import CredentialError
from infra.registries.options import ANONYMOUS, Credential, RemoteOptions

ANN = Credential("ann", "p:ss wörd")
PROGRAM = """#!/bin/sh
store={folder}/kept
case $1 in
store) cat >$store ;;
get) [ -s $store ] && cat $store || {{ echo credentials not found in native keychain; exit 1; }} ;;
erase) [ -s $store ] && rm $store || {{ echo credentials not found in native keychain; exit 1; }} ;;
list) echo '{{"registry.example":"ann"}}' ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DOCKER_CONFIG", "XDG_CONFIG_HOME", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path


def put(path: Path, **config: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    return path


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": b64encode(f"{user}:{password}".encode()).decode()}


def test_what_is_stored_is_found_until_it_is_erased(home: Path) -> None:
    options = RemoteOptions()
    path = store_credential("registry.example", ANN, options)
    assert path == home / ".docker" / "config.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert find_credential("registry.example", options) == ANN
    assert erase_credential("registry.example", options)
    assert find_credential("registry.example", options) == ANONYMOUS
    assert not erase_credential("registry.example", options)


def test_flags_count_more_than_files(home: Path) -> None:
    store_credential("registry.example", ANN, RemoteOptions())
    said = Credential("bob", "x")
    assert find_credential("registry.example", RemoteOptions(credential=said)) == said


def test_what_is_not_understood_stays(home: Path) -> None:
    path = put(home / ".docker" / "config.json", psFormat="x", auths={"old.example": {**auth("a", "b"), "new": 1}})
    store_credential("registry.example", ANN, RemoteOptions())
    erase_credential("registry.example", RemoteOptions())
    assert json.loads(path.read_text()) == {"psFormat": "x", "auths": {"old.example": {**auth("a", "b"), "new": 1}}}


def test_a_link_is_written_through(home: Path) -> None:
    path = put(home / "dotfiles" / "config.json")
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").symlink_to(path)
    store_credential("registry.example", ANN, RemoteOptions())
    assert (home / ".docker" / "config.json").is_symlink()
    assert "registry.example" in path.read_text()


def test_files_are_looked_into_in_order(home: Path) -> None:
    put(home / "run" / "containers" / "auth.json", auths={"registry.example": auth("podman", "x")})
    assert find_credential("registry.example", RemoteOptions()).username == "podman"
    put(home / ".docker" / "config.json", auths={"registry.example": auth("docker", "x")})
    assert find_credential("registry.example", RemoteOptions()).username == "docker"
    files = tuple(
        put(home / name, auths={key: auth(name, "x")}) for name, key in (("a", "other"), ("b", "registry.example"))
    )
    assert find_credential("registry.example", RemoteOptions(registry_configs=files)).username == "b"
    assert find_credential("registry.example", RemoteOptions(registry_configs=(home / "none",))) == ANONYMOUS


@pytest.mark.parametrize("registry", ["docker.io", "registry-1.docker.io", "index.docker.io"])
def test_dockers_own_registry_has_its_old_name(home: Path, registry: str) -> None:
    path = store_credential(registry, ANN, RemoteOptions())
    assert list(json.loads(path.read_text())["auths"]) == ["https://index.docker.io/v1/"]
    assert find_credential("docker.io", RemoteOptions()) == ANN


@pytest.mark.parametrize("key", ["https://registry.example/", "http://registry.example/v2/", "registry.example"])
def test_keys_of_old_are_understood(home: Path, key: str) -> None:
    put(home / ".docker" / "config.json", auths={key: auth("ann", "x")})
    assert find_credential("registry.example", RemoteOptions()) == Credential("ann", "x")


def test_tokens_are_understood(home: Path) -> None:
    put(home / ".docker" / "config.json", auths={"a": {"identitytoken": "i", "registrytoken": "r"}, "b": {}, "c": None})
    assert find_credential("a", RemoteOptions()) == Credential(identity_token="i", registry_token="r")
    for name in "bc":
        assert find_credential(name, RemoteOptions()) == ANONYMOUS


@pytest.mark.parametrize("config", [{"credsStore": "test"}, {"credHelpers": {"registry.example": "test"}}])
def test_programs_keep_secrets(home: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, object]) -> None:
    program = home / "docker-credential-test"
    program.write_text(PROGRAM.format(folder=home))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
    path = put(home / ".docker" / "config.json", **config)
    assert find_credential("registry.example", RemoteOptions()) == ANONYMOUS
    for credential in (ANN, Credential(identity_token="i")):
        store_credential("registry.example", credential, RemoteOptions())
        assert find_credential("registry.example", RemoteOptions()) == credential
    assert json.loads(path.read_text()) == config
    assert erase_credential("registry.example", RemoteOptions())
    assert not erase_credential("registry.example", RemoteOptions())


@pytest.mark.parametrize("program", ["missing-program", "../sh", "a b", ""])
def test_a_program_that_is_not_there_is_told(home: Path, program: str) -> None:
    put(home / ".docker" / "config.json", credsStore=program)
    if not program:
        assert find_credential("registry.example", RemoteOptions()) == ANONYMOUS
        return
    with pytest.raises(CredentialError):
        find_credential("registry.example", RemoteOptions())


def test_errors_and_texts_show_no_secrets(home: Path) -> None:
    for text in ('{"auths":{"a":{"auth":"!!s3cret"}}}', '{"auths":{"a":{"auth":"czNjcmV0"}}}', '{"auths":s3cret}'):
        (home / "config.json").write_text(text)
        with pytest.raises(CredentialError) as caught:
            CredentialFile(home / "config.json").get("a")
        assert "s3cret" not in f"{caught.value!r}{caught.value.fix}{caught.value.__context__!r}"
    shown = (
        f"{Credential('ann', 's3cret', 's3cret', 's3cret')!r}{RemoteOptions(credential=Credential('a', 's3cret'))!r}"
    )
    assert "s3cret" not in shown


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_file_is_read_or_is_an_error(data: bytes) -> None:
    for each in (data, b'{"auths":' + data + b"}"):
        try:
            parse_config(each, Path("config.json"))
        except CredentialError as error:
            assert "config.json" in str(error)


@given(
    st.recursive(
        st.none() | st.text(max_size=4),
        lambda inner: st.dictionaries(st.sampled_from(["auths", "a", "auth", "credHelpers", "credsStore"]), inner),
    )
)
def test_any_config_is_understood_or_is_an_error(tmp_path_factory: pytest.TempPathFactory, config: object) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(config))
    with contextlib.suppress(CredentialError):
        CredentialFile(path).get("a")


def test_a_reader_never_sees_half_a_file(home: Path) -> None:
    options = RemoteOptions()
    store_credential("r0", ANN, options)
    stopped = threading.Event()

    def write() -> None:
        for number in range(30):
            store_credential(f"r{number}", ANN, options)
        stopped.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not stopped.is_set():
        assert find_credential("r0", options) == ANN
    thread.join()
