"""Settings: which place wins, and what is said of bad values."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import (
    DEFAULT,
    NAMES,
    WANTED,
    ConfigError,
    Configured,
    Settings,
    as_environment,
    configured,
    read_settings,
    take_flags,
)


class Places:
    """The places that settings come from, in a folder of a test."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.user = folder / "user/.config/deedlog/config.toml"
        self.env = {"HOME": str(folder / "user")}
        self.project.mkdir()
        self.user.parent.mkdir(parents=True)

    def read(self, **flags: object) -> Configured:
        return read_settings(flags, env=self.env, cwd=self.project)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def test_every_setting_has_a_default_and_says_so(places: Places) -> None:
    found = places.read()
    assert found.settings.kafka == "127.0.0.1:9092"
    assert found.settings.registry == "http://127.0.0.1:8081"
    assert found.settings.embedded
    assert found.origins == dict.fromkeys(NAMES, DEFAULT)
    assert WANTED.keys() == set(NAMES)


def test_the_stronger_place_wins(places: Places) -> None:
    places.user.write_text("kafka_port = 1\napi_port = 1001\nbatch_age_ms = 1\ncontroller_port = 1002\n")
    (places.project / "deedlog.toml").write_text("kafka_port = 2\napi_port = 2001\nbatch_age_ms = 2\n")
    places.env |= {"DEEDLOG_KAFKA_PORT": "3", "DEEDLOG_API_PORT": "3001"}
    found = places.read(kafka_port=4, api_port=None)
    assert (found.settings.kafka_port, found.origins["kafka_port"]) == (4, "--set kafka_port")
    assert (found.settings.api_port, found.origins["api_port"]) == (3001, "DEEDLOG_API_PORT")
    assert found.settings.batch_age_ms == 2
    assert found.origins["batch_age_ms"] == str(places.project / "deedlog.toml")
    assert (found.settings.controller_port, found.origins["controller_port"]) == (1002, str(places.user))


def test_paths_start_at_the_place_that_gives_them(places: Places) -> None:
    places.user.write_text('rules = ["mine.yaml"]\nhome = "~/kept"\n')
    places.env["DEEDLOG_ALERTS_FILE"] = "here.jsonl"
    settings = places.read().settings
    assert settings.rules == (str(places.user.parent / "mine.yaml"),)
    assert settings.alerts == places.project / "here.jsonl"
    assert settings.home == Path("~/kept").expanduser()


def test_alerts_are_kept_at_home_unless_told_otherwise() -> None:
    assert Settings(home=Path("/h")).alerts == Path("/h/alerts.jsonl")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_PORT", "many"),
        ("KAFKA_PORT", "0"),
        ("API_PORT", "65536"),
        ("INCLUDE_OWN", "perhaps"),
        ("BOOTSTRAP_SERVERS", "localhost"),
        ("BOOTSTRAP_SERVERS", "a:1, b:2"),
        ("REGISTRY_URL", "localhost:8081"),
        ("NODE", ""),
        ("NODE", "a b"),
        ("HOME", ""),
        ("BATCH_BYTES", "1"),
    ],
)
def test_a_bad_value_names_its_variable(places: Places, name: str, value: str) -> None:
    places.env[f"DEEDLOG_{name}"] = value
    with pytest.raises(ConfigError) as caught:
        places.read()
    assert f"DEEDLOG_{name}" in caught.value.what
    assert caught.value.why == f"{name.lower()} is {WANTED[name.lower()]}"
    assert caught.value.exit_code == 2


def test_a_bad_value_names_its_file(places: Places) -> None:
    path = places.project / "deedlog.toml"
    path.write_text('kafka_port = "9092x"\n')
    with pytest.raises(ConfigError, match="9092x") as caught:
        places.read()
    assert str(path) in caught.value.what
    assert caught.value.fix == f"edit {path}"


def test_a_bad_value_names_its_flag(places: Places) -> None:
    with pytest.raises(ConfigError) as caught:
        places.read(registry_url="ftp://x")
    assert "--registry-url" in caught.value.what


def test_a_misspelt_setting_is_guessed(places: Places) -> None:
    (places.project / "deedlog.toml").write_text("kafka_prt = 1\n")
    with pytest.raises(ConfigError) as caught:
        places.read()
    assert caught.value.fix == "Did you mean kafka_port?"


@pytest.mark.parametrize("content", [b"kafka_port = ", b"\xff\xfe", b"[kafka]\nport = 1"])
def test_a_file_that_is_no_settings_file_is_named(places: Places, content: bytes) -> None:
    path = places.project / "deedlog.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        places.read()
    assert str(path) in caught.value.what + caught.value.why


@pytest.mark.parametrize("name", ["kafka_port", "controller_port", "api_port"])
def test_ports_must_differ(places: Places, name: str) -> None:
    other = "api_port" if name != "api_port" else "kafka_port"
    with pytest.raises(ConfigError, match="do not go together"):
        places.read(**{name: 7000, other: 7000})


def test_unused_ports_may_be_equal(places: Places) -> None:
    assert not places.read(bootstrap_servers="kafka.example:9092", kafka_port=8081).settings.embedded


def test_a_ring_is_a_power_of_two(places: Places) -> None:
    with pytest.raises(ConfigError) as caught:
        places.read(ring_mib=33)
    assert "33" in caught.value.why


def test_flags_for_all_commands_reach_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.config._flags", {})
    take_flags({"kafka_port": "4711"})
    assert configured().settings.kafka_port == 4711
    assert configured({"kafka_port": 4712}).settings.kafka_port == 4712
    with pytest.raises(ConfigError):
        take_flags({"nonsense": "1"})


ports = st.integers(1, 65535)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0,:\ud800", exclude_categories=["C"]), min_size=1)


@given(
    home=texts.map(lambda text: Path("/", text.strip("~/") or "x")),
    ports=st.lists(ports, min_size=3, max_size=3, unique=True),
    rules=st.lists(texts.map(lambda text: str(Path("/", text)))),
    own=st.booleans(),
    ring=st.integers(0, 10).map(lambda power: 1 << power),
)
def test_children_get_the_same_settings(home: Path, ports: list[int], rules: list[str], own: bool, ring: int) -> None:
    kafka, controller, api = ports
    settings = Settings(
        home=home,
        node="n",
        kafka_port=kafka,
        controller_port=controller,
        api_port=api,
        rules=tuple(rules),
        include_own=own,
        ring_mib=ring,
    )
    environment = as_environment(settings) | {"HOME": "/nonexistent"}
    again = read_settings(env=environment, cwd=Path("/")).settings
    assert again == settings


@given(name=st.sampled_from(NAMES), value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_a_value_or_an_error_for_people(name: str, value: str) -> None:
    env = {"HOME": "/nonexistent", f"DEEDLOG_{name.upper()}": value}
    try:
        settings = read_settings(env=env, cwd=Path("/")).settings
    except ConfigError as error:
        assert error.what and error.why and error.fix
    else:
        assert read_settings(env=env | as_environment(settings), cwd=Path("/")).settings == settings
