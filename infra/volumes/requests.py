"""What nodes ask of each other's replicas, as it travels: one JSON object a request, whose `call` says which."""

from typing import Annotated, ClassVar, Final

import msgspec

from infra.volumes.words import Name
from schemas.types.volumes import Address

PATH: Final = "/replicas"
"""Where calls are posted."""
DONE: Final = 200
IDLE_SECONDS: Final = 90
"""Seconds after which a server closes a connection that nothing came by."""
LONGEST_READ: Final = 16 << 20
"""Most bytes of a layer in one answer."""

Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Length = Annotated[int, msgspec.Meta(ge=0, le=LONGEST_READ)]


class Call(msgspec.Struct, frozen=True, kw_only=True, tag_field="call"):
    """A call of a method of `Peer`; names are checked when it is read, so none is a way out of the replicas' folder."""

    SECONDS: ClassVar[float] = 10.0
    """How long the caller waits for the answer."""

    volume: Name
    replica: Name


class Prepare(Call, frozen=True, tag="prepare"):
    """Make the layer that will be the head."""

    incarnation: Count
    layer: Name


class Take(Call, frozen=True, tag="take"):
    """Make the prepared layer the head; the volume is frozen meanwhile."""

    SECONDS: ClassVar[float] = 2.0

    incarnation: Count
    layer: Name


class Fence(Call, frozen=True, tag="fence"):
    """Cut off controllers of older generations."""

    incarnation: Count
    generation: Count


class Serve(Call, frozen=True, tag="serve"):
    """Export a frozen layer."""

    layer: Name


class Unserve(Call, frozen=True, tag="unserve"):
    """End the export of a frozen layer."""

    layer: Name


class Lean(Call, frozen=True, tag="lean"):
    """Read what the head does not hold from a layer that another node serves."""

    incarnation: Count
    backing: Address


class LayerSize(Call, frozen=True, tag="layer-size"):
    """Ask for the size of a frozen layer's file."""

    layer: Name


class ReadLayer(Call, frozen=True, tag="read-layer"):
    """Ask for bytes of a frozen layer's file."""

    SECONDS: ClassVar[float] = 30.0

    layer: Name
    offset: Count
    length: Length


class LayerDigest(Call, frozen=True, tag="layer-digest"):
    """Ask for the digest of bytes of a frozen layer's file."""

    SECONDS: ClassVar[float] = 30.0

    layer: Name
    offset: Count
    length: Length


class Failure(msgspec.Struct, frozen=True):
    """An EngineError as it travels."""

    what: str
    why: str
    permanent: bool


AnyCall = Prepare | Take | Fence | Serve | Unserve | Lean | LayerSize | ReadLayer | LayerDigest

_decoder: Final[msgspec.json.Decoder[AnyCall]] = msgspec.json.Decoder(AnyCall)


def encode_call(call: AnyCall) -> bytes:
    """Return the request's body."""
    return msgspec.json.encode(call)


def decode_call(body: bytes) -> AnyCall:
    """Return what is asked; raises msgspec.DecodeError, of which ValidationError is one, for anything else."""
    try:
        return _decoder.decode(body)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error
