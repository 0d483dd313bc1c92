"""Outlook's `winmail.dat` (TNEF) to letters.

A reader of our own: tnefparse is unkept since 2021 and LGPL. Lengths are checked
against the bytes that are there; a stream that breaks off gives what came before.
Source: MS-OXTNEF.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from worker.adapters.reading import letter
from worker.adapters.reading.letter import Enclosure, Letter, Properties, Value

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_ATTRIBUTES = 20_000
MAX_PROPERTIES = 2_000
"""Of one list. Our choice: Outlook writes some 100."""
MAX_VALUES = 1_000

_FIRST_ATTRIBUTE = 6
_CHECKSUM_BYTES = 2
_HEAD = struct.Struct("<BII")
_TEXTS = {0x8004: letter.SUBJECT, 0x800C: letter.BODY}
_DATA, _TITLE = 0x800F, 0x8010
_NEW_ATTACHMENT, _PROPERTIES, _ATTACHMENT = 0x9002, 0x9003, 0x9005
_CODE_PAGE = 0x9007
_IS_MESSAGE, _IS_ATTACHMENT = 1, 2
_FIRST_NAMED = 0x8000
_IS_MULTIPLE = 0x1000
_GUID_BYTES = 16
_NAMED_BY_TEXT = 1
_SIZED = frozenset({letter.OBJECT, letter.STRING8, letter.UNICODE, letter.BINARY})
_EIGHT_BYTES = frozenset({0x05, 0x06, 0x07, 0x14, letter.TIME})
_GUIDS_BYTES = 0x48
"""Of a class id. Source: MS-OXCDATA 2.11.1."""


class TnefDamaged(Exception):
    """It is no TNEF stream."""


class _Cut(Exception):
    """The bytes end in the middle of something."""


@dataclass(slots=True)
class _Attachment:
    """One attachment while its attributes come in."""

    title: bytes = b""
    data: memoryview = field(default_factory=lambda: memoryview(b""))
    values: dict[int, Value] = field(default_factory=dict)


def read(data: bytes | memoryview) -> Letter:
    """Return what a winmail.dat says.

    Raises:
        TnefDamaged: it does not begin as one.
    """
    view = memoryview(data)
    if view[:4] != SIGNATURE:
        raise TnefDamaged
    own: dict[int, Value] = {}
    attachments: list[_Attachment] = []
    read_to = _FIRST_ATTRIBUTE
    for level, name, content, end in _attributes(view):
        read_to = end
        if level == _IS_MESSAGE:
            _take(own, name, content)
        elif name == _NEW_ATTACHMENT:
            attachments.append(_Attachment())
        elif attachments:
            _take_attachment(attachments[-1], name, content)
    found = Properties(own)
    charset = found.string_charset
    enclosures = tuple(_enclosure(a, charset) for a in attachments)
    is_whole = len(view) - read_to < _HEAD.size
    return replace(letter.letter(found, enclosures), is_whole=is_whole)


def _attributes(view: memoryview) -> Iterator[tuple[int, int, memoryview, int]]:
    """Yield level, name, content and end of each attribute that is whole."""
    at = _FIRST_ATTRIBUTE
    for _ in range(MAX_ATTRIBUTES):
        if at + _HEAD.size > len(view):
            return
        level, tag, size = _HEAD.unpack_from(view, at)
        start = at + _HEAD.size
        at = start + size + _CHECKSUM_BYTES
        if level not in {_IS_MESSAGE, _IS_ATTACHMENT} or at > len(view):
            return
        yield level, tag & 0xFFFF, view[start : start + size], at


def _take(own: dict[int, Value], name: int, content: memoryview) -> None:
    """Keep what a message's attribute says; properties speak before attributes."""
    if name == _PROPERTIES:
        own.update(_properties(content))
    elif name == _CODE_PAGE:
        page = Value(letter.INTEGER, bytes(content[:4]))
        own.setdefault(letter.MESSAGE_CODE_PAGE, page)
    elif name in _TEXTS:
        own.setdefault(_TEXTS[name], Value(letter.STRING8, bytes(content)))


def _take_attachment(found: _Attachment, name: int, content: memoryview) -> None:
    if name == _DATA:
        found.data = content
    elif name == _TITLE:
        found.title = bytes(content)
    elif name == _ATTACHMENT:
        found.values.update(_properties(content))


def _enclosure(found: _Attachment, charset: str | None) -> Enclosure:
    values = found.values
    if found.title:
        values.setdefault(letter.ATTACH_SHORT_NAME, Value(letter.STRING8, found.title))
    about = Properties(values, charset)
    packed = about.data(letter.ATTACH_DATA)
    data: bytes | memoryview = found.data if packed is None else packed
    note, opener = "", None
    if about.kind(letter.ATTACH_DATA) == letter.OBJECT:
        data = data[_GUID_BYTES:]  # the id of the interface that reads it
        if data[:4] == SIGNATURE:
            opener = partial(read, data)
        else:
            note = letter.OBJECT_NOTE
    elif not data:
        note = letter.link_note(about)
    return letter.enclosure(about, data, note=note, opener=opener)


def _properties(content: memoryview) -> dict[int, Value]:
    """Return a list of properties, as far as it goes. Source: MS-OXTNEF 2.1.3.4."""
    found: dict[int, Value] = {}
    source = _Source(content)
    try:
        for _ in range(min(source.number(), MAX_PROPERTIES)):
            kind, number = source.number(2), source.number(2)
            if number >= _FIRST_NAMED:
                source.skip_name()
            value = source.value(kind)
            if number < _FIRST_NAMED:
                found.setdefault(number, Value(kind, value))
    except _Cut:
        pass
    return found


@dataclass(slots=True)
class _Source:
    """Reads a property list from its beginning."""

    content: memoryview
    at: int = 0

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self._take(size), "little")

    def value(self, kind: int) -> bytes:
        """Return the value of one property; of several values the first."""
        single = kind & ~_IS_MULTIPLE
        is_sized = single in _SIZED
        count = self.number() if is_sized or kind & _IS_MULTIPLE else 1
        first = b""
        for n in range(min(count, MAX_VALUES)):
            size = self.number() if is_sized else _fixed_size(single)
            data = bytes(self._take(size))
            self._take(-size % 4)
            first = data if n == 0 else first
        if count > MAX_VALUES:
            raise _Cut
        return first

    def skip_name(self) -> None:
        self._take(_GUID_BYTES)
        if self.number() == _NAMED_BY_TEXT:
            size = self.number()
            self._take(size + -size % 4)
        else:
            self._take(4)

    def _take(self, size: int) -> memoryview:
        end = self.at + size
        if end > len(self.content):
            raise _Cut
        found = self.content[self.at : end]
        self.at = end
        return found


def _fixed_size(kind: int) -> int:
    if kind in _EIGHT_BYTES:
        return 8
    return _GUID_BYTES if kind == _GUIDS_BYTES else 4
