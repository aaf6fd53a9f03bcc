"""The way in for commands: puts one on the inbox of a lifecycle, as whoever gives it."""

from typing import Final

import msgspec

from producers.publisher import Publisher
from producers.users import this_user
from schemas.topics import Topic

INBOX: Final = "s.inbox"


def send(
    publisher: Publisher,
    inbox: Topic,
    name: str,
    command: msgspec.Struct,
    *,
    id: str | None = None,
    actor: str | None = None,
    if_version: int | None = None,
    causation_id: str | None = None,
    correlation_id: str | None = None,
    time_ns: int | None = None,
) -> str:
    """Queue a command to the entity of that name and return its id; the publisher has to be flushed or left.

    One that is given twice under the same `id` counts once. With `if_version`, the number of the entity's last event,
    it is refused if the entity has changed. Without `actor` it is this user at this host who gives it.
    Raises ValueError for an empty name, and what `Publisher.publish` raises.
    """
    if not name:
        raise ValueError(f"a command for {inbox.name} needs the name of an entity")
    return publisher.publish(
        inbox,
        command,
        key=name,
        subject=f"{inbox.name.removesuffix(INBOX)}/{name}",
        id=id,
        time_ns=time_ns,
        causation_id=causation_id,
        correlation_id=correlation_id,
        actor=actor or this_user(),
        if_version=if_version,
    )
