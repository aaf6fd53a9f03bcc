"""Puts on record what a client does with artifacts: that it began, and how it ended.

It is called by every command that moves something, so it costs next to nothing: a line in a file. Where no pipeline is
configured it does nothing at all. What is in the file is sent by the pipeline of this home, or by a process that is
started when the act is over; the client waits for neither.
"""

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from infra.artifacts.spool import Record, Spool

if TYPE_CHECKING:
    from infra.config import Settings
    from infra.oci.descriptors import Descriptor

FOLDER: Final = "artifacts/spool"


class recorded:  # noqa: N801 - it is used as a function is
    """A block of code in which an act is done."""

    def __init__(
        self,
        verb: str,
        *,
        registry: str,
        repository: str,
        tag: str = "",
        descriptor: "Descriptor",
        subject: str = "",
        source: str = "",
    ) -> None:
        """Take what is done and with what: push, pull, attach, copy, tag, untag or delete.

        `subject` is the digest that an attached artifact refers to, `source` where something is copied from.
        """
        self._verb = verb
        self._descriptor = descriptor
        self._said = {
            "registry": registry,
            "repository": repository,
            "tag": tag,
            "subject": subject,
            "source": source,
            "artifact_type": descriptor.artifact_type,
            "media_type": descriptor.media_type,
            "size": descriptor.size,
        }
        self._settings = configured()

    def __enter__(self) -> Self:
        if self._settings:
            from producers.identifiers import new_id
            from producers.users import this_user

            self._said |= {"act": new_id(), "by": this_user(), "node": self._settings.node}
            self._tell("began", {})
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._settings is None:
            return
        if error is None:
            self._tell("ended", {})
        else:
            from infra.artifacts.scrubbing import scrubbed

            self._tell("failed", {"error": scrubbed(str(error)) or type(error).__name__})
        self._wake()

    def _wake(self) -> None:
        if self._settings is not None and self._settings.bootstrap_servers:
            wake(self._settings)

    def _tell(self, half: str, more: dict[str, str]) -> None:
        fields = {name: value for name, value in {**self._said, **more, "at": time.time_ns()}.items() if value}
        record = Record(half, self._descriptor.digest, self._verb, fields)
        try:
            if self._settings:
                spool_of(self._settings).append(record)
        except OSError as error:
            # The act matters more than its record.
            print(f"deedlog: this {self._verb} is not put on record: {error}", file=sys.stderr)
            self._settings = None


def spool_of(settings: "Settings") -> Spool:
    """Return the spool of a home."""
    return Spool(settings.home / FOLDER)


def configured() -> "Settings | None":
    """Return the settings if there is a pipeline to tell: Kafka that was named, or the home of an embedded one.

    Raises ConfigError.
    """
    if not _may_be():
        return None
    from infra.config import load_settings

    settings = load_settings()
    return settings if settings.bootstrap_servers or (settings.home / "kafka").is_dir() else None


def _may_be() -> bool:
    """Say whether settings are worth reading: they take longer than all else here."""
    if "infra.config" in sys.modules or any(name.startswith("DEEDLOG_") for name in os.environ):
        return True
    home = os.environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - an account without a name has none
    base = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    places = (f"{base}/deedlog/config.toml", "deedlog.toml", f"{home}/.local/share/deedlog/kafka")
    return any(os.path.exists(place) for place in places)  # noqa: PTH110 - pathlib costs more than the question


def wake(settings: "Settings") -> None:
    """Start who sends what is in the spool, unless one is at it; do not wait for it."""
    with spool_of(settings).sender() as alone:
        if not alone:
            return
    from infra.config import as_environment

    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    argv = (sys.executable, "-P", "-m", "infra.artifacts.sending")
    try:
        os.posix_spawn(
            sys.executable, argv, {**os.environ, **as_environment(settings)}, file_actions=quiet, setsid=True
        )
    except OSError:
        return  # it waits for the next act, or for the pipeline
