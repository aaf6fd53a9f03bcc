"""One message of a topic, as it was read."""

from functools import cached_property

import msgspec

from schemas.cloudevents import Envelope
from schemas.codec import Codec, UndecodableError

Headers = tuple[tuple[str, bytes | None], ...]


class Message(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A Kafka message; its event is decoded when it is first asked for."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    """When it happened, ms since the epoch; -1 if the message does not say."""
    key: bytes | None = None
    headers: Headers = ()
    value: bytes | None = None
    codec: Codec

    @cached_property
    def event(self) -> msgspec.Struct | UndecodableError:
        """Return the event, or why the value is none: an error as a value, for the caller to decide about.

        Raises RegistryUnavailableError, which says nothing about the message.
        """
        try:
            return self.codec.decode(self.value)
        except UndecodableError as error:
            return error

    @cached_property
    def envelope(self) -> Envelope | None:
        """Return what the headers say about the event, None if they are not those of a CloudEvent."""
        return Envelope.from_headers(self.headers)
