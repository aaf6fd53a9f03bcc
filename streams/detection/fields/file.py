"""Fields of the file that an event opened, or was to open."""

from typing import Final

from streams.detection.event_types import OPENS
from streams.detection.fields.event import descriptor
from streams.detection.fields.field import Field
from streams.detection.levels import FILE, NUMBERS

FIELDS: Final = (
    Field(
        name="fd.num",
        type="number",
        doc="Descriptor that the call made or acted on; -1 for an open that failed.",
        level=NUMBERS,
        how=descriptor,
    ),
    Field(
        name="fd.name",
        type="string",
        doc="Path of the file, made absolute and normalised by its letters; links are not followed.",
        level=FILE,
        how=lambda file: file.name,
        types=OPENS,
    ),
    Field(
        name="fd.nameraw",
        type="string",
        doc="Path of the file as the program gave it.",
        level=FILE,
        how=lambda file: file.key.path,
        types=OPENS,
    ),
    Field(
        name="fd.directory",
        type="string",
        doc="Directory of the file; of a directory itself.",
        level=FILE,
        how=lambda file: file.directory,
        types=OPENS,
    ),
    Field(
        name="fd.filename",
        type="string",
        doc="Name of the file without its directory; absent if it was not opened or is a directory.",
        level=FILE,
        how=lambda file: file.filename,
        types=OPENS,
    ),
    Field(
        name="fd.type",
        type="string",
        doc="`file`, or `directory` if it was opened as one; absent if it was not opened.",
        level=FILE,
        how=lambda file: file.type,
        types=OPENS,
    ),
    Field(
        name="fd.typechar",
        type="string",
        doc="`f` for a file, `d` for a directory.",
        level=FILE,
        how=lambda file: file.typechar,
        types=OPENS,
    ),
)
