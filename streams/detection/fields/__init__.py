"""All fields, in one table: the loader, the judge and the reference page read it."""

from typing import Final

from streams.detection.fields import container, event, file, process
from streams.detection.fields.field import Field

FIELDS: Final = {field.name: field for part in (event, file, process, container) for field in part.FIELDS}

__all__ = ["FIELDS", "Field"]
