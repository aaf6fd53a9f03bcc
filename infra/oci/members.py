"""Members of archives of unknown origin: what would fill the memory or go on for ever is refused as it is met."""

import tarfile
from typing import Final

from infra.oci.errors import InvalidContentError

MOST_HEADER: Final = 1 << 20
"""Bytes of a long name or of extended attributes; they are read into memory, and compress to next to nothing."""
READ_WHOLE: Final = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)


class Member(tarfile.TarInfo):
    """A member whose header is looked at before it is believed."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0 or (self.type in READ_WHOLE and self.size > MOST_HEADER):
            raise InvalidContentError(f"a header in the archive has {self.size:,} bytes")
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise sparse(self)
        member: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        # Extended attributes say sizes anew.
        if member.size < 0:
            raise InvalidContentError(f"{member.name!r} in the archive has {member.size:,} bytes")
        return member

    def _proc_gnusparse_10(self, member: tarfile.TarInfo, *_: object) -> None:
        raise sparse(member)


def sparse(member: tarfile.TarInfo) -> InvalidContentError:
    """Return the error of a file with holes: a few bytes of it may stand for any number."""
    return InvalidContentError(f"{member.name!r} in the archive is a file with holes, which is not unpacked")
