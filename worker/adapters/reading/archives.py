"""The files inside a zip, read from memory and never written to disk."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from worker.adapters.reading.office import ZIP_ERRORS

MAX_MEMBERS = 1_000
"""Source: reliability.md 4.3."""
MAX_RATIO = 100
"""Unpacked to packed. Source: reliability.md 4.3."""
MAX_TOTAL_BYTES = 200 * 1024 * 1024
"""Unpacked, of all archives of a mail. Source: reliability.md 4.3."""
MAX_DIRECTORY_BYTES = 512 * 1024
"""A longer list of members is not even read: 1,000 of 500 bytes. Our choice."""
SMALL_BYTES = 1024 * 1024
"""Below this the ratio says nothing: a white bitmap packs well. Our choice."""
CHUNK_BYTES = 256 * 1024

_IS_CLUTTER = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")
_END = b"PK\x05\x06"
_END_SEARCHED = 66_000
_LOCKED = 0x1


class ArchiveRefused(Exception):
    """The archive is locked or not safe to open; `code` says which.

    `locked`, `too_many`, `too_big` or `damaged`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive; its content is unpacked while it is read."""

    name: str
    size_bytes: int
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def chunks(self) -> Iterator[bytes]:
        """Yield the content.

        Raises:
            ArchiveRefused: `damaged`.
        """
        try:
            with self.archive.open(self.info) as source:
                while chunk := source.read(CHUNK_BYTES):
                    yield chunk
        except ZIP_ERRORS as error:
            code = "damaged"
            raise ArchiveRefused(code) from error


def members(data: bytes, *, budget_bytes: int) -> list[Member]:
    """Return the files of a zip in their order, folders and clutter left out.

    Raises:
        ArchiveRefused: nothing of the archive should be opened.
    """
    _refuse_long_directory(data)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = [i for i in archive.infolist() if not i.is_dir()]
    except ZIP_ERRORS as error:
        code = "damaged"
        raise ArchiveRefused(code) from error
    found = [i for i in infos if not _IS_CLUTTER.search(i.filename)]
    _refuse_bomb(found, budget_bytes)
    return [Member(i.filename, i.file_size, archive, i) for i in found]


def _refuse_long_directory(data: bytes) -> None:
    """Raise before the standard library builds an object for each of a million."""
    end = data.rfind(_END, max(0, len(data) - _END_SEARCHED))
    directory = data[end + 12 : end + 16]
    if end >= 0 and int.from_bytes(directory, "little") > MAX_DIRECTORY_BYTES:
        code = "too_many"
        raise ArchiveRefused(code)


def _refuse_bomb(infos: list[zipfile.ZipInfo], budget_bytes: int) -> None:
    code = None
    if any(info.flag_bits & _LOCKED for info in infos):
        code = "locked"
    elif len(infos) > MAX_MEMBERS:
        code = "too_many"
    elif sum(i.file_size for i in infos) > budget_bytes or any(map(_is_bomb, infos)):
        code = "too_big"
    if code is not None:
        raise ArchiveRefused(code)


def _is_bomb(info: zipfile.ZipInfo) -> bool:
    packed = max(info.compress_size, 1)
    return info.file_size > SMALL_BYTES and info.file_size > packed * MAX_RATIO
