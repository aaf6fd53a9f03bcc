"""Messages that cannot be judged are put aside whole, with the reason, so that nothing is lost and nothing stops."""

import time

from producers.publisher import OnDelivery, Publisher
from schemas.codec import UndecodableError
from schemas.topics import DEAD_LETTERS
from schemas.types.dead_letters import DeadLetter
from streams.message import Message


def dead_letter(message: Message, reason: str, detail: str, component: str, *, time_ns: int) -> DeadLetter:
    """Return the dead letter for a message; `time_ns` is when it is put aside."""
    return DeadLetter(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        time=time_ns,
        component=component,
        reason=reason,
        detail=detail.encode("utf-8", "replace").decode(),
        key=message.key,
        value=message.value,
        headers={name: value for name, value in message.headers if value is not None},
    )


def letter_id(message: Message) -> str:
    """Return the id of a message's dead letter, the same each time it is put aside."""
    return f"{message.topic}/{message.partition}/{message.offset}"


def put_aside(
    publisher: Publisher,
    message: Message,
    why: UndecodableError | tuple[str, str],
    component: str,
    *,
    on_delivery: OnDelivery | None = None,
) -> str:
    """Publish the message to `dead-letters` and return the letter's id, the same each time it is put aside.

    `why` is the error of the decoder or a reason and its detail.
    """
    reason, detail = (why.reason, why.detail) if isinstance(why, UndecodableError) else why
    letter = dead_letter(message, reason, detail, component, time_ns=time.time_ns())
    id = letter_id(message)
    return publisher.publish(
        DEAD_LETTERS,
        letter,
        key=message.topic,
        subject=id,
        id=id,
        time_ns=letter.time,
        causation_id=message.envelope.id if message.envelope else None,
        on_delivery=on_delivery,
    )
