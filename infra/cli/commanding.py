"""What all commands that change something share: dry run, version, waiting for the outcome, and for its end."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from infra.cli.entities import Log, check_nodes, opened, short_type
from infra.cli.errors import CONFLICT, FAILED, NOT_FOUND, TIMED_OUT, USAGE, CliError
from infra.cli.formats import Format, structured, write
from infra.cli.progress import say
from infra.cli.times import seconds_of
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.deciding import Step
    from streams.lifecycles.entity import Entity, Recorded
    from streams.lifecycles.lifecycle import Event, Lifecycle

OUTCOME_SECONDS: Final = 10.0
END_SECONDS: Final = 300.0
DELIVERY_SECONDS: Final = 10.0
CODES: Final = {"version-conflict": CONFLICT, "not-found": NOT_FOUND}


@Parameter(name="*")
@dataclass(frozen=True)
class Way:
    """How a command is given.

    Parameters
    ----------
    dry_run
        Give no command; show exactly the events that would follow.
    if_version
        Refuse the command if the entity has another version than this.
    wait
        Wait until what is asked for is done, not only decided; with --no-wait for nothing.
    timeout
        How long to wait, such as 30s; by default 10s until it is decided, 5m until it is done.
    output
        table writes the command's id, and on stderr what came of it; the others write the events that answer it.
    """

    dry_run: Annotated[bool, Parameter(negative="", show_default=False)] = False
    if_version: int | None = None
    wait: bool | None = None
    timeout: str | None = None
    output: Annotated[Format, Parameter(name=("--output", "-o"), show_default=False)] = "table"

    @property
    def seconds(self) -> float:
        """Return how long to wait. Raises CliError."""
        if self.timeout is None:
            return END_SECONDS if self.wait else OUTCOME_SECONDS
        return seconds_of("--timeout", self.timeout)


PLAIN: Final = Way()


def carry_out(
    lifecycle: "Lifecycle[Any]",
    name: str,
    command: "Event",
    way: Way,
    done: "Callable[[Any], bool] | None" = None,
    nodes: tuple[str, ...] = (),
) -> int:
    """Give a command as it is to be given; `done` says of a state whether what it asks for is done. Raises CliError.

    `nodes` are those that it names: they must be there.
    """
    if way.if_version is not None and way.if_version < 0:
        raise CliError(f"--if-version {way.if_version} is no version", "", "--if-version 7", USAGE)
    until = time.monotonic() + way.seconds
    with opened(load_settings()) as log:
        check_nodes(log, nodes)
        if way.dry_run:
            foretell(log, lifecycle, name, [command], way)
            return 0
        version = give_one(log, lifecycle, name, command, way, way.if_version, until)
        if way.wait:
            await_end(log, lifecycle, name, until, version or 0, done)
    return 0


def give_one(
    log: Log,
    lifecycle: "Lifecycle[Any]",
    name: str,
    command: "Event",
    way: Way,
    version: int | None,
    until: float,
) -> int | None:
    """Give a command; return the version that it left, None if that was not waited for."""
    from streams.lifecycles.outcomes import Outcomes

    outcomes = Outcomes(lifecycle, name, log.history, log.codec)
    id = deliver(log, lifecycle, name, command, version)
    if way.output in ("table", "wide") or way.wait is False:
        write(id)
    if way.wait is False:
        return None
    outcome = outcomes.of(id, until - time.monotonic())
    if outcome is None:
        why = "The command stays on the log, and is carried out when the lifecycle service is there"
        raise CliError(f"No outcome within {way.seconds:g} s", why, f"deedlog explain {id}", TIMED_OUT)
    if rejected := outcome.rejected:
        raise refused(lifecycle, name, rejected)
    tell(lifecycle, outcome.events, way, say)
    return outcome.version


def tell(lifecycle: "Lifecycle[Any]", events: "Iterable[Recorded]", way: Way, people: Callable[[str], None]) -> None:
    """Tell events to people, or write them as records for programs."""
    from infra.cli.history import event_record

    for recorded in events:
        if way.output in ("table", "wide"):
            people(told(lifecycle, recorded))
        else:
            write(structured(way.output)(event_record(lifecycle, recorded)))


def deliver(log: Log, lifecycle: "Lifecycle[Any]", name: str, command: "Event", version: int | None) -> str:
    """Return the command's id when Kafka has it. Raises CliError."""
    from producers.commands import send
    from producers.publisher import Publisher

    settings = log.settings
    with Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/cli", log_level=0) as publisher:
        id = send(publisher, lifecycle.inbox, name, command, if_version=version)
        if publisher.flush(DELIVERY_SECONDS):
            why = f"No answer within {DELIVERY_SECONDS:.0f} s"
            raise CliError("Kafka did not take the command", why, "deedlog status", TIMED_OUT)
    return id


def refused(lifecycle: "Lifecycle[Any]", name: str, rejected: Any) -> CliError:
    """Return what to say of a command that was rejected."""
    from streams.lifecycles.sentences import words

    what = f"{lifecycle.kind}/{name}: {words(rejected.command)} was rejected ({rejected.code})"
    return CliError(what, rejected.reason, rejected.fix, CODES.get(rejected.code, FAILED))


def told(lifecycle: "Lifecycle[Any]", recorded: "Recorded") -> str:
    """Return an event as it is told on stderr."""
    from streams.lifecycles.sentences import sentence

    return f"{lifecycle.kind}/{recorded.name} {recorded.sequence}: {sentence(recorded.event)}"


def foretell(log: Log, lifecycle: "Lifecycle[Any]", name: str, commands: "Sequence[Event]", way: Way) -> None:
    """Write the events that would follow from the commands now. Raises CliError if one would be rejected."""
    from schemas.types.lifecycles import CommandRejected
    from streams.lifecycles.sentences import executor

    entity, version = log.view(lifecycle).one(name), way.if_version
    for command in commands:
        taken = _step(lifecycle, name, entity, command, version)
        for recorded in taken.recorded:
            if isinstance(recorded.event, CommandRejected):
                raise refused(lifecycle, name, recorded.event)
        tell(lifecycle, taken.recorded, way, write)
        _foretell_messages(lifecycle, taken)
        entity, version = taken.entity, None
    for effect in lifecycle.pending(entity.state):
        say(f"then pending: {effect.id} on {executor(effect.node)} ({short_type(effect.action)})")


def _step(
    lifecycle: "Lifecycle[Any]", name: str, entity: "Entity[Any]", command: "Event", version: int | None
) -> "Step":
    from producers.identifiers import new_id
    from producers.users import this_user
    from streams.lifecycles.deciding import step
    from streams.lifecycles.lifecycle import Message

    message = Message(
        name=name, id=new_id(), time_ns=time.time_ns(), body=command, actor=this_user(), if_version=version
    )
    return step(lifecycle, entity, message)


def _foretell_messages(lifecycle: "Lifecycle[Any]", taken: "Step") -> None:
    for recorded in taken.recorded:
        for send in lifecycle.react(recorded.name, taken.entity.state, recorded.event):
            say(f"then told: {send.kind}/{send.name} {short_type(send.body)}")


def await_end(
    log: Log,
    lifecycle: "Lifecycle[Any]",
    name: str,
    until: float,
    version: int,
    done: "Callable[[Any], bool] | None",
) -> None:
    """Wait until an entity has reached a version and what was asked for is done. Raises CliError."""
    from infra.cli.waiting import wait_for

    def enough(entity: "Entity[Any]") -> bool:
        phase = lifecycle.phases[lifecycle.phase(entity.state)].kind
        reached = entity.sequence >= version and phase != "transitional"
        return reached and (done is None or phase == "absent" or done(entity.state))

    wait_for(log, lifecycle, name, enough, "the end of it", until)
