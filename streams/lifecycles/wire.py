"""Messages and events of lifecycles as they lie in a log, and back."""

from typing import Any, Final

import msgspec

from schemas.cloudevents import Envelope
from schemas.codec import NAMES, Codec, UndecodableError
from streams.lifecycles.entity import Recorded, event_id
from streams.lifecycles.lifecycle import Lifecycle, Message, Send
from streams.lifecycles.log import Output, Place, Record
from streams.lifecycles.partitioning import partition_of

SOURCE: Final = "/lifecycles"


class Unreadable(msgspec.Struct, frozen=True):
    """Why a message of an inbox is none that the lifecycle takes."""

    reason: str
    detail: str


def read_message(lifecycle: Lifecycle[Any], record: Record, codec: Codec) -> Message | Unreadable:
    """Return the message in an inbox's record. Raises RegistryUnavailableError."""
    try:
        body = codec.decode(record.value)
    except UndecodableError as error:
        return Unreadable(error.reason, error.detail)
    if type(body) not in lifecycle.commands and type(body) not in lifecycle.observations:
        return Unreadable("wrong-type", f"{NAMES[type(body)]} is no message for a {lifecycle.kind}")
    try:
        name = (record.key or b"").decode("ascii")
    except UnicodeDecodeError:
        return Unreadable("bad-name", f"the key {record.key!r} is no name")
    if not name:
        return Unreadable("bad-name", f"a message for a {lifecycle.kind} needs its name as key")
    said = Envelope.from_headers(record.headers)
    return Message(
        name=name,
        id=said.id if said else f"{record.place.topic}/{record.place.partition}/{record.offset}",
        time_ns=record.timestamp_ms * 1_000_000 if said is None or said.time_ns is None else said.time_ns,
        body=body,
        actor=said.actor if said else None,
        if_version=said.if_version if said else None,
        correlation_id=said.correlation_id if said else None,
        causation_id=said.causation_id if said else None,
    )


def read_event(record: Record, codec: Codec) -> Recorded:
    """Return the event in a record of an events topic.

    Raises UndecodableError for what is none, which nobody but the host may have written; RegistryUnavailableError.
    """
    said = Envelope.from_headers(record.headers)
    if said is None or said.sequence is None:
        place = f"{record.place.topic}/{record.place.partition}@{record.offset}"
        raise UndecodableError("undecodable", f"{place} has no sequence number: the host did not write it")
    return Recorded(
        name=(record.key or b"").decode(),
        sequence=said.sequence,
        time_ns=said.time_ns or 0,
        event=codec.decode(record.value),
        causation_id=said.causation_id or "",
        correlation_id=said.correlation_id or "",
        command_id=said.command_id,
        actor=said.actor,
    )


def write_event(lifecycle: Lifecycle[Any], recorded: Recorded, partition: int, codec: Codec) -> Output:
    """Return the record for an event, for the partition of its entity's inbox."""
    envelope = Envelope(
        id=event_id(lifecycle.kind, recorded.name, recorded.sequence),
        type=NAMES[type(recorded.event)],
        source=SOURCE,
        subject=f"{lifecycle.kind}/{recorded.name}",
        time_ns=recorded.time_ns,
        causation_id=recorded.causation_id,
        correlation_id=recorded.correlation_id,
        actor=recorded.actor,
        sequence=recorded.sequence,
        command_id=recorded.command_id,
    )
    return Output(
        place=Place(lifecycle.events.name, partition),
        key=recorded.name.encode(),
        headers=envelope.to_headers(),
        value=codec.encode(lifecycle.events, recorded.event),
        timestamp_ms=recorded.time_ns // 1_000_000,
    )


def write_message(lifecycle: Lifecycle[Any], message: Message, partitions: int, codec: Codec) -> Output:
    """Return the record for a message, for the inbox partition of its entity."""
    key = message.name.encode()
    envelope = Envelope(
        id=message.id,
        type=NAMES[type(message.body)],
        source=SOURCE,
        subject=f"{lifecycle.kind}/{message.name}",
        time_ns=message.time_ns,
        causation_id=message.causation_id,
        correlation_id=message.correlation_id,
        actor=message.actor,
        if_version=message.if_version,
    )
    return Output(
        place=Place(lifecycle.inbox.name, partition_of(key, partitions)),
        key=key,
        headers=envelope.to_headers(),
        value=codec.encode(lifecycle.inbox, message.body),
        timestamp_ms=message.time_ns // 1_000_000,
    )


def sent(lifecycle: Lifecycle[Any], recorded: Recorded, number: int, send: Send) -> Message:
    """Return the message that an event makes its entity send: the same each time, id included."""
    cause = event_id(lifecycle.kind, recorded.name, recorded.sequence)
    return Message(
        name=send.name,
        id=f"{cause}/{number}",
        time_ns=recorded.time_ns,
        body=send.body,
        actor=f"{lifecycle.kind}/{recorded.name}",
        correlation_id=recorded.correlation_id,
        causation_id=cause,
    )
