"""Does what volumes ask of a node: each effect is one call of the engines, which may be repeated.

It also looks whether what should run does, tells what died, and kills what nobody counts on any more.
"""

import time
from collections.abc import Iterator
from threading import Lock
from typing import Any, Final

from infra.volumes.controllers import Controllers
from infra.volumes.errors import EngineError
from infra.volumes.joining import Joining
from infra.volumes.peer import Peer
from infra.volumes.replicas import Replicas
from infra.volumes.words import Address as EngineAddress
from infra.volumes.words import ControllerDied as ControllerGone
from infra.volumes.words import LayerSource as EngineLayer
from infra.volumes.words import Member as EngineMember
from infra.volumes.words import MemberFailed as MemberBad
from infra.volumes.words import ReplicaDied as ReplicaGone
from infra.volumes.words import Report
from schemas.types.volumes import (
    Address,
    ControllerDied,
    ControllerStarted,
    ControllerStopped,
    LayerFrozen,
    LayerMerged,
    MemberDropped,
    MemberFailed,
    ReplicaBuilt,
    ReplicaDied,
    ReplicaFenced,
    ReplicaInspected,
    ReplicaJoined,
    ReplicaRemoved,
    ReplicaSettled,
    ReplicaStarted,
    ReplicaStopped,
)
from streams.lifecycles.effector import EffectError, Progress
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Event, Lifecycle
from streams.lifecycles.schedule import Job
from streams.volumes import VOLUMES
from streams.volumes.effects import (
    BuildReplica,
    DropMember,
    FenceReplica,
    FreezeHead,
    InspectReplica,
    JoinReplica,
    Member,
    MergeLayer,
    RemoveReplica,
    SettleReplica,
    StartController,
    StartReplica,
    StopController,
    StopReplica,
)
from streams.volumes.engines import engines, unwanted_controller, unwanted_replica
from streams.volumes.state import Volume

LOOK_SECONDS: Final = 1.0
"""Time between two comparisons of what should run with what does; deaths are told at once besides."""
AGAIN_SECONDS: Final = 3.0
"""After which what is still amiss is told again."""
