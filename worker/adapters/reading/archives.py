"""The files inside a zip, read from memory and never written to disk.

What else is opened is in `tapes`.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from worker.adapters.reading.office import ZIP_ERRORS
from worker.adapters.reading.texts import decode

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
_IS_UTF8 = 0x800


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
    chunks: Callable[[], Iterable[bytes | memoryview]]
    """Yields the content; may raise ArchiveRefused `damaged`."""


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
    found = [i for i in infos if not is_clutter(i.filename)]
    _refuse_bomb(found, len(data), budget_bytes)
    return [
        Member(_name(i), i.file_size, partial(_unpacked, archive, i)) for i in found
    ]


def is_clutter(name: str) -> bool:
    """Return whether a system put a file into an archive for itself."""
    return _IS_CLUTTER.search(name) is not None


def is_bomb(size: int, packed: int) -> bool:
    """Return whether something unpacks to far more than it is."""
    return size > SMALL_BYTES and size > max(packed, 1) * MAX_RATIO


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(info) as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
    except ZIP_ERRORS as error:
        code = "damaged"
        raise ArchiveRefused(code) from error


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; without the flag for UTF-8 in what charset fits.

    Windows writes names in the code page of its country.
    """
    if info.flag_bits & _IS_UTF8 or info.filename.isascii():
        return info.filename
    try:
        return decode(info.filename.encode("cp437"), None)
    except UnicodeError:
        return info.filename


def _refuse_long_directory(data: bytes) -> None:
    """Raise before the standard library builds an object for each of a million."""
    end = data.rfind(_END, max(0, len(data) - _END_SEARCHED))
    directory = data[end + 12 : end + 16]
    if end >= 0 and int.from_bytes(directory, "little") > MAX_DIRECTORY_BYTES:
        code = "too_many"
        raise ArchiveRefused(code)


def _refuse_bomb(
    infos: list[zipfile.ZipInfo], archive_bytes: int, budget_bytes: int
) -> None:
    """Raise for what is locked or too large; the whole has a ratio too.

    Members that share their packed bytes claim more of them than the archive has.
    """
    code = None
    size = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if any(info.flag_bits & _LOCKED for info in infos):
        code = "locked"
    elif len(infos) > MAX_MEMBERS:
        code = "too_many"
    elif (
        size > budget_bytes
        or packed > archive_bytes
        or any(is_bomb(info.file_size, info.compress_size) for info in infos)
    ):
        code = "too_big"
    if code is not None:
        raise ArchiveRefused(code)
