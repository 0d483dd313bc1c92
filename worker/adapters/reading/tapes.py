"""Tar files and single files packed by gzip, bzip2 or xz, read from memory.

The headers of a tar are followed here: `tarfile` of Python 3.11.7 never ends on a
negative size (CVE-2025-8194) and believes what sparse files say.
"""

import bz2
import itertools
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from worker.adapters.reading.archives import (
    CHUNK_BYTES,
    MAX_MEMBERS,
    ArchiveRefused,
    Member,
    is_bomb,
    is_clutter,
)
from worker.adapters.reading.texts import decode

_BLOCK = 512
_FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})
_MAX_NAME_BYTES = 8 * 1024
_PAX_PATH = b" path="
_XZ_MEMORY = 64 * 1024 * 1024
_UNPACK_ERRORS = (EOFError, OSError, ValueError, lzma.LZMAError, zlib.error)
_GZIP = 16 + zlib.MAX_WBITS
_ENDINGS = (".gz", ".bz2", ".xz", ".z")


class _Unpacker(Protocol):
    """What gzip, bzip2 and xz have in common."""

    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {
    "application/gzip": partial(zlib.decompressobj, _GZIP),
    "application/x-bzip2": bz2.BZ2Decompressor,
    "application/x-xz": partial(lzma.LZMADecompressor, memlimit=_XZ_MEMORY),
}
PACKED_TYPES = frozenset(_UNPACKERS)


def unpacked(
    data: bytes, media_type: str, filename: str, *, budget_bytes: int
) -> Member:
    """Return the one file that is packed by itself, unpacked at once.

    Raises:
        ArchiveRefused: `too_big` or `damaged`.
    """
    found = bytearray()
    unpacker = _UNPACKERS[media_type]()
    try:
        for piece in _pieces(unpacker, data):
            found += piece
            if len(found) > budget_bytes or is_bomb(len(found), len(data)):
                code = "too_big"
                raise ArchiveRefused(code)
    except _UNPACK_ERRORS as error:
        code = "damaged"
        raise ArchiveRefused(code) from error
    content = bytes(found)
    return Member(_inner_name(filename), len(content), lambda: (content,))


def tar_members(data: bytes, *, budget_bytes: int) -> list[Member]:
    """Return the files of a tar; folders, links and clutter are left out.

    Raises:
        ArchiveRefused: `too_many`, `too_big` or `damaged`.
    """
    files = itertools.islice(_tar_files(memoryview(data)), MAX_MEMBERS + 1)
    found = [
        Member(name, len(content), partial(iter, [content]))
        for name, content in files
        if not is_clutter(name)
    ]
    code = None
    if len(found) > MAX_MEMBERS:
        code = "too_many"
    elif sum(member.size_bytes for member in found) > budget_bytes:
        code = "too_big"
    if code is not None:
        raise ArchiveRefused(code)
    return found


def _pieces(unpacker: _Unpacker, data: bytes) -> Iterator[bytes]:
    """Yield the content in bounded pieces."""
    if isinstance(unpacker, bz2.BZ2Decompressor | lzma.LZMADecompressor):
        piece = unpacker.decompress(data, CHUNK_BYTES)
        while piece or not unpacker.eof:
            yield piece
            if not unpacker.eof and unpacker.needs_input:
                raise EOFError
            piece = b"" if unpacker.eof else unpacker.decompress(b"", CHUNK_BYTES)
        return
    rest = data
    while rest and not unpacker.eof:
        yield unpacker.decompress(rest, CHUNK_BYTES)
        rest = getattr(unpacker, "unconsumed_tail", b"")
    while not unpacker.eof:
        piece = unpacker.decompress(b"", CHUNK_BYTES)
        if not piece:
            raise EOFError
        yield piece


def _inner_name(filename: str) -> str:
    lowered = filename.lower()
    if lowered.endswith(".tgz"):
        return f"{filename[:-4]}.tar"
    ending = next((e for e in _ENDINGS if lowered.endswith(e)), "")
    return filename[: len(filename) - len(ending)] if ending else "unpacked"


def _tar_files(data: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Yield the files of a tar: name and content, each a slice of the bytes."""
    at, long_name = 0, ""
    while at + _BLOCK <= len(data):
        header = bytes(data[at : at + _BLOCK])
        if not header.strip(b"\0"):
            return
        try:
            info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            code = "damaged"
            raise ArchiveRefused(code) from error
        start = at + _BLOCK
        if info.size < 0 or start + info.size > len(data):
            code = "damaged"
            raise ArchiveRefused(code)
        content = data[start : start + info.size]
        at = start + -(-info.size // _BLOCK) * _BLOCK
        if info.type == tarfile.GNUTYPE_LONGNAME:
            long_name = _text(bytes(content[:_MAX_NAME_BYTES]).rstrip(b"\0"))
        elif info.type == tarfile.XHDTYPE:
            long_name = _pax_path(bytes(content[:_MAX_NAME_BYTES])) or long_name
        else:
            name = long_name or _text(info.name.encode("utf-8", "surrogateescape"))
            long_name = ""
            if info.type in _FILES and not name.endswith("/"):
                yield name, content


def _pax_path(records: bytes) -> str:
    _, mark, rest = records.partition(_PAX_PATH)
    return _text(rest.partition(b"\n")[0]) if mark else ""


def _text(name: bytes) -> str:
    return decode(name, None)
