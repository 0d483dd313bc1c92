"""Outlook message files (`.msg`) to letters. Source: MS-OXMSG."""

import struct
from collections.abc import Callable
from functools import partial

from worker.adapters.reading import compound, letter
from worker.adapters.reading.compound import Storage
from worker.adapters.reading.letter import Enclosure, Letter, Properties, Value

PROPERTIES = "__properties_version1.0"
_ATTACHMENT = "__attach_version1.0_#"
_VALUE = "__substg1.0_"
_EMBEDDED = "__substg1.0_3701000D"
_TOP_BYTES, _EMBEDDED_BYTES, _ATTACHMENT_BYTES = 32, 24, 8
"""Of the head of the property list. Source: MS-OXMSG 2.4.1."""
_FIXED = struct.Struct("<HHI8s")
_HEX = 16
_ID_DIGITS = 8


def read(data: bytes | memoryview) -> Letter:
    """Return what a message file says.

    Raises:
        compound.CompoundDamaged: it is broken, or no message.
    """
    root = compound.read(data)
    if PROPERTIES not in root.streams:
        raise compound.CompoundDamaged
    return _letter(root, _TOP_BYTES, None)


def _letter(storage: Storage, head_bytes: int, charset: str | None) -> Letter:
    found = _properties(storage, head_bytes, charset)
    names = sorted(n for n in storage.storages if n.startswith(_ATTACHMENT))
    enclosures = tuple(
        _enclosure(storage.storages[name], found.string_charset) for name in names
    )
    return letter.letter(found, enclosures)


def _enclosure(storage: Storage, charset: str | None) -> Enclosure:
    found = _properties(storage, _ATTACHMENT_BYTES, charset)
    inner = storage.storages.get(_EMBEDDED)
    data = found.data(letter.ATTACH_DATA) or b""
    note, opener = "", None
    if inner is not None:
        opener, data = _opener(inner, found.string_charset), b"".join(inner.contents())
        note = "" if opener else letter.OBJECT_NOTE
    elif not data:
        note = letter.link_note(found)
    return letter.enclosure(found, data, note=note, opener=opener)


def _opener(inner: Storage, charset: str | None) -> Callable[[], Letter] | None:
    is_message = PROPERTIES in inner.streams
    return partial(_letter, inner, _EMBEDDED_BYTES, charset) if is_message else None


def _properties(storage: Storage, head_bytes: int, charset: str | None) -> Properties:
    values: dict[int, Value] = {}
    packed = storage.streams.get(PROPERTIES, b"")[head_bytes:]
    whole = len(packed) - len(packed) % _FIXED.size
    for kind, number, _, data in _FIXED.iter_unpack(packed[:whole]):
        if kind in {letter.INTEGER, letter.TIME}:
            values[number] = Value(kind, data)
    for name, data in storage.streams.items():
        digits = name.removeprefix(_VALUE)
        if digits == name or len(digits) != _ID_DIGITS:
            continue
        try:
            tag = int(digits, _HEX)
        except ValueError:
            continue
        values[tag >> 16] = Value(tag & 0xFFFF, data)
    return Properties(values, charset)
