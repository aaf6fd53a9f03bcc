"""The words that those who give orders to engines share with them: members, layers, what runs."""

from typing import Annotated, Final

import msgspec

from schemas.types.volumes import Address

NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9.-]*\Z"
LONGEST_NAME: Final = 96
Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN, max_length=LONGEST_NAME)]
"""Of a volume, a replica or a layer; also the name of a file or folder."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A replica as a controller uses it."""

    replica: Name
    address: Address


class LayerSource(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen layer and a replica that has it."""

    name: Name
    node: str
    volume: Name
    replica: Name


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """How a snapshot went."""

    replicas: tuple[str, ...]
    """Those whose new layer is the head."""
    missing: tuple[str, ...] = ()
    """Those that could not take it; what they hold differs from now on."""
    frozen_ms: float = 0.0
    """How long writes had to wait."""


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """How a controller ended."""

    clean: bool
    """Whether it ended in good order."""
    replicas: tuple[str, ...] = ()
    """Those that got all that was written, if so."""
    begun: bool = True
    """Whether it ever ran here."""


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What the folder of a replica holds."""

    incarnation: int
    """The last that was started; 0 if none ever was."""
    clean: bool
    """Whether that one ended in good order, so that it holds all that it was told; false while it runs."""
    head: str
    """The newest layer that was written, as of the last end."""
    layers: tuple[str, ...]
    """Layers whose files are there, sorted by name."""
    head_mtime_ns: int
    """When the head's file was last written, in ns since 1970; 0 without a head."""
    lost: tuple[str, ...] = ()
    """Layers whose file is no qcow2 image, or whose backing file is missing."""


class RunningReplica(msgspec.Struct, frozen=True, kw_only=True):
    """A replica's process that lives."""

    volume: str
    replica: str
    incarnation: int
    generation: int
    pid: int


class RunningController(msgspec.Struct, frozen=True, kw_only=True):
    """A controller's process that lives."""

    volume: str
    generation: int
    epoch: int
    pid: int


class ReplicaDied(msgspec.Struct, frozen=True, kw_only=True):
    """A replica's process ended though nobody wanted it to."""

    volume: str
    replica: str
    incarnation: int


class ControllerDied(msgspec.Struct, frozen=True, kw_only=True):
    """A controller's process ended though nobody wanted it to."""

    volume: str
    generation: int


class MemberFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A controller could not write, flush or read at one of its members; it goes on with the others."""

    volume: str
    generation: int
    replica: str


Report = ReplicaDied | ControllerDied | MemberFailed
