"""Answers what another node asks of this node's replicas: bytes in, status and bytes out."""

import logging
from typing import Final, assert_never

import msgspec

from infra.volumes.errors import EngineError
from infra.volumes.peer import Peer
from infra.volumes.requests import (
    DONE,
    AnyCall,
    Failure,
    Fence,
    LayerDigest,
    LayerSize,
    Lean,
    Prepare,
    ReadLayer,
    Serve,
    Take,
    Unserve,
    decode_call,
)

BAD: Final = 400
FAILED: Final = 409
BROKEN: Final = 500

log = logging.getLogger(__name__)


class Answer(msgspec.Struct, frozen=True):
    """An HTTP status, and a body: raw bytes or JSON if the call was done, else a Failure."""

    status: int
    body: bytes


def answer(peer: Peer, body: bytes) -> Answer:
    """Return the answer to a request; never raises."""
    try:
        return Answer(DONE, carry_out(peer, decode_call(body)))
    except msgspec.DecodeError as error:
        return failed(BAD, "The request is not understood", f"{error}; is deedlog older on that node?", permanent=True)
    except EngineError as error:
        return failed(FAILED, error.what, error.why, permanent=error.permanent)
    except Exception as error:
        log.exception("a call of another node failed")
        return failed(BROKEN, "The node failed to answer", f"{error!r}; see the log of its agent")


def carry_out(peer: Peer, call: AnyCall) -> bytes:
    """Call the peer, and return what it returns: bytes as they are, anything else as JSON; raises EngineError."""
    volume, replica = call.volume, call.replica
    match call:
        case Prepare(incarnation=incarnation, layer=layer):
            return msgspec.json.encode(peer.prepare(volume, replica, incarnation, layer))
        case Take(incarnation=incarnation, layer=layer):
            peer.take(volume, replica, incarnation, layer)
        case Fence(incarnation=incarnation, generation=generation):
            peer.fence(volume, replica, incarnation, generation)
        case Serve(layer=layer):
            return msgspec.json.encode(peer.serve(volume, replica, layer))
        case Unserve(layer=layer):
            peer.unserve(volume, replica, layer)
        case Lean(incarnation=incarnation, backing=backing):
            peer.lean(volume, replica, incarnation, backing)
        case LayerSize(layer=layer):
            return msgspec.json.encode(peer.layer_size(volume, replica, layer))
        case ReadLayer(layer=layer, offset=offset, length=length):
            return peer.read_layer(volume, replica, layer, offset, length)
        case LayerDigest(layer=layer, offset=offset, length=length):
            return peer.layer_digest(volume, replica, layer, offset, length)
        case _:
            assert_never(call)
    return msgspec.json.encode(None)


def failed(status: int, what: str, why: str, *, permanent: bool = False) -> Answer:
    """Return the answer that tells of a failure."""
    return Answer(status, msgspec.json.encode(Failure(what, why, permanent)))
