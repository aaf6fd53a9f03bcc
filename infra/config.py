"""Settings, each from the first place that has it: flag, environment, project file, user file, default."""

import difflib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from infra.cli.errors import USAGE, CliError

PREFIX: Final = "DEEDLOG_"
PROJECT_FILE: Final = "deedlog.toml"
DEFAULT: Final = "default"

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
FreePort = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=60_000)]
Bytes = Annotated[int, msgspec.Meta(ge=1 << 12, le=6 << 20)]
Mebibytes = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Servers = Annotated[str, msgspec.Meta(pattern=r"^$|^[^\s,]+:[0-9]+(,[^\s,]+:[0-9]+)*$")]
Url = Annotated[str, msgspec.Meta(pattern=r"^$|^https?://[^\s/]+(/\S*)?$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[^\s/]{1,253}$")]


class ConfigError(CliError):
    """A setting that cannot be used; names where it was given."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what, why, fix, USAGE)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be set, under the names used in files; `DEEDLOG_<NAME>` in the environment."""

    home: Path = msgspec.field(default_factory=lambda: Path.home() / ".local/share/deedlog")
    """Folder of everything the pipeline keeps: Kafka's data, logs, sockets, the alerts file."""
    node: Name = msgspec.field(default_factory=socket.gethostname)
    """Name of this machine in events."""
    node_address: Name = "127.0.0.1"
    """Address at which agents of other nodes reach the replicas of this one."""
    node_port: FreePort = 0
    """Port of the node agent at that address; 0 takes one that is free."""
    bootstrap_servers: Servers = ""
    """host:port,... of an existing Kafka cluster; empty starts the embedded broker."""
    kafka_port: Port = 9092
    """Port of the embedded broker, on 127.0.0.1."""
    controller_port: Port = 9093
    """Port of the embedded broker's controller, on 127.0.0.1."""
    api_port: Port = 8081
    """Port of the API process, on 127.0.0.1."""
    registry_url: Url = ""
    """URL of an existing schema registry; empty uses the one in the API process."""
    rules: tuple[str, ...] = ()
    """Rule files and folders loaded after the built-in ones; in the environment parted by colons."""
    batch_age_ms: Milliseconds = 50
    """Oldest that an event may get on the node before its batch is sent, in milliseconds."""
    batch_bytes: Bytes = 1 << 20
    """Size at which a batch is sent, in bytes."""
    ring_mib: Mebibytes = 32
    """Size of the kernel's ring buffer in MiB, a power of two."""
    record: Literal["rules", "everything"] = "rules"
    """Which system calls are recorded: those that the loaded rules look at, or everything that the probes know, so
    that rules of tomorrow can be tried on today's history."""
    include_own: bool = False
    """Whether the pipeline's own processes are observed too."""
    alerts_file: str = ""
    """File to which alerts are appended as JSON lines; empty means `<home>/alerts.jsonl`."""

    def __post_init__(self) -> None:
        if self.ring_mib & (self.ring_mib - 1):
            raise ValueError(f"ring_mib is {self.ring_mib}, not a power of two")
        if "," in str(self.home):
            raise ValueError(f"home is {self.home}; Kafka takes the comma in it for the end of a folder")
        ports = (self.kafka_port, self.controller_port, self.api_port)
        if self.embedded and len(set(ports)) < len(ports):
            raise ValueError(f"kafka_port, controller_port and api_port must differ, not be {ports}")

    @property
    def embedded(self) -> bool:
        """Return whether this pipeline runs its own broker."""
        return not self.bootstrap_servers

    @property
    def kafka(self) -> str:
        """Return the bootstrap servers to use."""
        return self.bootstrap_servers or f"127.0.0.1:{self.kafka_port}"

    @property
    def registry(self) -> str:
        """Return the URL of the schema registry to use."""
        return self.registry_url or f"http://127.0.0.1:{self.api_port}"

    @property
    def alerts(self) -> Path:
        """Return the path of the alerts file to use."""
        return Path(self.alerts_file) if self.alerts_file else self.home / "alerts.jsonl"

    @property
    def installed_rules(self) -> Path:
        """Return the folder of rules that were installed from artifacts."""
        return self.home / "rules"

    @property
    def logs(self) -> Path:
        """Return the folder of the processes' logs."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Return the folder of what lives only as long as the pipeline runs."""
        return self.home / "run"


NAMES: Final = tuple(field.name for field in msgspec.structs.fields(Settings))
TYPES: Final = {field.name: field.type for field in msgspec.structs.fields(Settings)}

FLAGS: Final = ("home", "bootstrap_servers", "registry_url")
"""Settings that have a flag of their own; any can be given as `--set NAME=VALUE`."""
_PORT: Final = "a port, 1 to 65535"
WANTED: Final = {
    "home": "a folder",
    "node": "a name of at most 253 characters, without blanks and slashes",
    "node_address": "an address of this machine",
    "node_port": "a port, or 0 for one that is free",
    "bootstrap_servers": "host:port, or several parted by commas, or empty",
    "kafka_port": _PORT,
    "controller_port": _PORT,
    "api_port": _PORT,
    "registry_url": "an http:// or https:// address, or empty",
    "rules": "a list of files and folders",
    "batch_age_ms": "a number of milliseconds, 1 to 60000",
    "batch_bytes": "a number of bytes, 4096 to 6291456",
    "ring_mib": "a number of MiB, a power of two, 1 to 1024",
    "record": "rules or everything",
    "include_own": "true or false",
    "alerts_file": "a file, or empty",
}
"""What a setting is, in the words of an error."""
_flags: Final[dict[str, object]] = {}


class Configured(msgspec.Struct, frozen=True):
    """Settings, and for each where its value came from: flag, environment variable, file or default."""

    settings: Settings
    origins: dict[str, str]


class Source(msgspec.Struct, frozen=True):
    """One place that settings come from, and the folder that relative paths in it start from."""

    values: Mapping[str, object]
    origin: Callable[[str], str]
    """Gives how this place calls a setting: a flag, `DEEDLOG_KAFKA_PORT`, or a file."""
    fix: str
    """What to do about a bad value here; {} stands for how this place calls the setting."""
    folder: Path


def read_settings(
    overrides: Mapping[str, object] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Configured:
    """Return the settings and their origins; `overrides` holds what flags said, None meaning not said.

    Raises ConfigError naming the flag, variable or file for a value that cannot be used.
    """
    values: dict[str, Any] = {}
    origins = dict.fromkeys(NAMES, DEFAULT)
    for source in _sources(overrides or {}, os.environ if env is None else env, cwd or Path.cwd()):
        for name, value in source.values.items():
            values[name] = _value(name, value, source)
            origins[name] = source.origin(name)
    try:
        return Configured(Settings(**values), origins)
    except ValueError as error:
        given = sorted({origin for origin in origins.values() if origin != DEFAULT})
        fix = f"change one of those given by {', '.join(given)}"
        raise ConfigError("The settings do not go together", str(error), fix) from None


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Return the settings of this process; `overrides` are stronger than the flags for all commands.

    Raises ConfigError naming the flag, variable or file for a value that cannot be used.
    """
    return configured(overrides).settings


def configured(overrides: Mapping[str, object] | None = None) -> Configured:
    """Return the settings of this process with their origins, like `load_settings`."""
    said = {name: value for name, value in (overrides or {}).items() if value is not None}
    return read_settings({**_flags, **said})


def take_flags(values: Mapping[str, object]) -> None:
    """Keep what flags for all commands said, for every `load_settings` in this process."""
    for name in values:
        _check_name(name, "a flag")
    _flags.update(values)


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which `load_settings` gives these settings, whatever files there are."""
    plain = {name: getattr(settings, name) for name in NAMES}
    return {PREFIX + name.upper(): _as_text(value) for name, value in plain.items()}


def _as_text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return os.pathsep.join(map(str, value))
        case _:
            return str(value)


def _sources(overrides: Mapping[str, object], env: Mapping[str, str], cwd: Path) -> Iterator[Source]:
    """Yield the places from the weakest to the strongest."""
    base = Path(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or Path.home()) / ".config")
    yield from _file(base / "deedlog/config.toml")
    yield from _file(cwd / PROJECT_FILE)
    named = {name: env[PREFIX + name.upper()] for name in NAMES if PREFIX + name.upper() in env}
    yield Source(named, _variable, "unset {}, or give it such a value", cwd)
    said = {name: value for name, value in overrides.items() if value is not None}
    yield Source(said, _flag, "give {} such a value", cwd)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}" if name in FLAGS else f"--set {name}"


def _file(path: Path) -> Iterator[Source]:
    try:
        values = msgspec.toml.decode(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read", str(error), f"Mend or remove {path}") from None
    for name in values:
        _check_name(name, str(path))
    yield Source(values, lambda _: str(path), "edit {}", path.parent)


def _check_name(name: str, place: str) -> None:
    if name in NAMES:
        return
    near = difflib.get_close_matches(name, NAMES, n=1)
    fix = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(NAMES)}"
    raise ConfigError(f"Unknown setting {name!r}", f"{place} has it", fix)


def _value(name: str, value: object, source: Source) -> object:
    if name == "rules" and isinstance(value, str):
        value = [part for part in value.split(os.pathsep) if part]
    try:
        typed = msgspec.convert(value, TYPES[name], strict=not isinstance(value, str), dec_hook=_path)
        return _absolute(name, typed, source.folder)
    except (msgspec.ValidationError, RuntimeError) as error:  # RuntimeError: ~somebody who is not there
        place = source.origin(name)
        what = f"{value!r} is no good value for {name} (from {place})"
        raise ConfigError(what, f"{name} is {WANTED[name]}", source.fix.format(place)) from error


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str | Path) and str(value):
        return Path(value)
    raise ValueError(f"{value!r} is no path")


def _absolute(name: str, value: Any, folder: Path) -> object:
    """Return paths made absolute, so that they mean the same in every process of the pipeline."""
    match name:
        case "home":
            return folder / value.expanduser()
        case "rules":
            return tuple(str(folder / Path(part).expanduser()) for part in value)
        case "alerts_file" if value:
            return str(folder / Path(value).expanduser())
        case _:
            return value
