"""Compound files, the storage of Outlook messages and old office files.

A reader of our own: olefile 0.47 follows the sizes and chains that a file declares,
so a few hostile bytes cost it gigabytes. Here nothing is read twice in one stream,
and all streams together give no more than the file has. Source: MS-CFB.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_ENTRIES = 20_000
"""Streams and storages of one file. Our choice: a message has some 20 a recipient."""
MAX_DEPTH = 30
"""Storages inside storages. Our choice."""

_SECTOR_SHIFTS = frozenset({9, 12})
_MINI_SHIFT = 6
_MINI_CUTOFF = 4096
_HEADER_BYTES = 512
_HEADER_FATS = 109
_LAST_SECTOR = 0xFFFFFFF9
_NOBODY = 0xFFFFFFFF
_ENTRY = struct.Struct("<64sHBxIII36xIQ")
_ENTRY_BYTES = 128
_IS_STORAGE, _IS_STREAM, _IS_ROOT = 1, 2, 5


class CompoundDamaged(Exception):
    """The file is no sound compound file, or made to cost time."""


@dataclass(slots=True)
class Storage:
    """A folder of a compound file: its streams and its storages by name."""

    streams: dict[str, bytes] = field(default_factory=dict)
    storages: dict[str, "Storage"] = field(default_factory=dict)

    def contents(self) -> Iterator[bytes]:
        """Yield all that is in it, ordered by name: for its size and digest."""
        for name, data in sorted(self.streams.items()):
            yield f"{name}\0{len(data)}\0".encode("utf-8", "replace")
            yield data
        for name, storage in sorted(self.storages.items()):
            yield f"{name}\0".encode("utf-8", "replace")
            yield from storage.contents()


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


def read(data: bytes | memoryview) -> Storage:
    """Return the root storage of a compound file with all that it holds.

    Raises:
        CompoundDamaged: it breaks the format, or holds more than its own size.
    """
    return _Reader(memoryview(data)).root()


def names(data: bytes | memoryview) -> frozenset[str]:
    """Return what the root storage holds, by name, without reading it.

    Raises:
        CompoundDamaged: see `read`.
    """
    reader = _Reader(memoryview(data))
    return frozenset(entry.name for entry in reader.children(reader.entries[0]))


class _Reader:
    """One file while it is read."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        if len(data) < _HEADER_BYTES or data[:8] != SIGNATURE:
            raise CompoundDamaged
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in _SECTOR_SHIFTS or mini_shift != _MINI_SHIFT:
            raise CompoundDamaged
        self._sector_bytes = 1 << shift
        directory, _, cutoff, mini_start = struct.unpack_from("<IIII", data, 48)
        if cutoff != _MINI_CUTOFF:
            raise CompoundDamaged
        self._left = len(data)
        self._fat = self._read_fat()
        most = MAX_ENTRIES * _ENTRY_BYTES
        self.entries = _entries(self._chain(directory, most))
        root = self.entries[0]
        self._mini_fat = _numbers(self._chain(mini_start, len(data)))
        self._mini = memoryview(self._chain(root.start, root.size))

    def root(self) -> Storage:
        """Return the root storage with all its streams."""
        return self._storage(self.entries[0], depth=0)

    def children(self, entry: _Entry) -> list[_Entry]:
        """Return the entries of a storage, in no order that matters."""
        found: list[_Entry] = []
        seen: set[int] = set()
        ahead = [entry.child]
        while ahead:
            at = ahead.pop()
            if at == _NOBODY:
                continue
            if at in seen or not 0 < at < len(self.entries):
                raise CompoundDamaged
            seen.add(at)
            found.append(self.entries[at])
            ahead += (found[-1].left, found[-1].right)
        return found

    def _storage(self, entry: _Entry, depth: int) -> Storage:
        if depth > MAX_DEPTH:
            raise CompoundDamaged
        found = Storage()
        for child in self.children(entry):
            self._spend(_ENTRY_BYTES)  # so that storages that share children end
            if child.kind == _IS_STREAM:
                found.streams[child.name] = self._stream(child)
            elif child.kind == _IS_STORAGE:
                found.storages[child.name] = self._storage(child, depth + 1)
        return found

    def _stream(self, entry: _Entry) -> bytes:
        self._spend(entry.size)
        if entry.size >= _MINI_CUTOFF:
            data = self._chain(entry.start, entry.size)
        else:
            data = self._mini_chain(entry.start, entry.size)
        if len(data) < entry.size:
            raise CompoundDamaged
        return data

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise CompoundDamaged

    def _read_fat(self) -> "array[int]":
        """Return the next sector of each sector.

        Source: MS-CFB 2.3 (FAT), 2.5 (DIFAT).
        """
        header_fats = _numbers(self._data[76:_HEADER_BYTES])
        at = [n for n in header_fats if n <= _LAST_SECTOR]
        sectors = len(self._data) // self._sector_bytes
        most = sectors * 4 // self._sector_bytes + 2
        (next_list,) = struct.unpack_from("<I", self._data, 68)
        lists = 0
        while next_list <= _LAST_SECTOR and len(at) <= most and lists <= most:
            lists += 1
            numbers = _numbers(self._sector(next_list))
            next_list = numbers.pop()
            at += [n for n in numbers if n <= _LAST_SECTOR]
        if len(at) > max(most, _HEADER_FATS):
            raise CompoundDamaged
        fat = array("I")
        for number in at:
            fat.extend(_numbers(self._sector(number)))
        return fat

    def _sector(self, number: int) -> memoryview:
        start = (number + 1) * self._sector_bytes
        if start >= len(self._data):
            raise CompoundDamaged
        sector = self._data[start : start + self._sector_bytes]
        if len(sector) % 4:
            raise CompoundDamaged
        return sector

    def _chain(self, start: int, size: int) -> bytes:
        """Return at most `size` bytes of a chain; the last sector may be cut."""
        found = bytearray()
        most = min(size, len(self._data))
        number = start
        while number <= _LAST_SECTOR and len(found) < most:
            begin = (number + 1) * self._sector_bytes
            if number >= len(self._fat) or begin >= len(self._data):
                raise CompoundDamaged
            found += self._data[begin : begin + self._sector_bytes]
            number = self._fat[number]
        return bytes(found[:size])

    def _mini_chain(self, start: int, size: int) -> bytes:
        found = bytearray()
        number = start
        while number <= _LAST_SECTOR and len(found) < size:
            begin = number << _MINI_SHIFT
            if number >= len(self._mini_fat) or begin >= len(self._mini):
                raise CompoundDamaged
            found += self._mini[begin : begin + (1 << _MINI_SHIFT)]
            number = self._mini_fat[number]
        return bytes(found[:size])


def _entries(directory: bytes) -> list[_Entry]:
    found: list[_Entry] = []
    for at in range(0, len(directory) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        name, name_bytes, kind, left, right, child, start, size = _ENTRY.unpack_from(
            directory, at
        )
        text = name[: max(0, name_bytes - 2)].decode("utf-16-le", "replace")
        # The upper half of the size may hold anything in files of 512-byte sectors.
        found.append(_Entry(text, kind, left, right, child, start, size & 0xFFFFFFFF))
    if not found or found[0].kind != _IS_ROOT:
        raise CompoundDamaged
    return found


def _numbers(data: bytes | memoryview) -> "array[int]":
    whole = len(data) - len(data) % 4
    return array("I", struct.unpack(f"<{whole // 4}I", data[:whole]))
