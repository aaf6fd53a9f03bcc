"""All fields, in one table: the loader, the judge and the reference page read it."""

from typing import Final

from streams.detection.fields import (
    argument,
    container,
    descriptor,
    event,
    group,
    mounts,
    path,
    process,
    session,
    socket,
    user,
)
from streams.detection.fields.field import Field

PARTS: Final = (event, argument, descriptor, socket, path, session, process, user, group, container, mounts)
FIELDS: Final = {field.name: field for part in PARTS for field in part.FIELDS}

__all__ = ["FIELDS", "Field"]
