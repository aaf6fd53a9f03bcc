"""What commands about entities share: which one is meant, and how the log is opened."""

import difflib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.cli.errors import FAILED, NOT_FOUND, USAGE, CliError
from infra.cli.reading import no_broker, readable
from infra.cli.times import point
from infra.config import Settings

if TYPE_CHECKING:
    from streams.lifecycles.entity import Entity
    from streams.lifecycles.lifecycle import Lifecycle
    from streams.lifecycles.views import Moment, View
    from streams.lifecycles.watching import Watch


class Log:
    """The log as commands about entities use it."""

    def __init__(self, settings: Settings) -> None:
        from schemas.codec import Codec
        from schemas.registry import HttpRegistry
        from streams.lifecycles.kafka_history import KafkaHistory
        from streams.lifecycles.snapshots import Snapshots

        self.settings = settings
        self.history: KafkaHistory = KafkaHistory(settings.kafka)
        self.codec: Codec = Codec(HttpRegistry(settings.registry))
        self.snapshots: Snapshots = Snapshots(settings.home / "lifecycles")

    def view(self, lifecycle: "Lifecycle[Any]") -> "View[Any]":
        """Return the view of a kind of entities."""
        from streams.lifecycles.views import View

        return View(lifecycle, self.history, self.codec, self.snapshots)

    def watch(self, lifecycle: "Lifecycle[Any]", name: str | None) -> "Watch":
        """Read how entities of a kind are, or one, to go on from there."""
        from streams.lifecycles.watching import Watch

        return Watch(self.view(lifecycle), self.history, self.codec, name)

    def entity(self, lifecycle: "Lifecycle[Any]", name: str, moment: "Moment | None" = None) -> "Entity[Any]":
        """Return an entity that is there. Raises CliError if there is none."""
        from streams.lifecycles.manifests import there
        from streams.lifecycles.views import NOW

        entity = self.view(lifecycle).one(name, moment or NOW)
        if not there(lifecycle, entity):
            raise self._missing(lifecycle, name, entity, moment or NOW)
        return entity

    def _missing(self, lifecycle: "Lifecycle[Any]", name: str, entity: "Entity[Any]", moment: "Moment") -> CliError:
        from streams.lifecycles.manifests import there

        history = f"deedlog history {lifecycle.kind} {name}"
        if not moment.now:
            return not_found(lifecycle, name, "There was none at that moment", history)
        if lifecycle.phases[lifecycle.phase(entity.state)].kind == "absent" and entity.sequence > 1:
            return not_found(lifecycle, name, "It is no more; its history is", history)
        every = self.view(lifecycle).all().items()
        near = difflib.get_close_matches(name, [other for other, one in every if there(lifecycle, one)], n=1)
        return not_found(lifecycle, name, f"Did you mean {near[0]}?" if near else "", f"deedlog get {lifecycle.kind}s")


@contextmanager
def opened(settings: Settings) -> Iterator[Log]:
    """Open the log, and turn what goes wrong into what people are told."""
    with readable(settings):
        from confluent_kafka import KafkaException

        from schemas.codec import UndecodableError
        from streams.lifecycles.kafka_history import LogStalledError
        from streams.lifecycles.shard import GapError

        log = Log(settings)
        try:
            yield log
        except KafkaException as error:
            raise _said(settings, error) from error
        except LogStalledError as error:
            raise CliError("The history cannot be read to its end", str(error), "deedlog status", FAILED) from error
        except (GapError, UndecodableError) as error:
            why = "Nobody but the lifecycle service may write it"
            raise CliError(f"The history is damaged: {error}", why, "", FAILED) from error
        finally:
            log.history.close()


def _said(settings: Settings, error: Any) -> CliError:
    from confluent_kafka import KafkaError

    match error.args[0].code():
        case KafkaError.UNKNOWN_TOPIC_OR_PART | KafkaError._UNKNOWN_TOPIC | KafkaError._UNKNOWN_PARTITION:
            why = "The pipeline makes the topics of lifecycles when it starts"
            return CliError(f"A topic is not there: {error.args[0].str()}", why, "deedlog up", NOT_FOUND)
        case KafkaError._TRANSPORT | KafkaError._ALL_BROKERS_DOWN | KafkaError._TIMED_OUT | KafkaError._RESOLVE:
            return no_broker(settings, error.args[0].str())
        case KafkaError.NOT_LEADER_FOR_PARTITION | KafkaError.LEADER_NOT_AVAILABLE:
            # It is there, but a moment too young to serve its partitions.
            return no_broker(settings, error.args[0].str())
        case _:
            return CliError(f"Kafka: {error.args[0].str()}", exit_code=FAILED)


def check_nodes(log: Log, names: Iterable[str]) -> None:
    """Make sure that nodes of these names are known; nothing is asked for no name. Raises CliError."""
    from streams.nodes import NODES

    wanted = [checked(name) for name in names if name]
    known = log.view(NODES).all() if wanted else {}
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            why = f"Did you mean {near[0]}?" if near else "No agent of that name has ever reported"
            raise not_found(NODES, name, why, "deedlog get nodes")


def not_found(lifecycle: "Lifecycle[Any]", name: str, why: str, fix: str) -> CliError:
    """Return what to say of an entity that is not there."""
    return CliError(f"There is no {lifecycle.kind} {name}", why, fix, NOT_FOUND)


def kind_of(text: str) -> "Lifecycle[Any]":
    """Return the lifecycle that is called so. Raises CliError."""
    from streams.lifecycles.kinds import KINDS

    if found := KINDS.get(text.lower()):
        return found
    near = difflib.get_close_matches(text.lower(), KINDS, n=1)
    why = f"Did you mean {near[0]}?" if near else ""
    known = ", ".join(dict.fromkeys(one.kind for one in KINDS.values()))
    raise CliError(f"There is no kind {text!r}", why or f"Known are {known}", "deedlog get volumes", USAGE)


def target(kind: str, name: str | None) -> "tuple[Lifecycle[Any], str | None]":
    """Return which entity is meant by `volume data` or `volume/data`; no name means all. Raises CliError."""
    first, slash, second = kind.partition("/")
    if slash and name is not None:
        raise CliError(f"{kind} {name} names two things", "", f"{kind}, or {first} {name}", USAGE)
    meant = second if slash else name
    lifecycle = kind_of(first)
    return lifecycle, None if meant is None else named(lifecycle, meant)


def one_target(kind: str, name: str | None) -> "tuple[Lifecycle[Any], str]":
    """Return which entity is meant; there must be a name. Raises CliError."""
    lifecycle, meant = target(kind, name)
    if meant is None:
        fix = f"deedlog get {lifecycle.kind}s"
        raise CliError(f"Which {lifecycle.kind}?", "It takes a kind and a name, such as volume data", fix, USAGE)
    return lifecycle, meant


def named(lifecycle: "Lifecycle[Any]", text: str) -> str:
    """Return the name of the entity that a text means: of an artifact its digest. Raises CliError."""
    if lifecycle.kind == "artifact":
        from infra.cli.artifact_names import digest_of

        return digest_of(text)
    return checked(text, lifecycle)


def checked(name: str, lifecycle: "Lifecycle[Any] | None" = None) -> str:
    """Return the name. Raises CliError for what cannot be the name of anything, or of anything of a kind."""
    from streams.lifecycles.lifecycle import PLAIN_NAMES

    naming = lifecycle.naming if lifecycle else PLAIN_NAMES
    if naming.pattern.fullmatch(name):
        return name
    raise CliError(f"{name!r} is no name", f"A name is {naming.said}", "choose another name", USAGE)


def moment_of(text: str | None) -> "Moment":
    """Return the moment that --at means: the number of an event, or a time. Raises CliError."""
    from streams.lifecycles.views import Moment

    if text is None:
        return Moment()
    if text.isascii() and text.isdigit() and len(text) < 19:
        return Moment(sequence=int(text))
    return Moment(time_ns=point("--at", text, time.time_ns()))


def short_type(event: Any) -> str:
    """Return the name of a record without its namespace."""
    return type(event).__name__


def joined(texts: Iterable[str], nothing: str = "-") -> str:
    """Return texts parted by commas."""
    return ",".join(texts) or nothing
