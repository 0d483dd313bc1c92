"""Outlook files of our own making: `.msg`, and the `winmail.dat` of TNEF.

Built byte by byte after MS-CFB, MS-OXMSG and MS-OXTNEF, so that the reader is tried
on whatever a test wants to put in. A tree is a dict: bytes are a stream, a dict is a
storage.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Union

Tree = Mapping[str, Union[bytes, "Tree"]]

SENT_AT = datetime(2026, 11, 4, 10, 22, tzinfo=UTC)
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_END, _FREE, _FAT, _NOBODY = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def compound_of(tree: Tree) -> bytes:
    """A compound file with 512-byte sectors; small streams share the mini stream."""
    return _Compound(tree).packed()


def msg_of(
    *,
    subject: str = "Your order has been placed",
    sender: str = "Harbour Lane Store <orders@harbourlane.example>",
    text: str = "",
    html: bytes = b"",
    rtf: bytes = b"",
    files: Mapping[str, bytes] | None = None,
    letters: Sequence[Tree] = (),
    is_unicode: bool = True,
) -> bytes:
    """An Outlook message file with its attachments, files first."""
    return compound_of(
        msg_tree(
            subject=subject,
            sender=sender,
            text=text,
            html=html,
            rtf=rtf,
            files=files,
            letters=letters,
            is_unicode=is_unicode,
        )
    )


def msg_tree(
    *,
    subject: str = "Inner",
    sender: str = "",
    text: str = "",
    html: bytes = b"",
    rtf: bytes = b"",
    files: Mapping[str, bytes] | None = None,
    letters: Sequence[Tree] = (),
    is_unicode: bool = True,
    head_bytes: int = 32,
) -> Tree:
    """The storage of a message; `head_bytes` is 24 where it is inside another."""
    name, _, address = sender.rpartition(" <")
    tree: dict[str, bytes | Tree] = {}
    strings = {
        0x0037: subject,
        0x0C1A: name,
        0x5D01: address.rstrip(">"),
        0x1000: text,
    }
    for number, value in strings.items():
        if value:
            kind = 0x1F if is_unicode else 0x1E
            data = value.encode("utf-16-le" if is_unicode else "cp1252")
            tree[_stream(number, kind)] = data
    for number, data in {0x1013: html, 0x1009: rtf}.items():
        if data:
            tree[_stream(number, 0x102)] = data
    ticks = int((SENT_AT - _EPOCH).total_seconds()) * 10_000_000
    fixed = struct.pack("<HHIQ", 0x40, 0x0039, 6, ticks)
    fixed += struct.pack("<HHIII", 0x03, 0x3FDE, 6, 65001, 0)
    tree["__properties_version1.0"] = bytes(head_bytes) + fixed
    held: list[Tree] = [
        {
            "__properties_version1.0": bytes(8) + _method(1),
            _stream(0x3707, 0x1F): name.encode("utf-16-le"),
            _stream(0x3701, 0x102): data,
        }
        for name, data in (files or {}).items()
    ]
    held += [
        {
            "__properties_version1.0": bytes(8) + _method(5),
            _stream(0x3701, 0x0D): letter,
        }
        for letter in letters
    ]
    for at, attachment in enumerate(held):
        tree[f"__attach_version1.0_#{at:08X}"] = attachment
    return tree


def tnef_of(
    *,
    subject: str = "",
    text: str = "",
    html: bytes = b"",
    rtf: bytes = b"",
    files: Mapping[str, bytes] | None = None,
    letters: Sequence[bytes] = (),
    links: Sequence[str] = (),
) -> bytes:
    """A winmail.dat: its body, its files, whole messages, and links to files."""
    body = [
        (number, 0x102 if isinstance(value, bytes) else 0x1F, value)
        for number, value in (
            (0x0037, subject),
            (0x1000, text),
            (0x1013, html),
            (0x1009, rtf),
        )
        if value
    ]
    found = struct.pack("<IH", 0x223E9F78, 1)
    found += _attribute(1, 0x00069003, _properties(body))
    for name, data in (files or {}).items():
        found += _attribute(2, 0x00069002, bytes(14))
        found += _attribute(2, 0x00018010, name.encode("cp1252", "replace") + b"\0")
        found += _attribute(2, 0x0006800F, data)
        found += _attribute(2, 0x00069005, _properties([(0x3707, 0x1F, name)]))
    for letter in letters:
        found += _attribute(2, 0x00069002, bytes(14))
        found += _attribute(
            2, 0x00069005, _properties([(0x3701, 0x0D, bytes(16) + letter)])
        )
    for link in links:
        found += _attribute(2, 0x00069002, bytes(14))
        about = _properties([(0x3707, 0x1F, link), (0x3705, 0x03, 7)])
        found += _attribute(2, 0x00069005, about)
    return found


def mela(rtf: bytes) -> bytes:
    """RTF in the compressed form, but not compressed."""
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf


def lzfu(rtf: bytes) -> bytes:
    """RTF in the compressed form, every byte of it a literal."""
    data = b"".join(b"\0" + rtf[at : at + 8] for at in range(0, len(rtf), 8))
    return struct.pack("<II4sI", len(data) + 12, len(rtf), b"LZFu", 0) + data


def _stream(number: int, kind: int) -> str:
    return f"__substg1.0_{number:04X}{kind:04X}"


def _method(number: int) -> bytes:
    return struct.pack("<HHIII", 0x03, 0x3705, 6, number, 0)


def _attribute(level: int, tag: int, data: bytes) -> bytes:
    head = struct.pack("<BII", level, tag, len(data))
    return head + data + struct.pack("<H", sum(data) & 0xFFFF)


def _properties(values: Sequence[tuple[int, int, str | bytes | int]]) -> bytes:
    found = struct.pack("<I", len(values))
    for number, kind, value in values:
        found += struct.pack("<HH", kind, number)
        if isinstance(value, int):
            found += struct.pack("<I", value)
            continue
        data = value.encode("utf-16-le") if isinstance(value, str) else value
        found += struct.pack("<II", 1, len(data)) + data + bytes(-len(data) % 4)
    return found


class _Compound:
    """Lays a tree out in sectors: streams, mini stream, mini FAT, directory, FAT."""

    def __init__(self, tree: Tree) -> None:
        self.sectors: list[bytes] = []
        self.next: list[int] = []
        self.mini = b""
        self.mini_next: list[int] = []
        self.entries: list[list[int | str]] = []
        self._add("Root Entry", 5, tree)

    def packed(self) -> bytes:
        root = self.entries[0]
        root[6], root[7] = self._chain(self.mini), len(self.mini)
        mini_fat = struct.pack(f"<{len(self.mini_next)}I", *self.mini_next)
        mini_start = self._chain(mini_fat, fill=b"\xff")
        directory = b"".join(_entry(*entry) for entry in self.entries)
        start = self._chain(directory)
        count = -(-(len(self.sectors) + 1) // (_SECTOR // 4 - 1))
        at = range(len(self.sectors), len(self.sectors) + count)
        numbers = [*self.next, *[_FAT] * count]
        numbers += [_FREE] * (count * _SECTOR // 4 - len(numbers))
        fat = struct.pack(f"<{len(numbers)}I", *numbers)
        header = struct.pack(
            "<8s16xHHHHH6xIIIIIIIII",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            *(0x3E, 3, 0xFFFE, 9, 6),
            *(0, count, start, 0, _CUTOFF, mini_start, len(mini_fat) // _SECTOR + 1),
            *(_END, 0),
        )
        lists = [*at, *[_FREE] * (109 - count)]
        return header + struct.pack("<109I", *lists) + b"".join(self.sectors) + fat

    def _add(self, name: str, kind: int, tree: Tree) -> int:
        """Add a storage; its children hang in a row, each to the right of the last."""
        number = len(self.entries)
        entry: list[int | str] = [name, kind, _NOBODY, _NOBODY, _NOBODY, 0, _END, 0]
        self.entries.append(entry)
        above, side = entry, 4
        for child, value in tree.items():
            if isinstance(value, bytes):
                found = self._add_stream(child, value)
            else:
                found = self._add(child, 1, value)
            above[side] = found
            above, side = self.entries[found], 3
        return number

    def _add_stream(self, name: str, data: bytes) -> int:
        number = len(self.entries)
        start = self._chain(data) if len(data) >= _CUTOFF else self._mini_chain(data)
        self.entries.append([name, 2, _NOBODY, _NOBODY, _NOBODY, 0, start, len(data)])
        return number

    def _chain(self, data: bytes, fill: bytes = b"\0") -> int:
        if not data:
            return _END
        start = len(self.sectors)
        self.sectors += _pieces(data, _SECTOR, fill)
        self.next += [*range(start + 1, len(self.sectors)), _END]
        return start

    def _mini_chain(self, data: bytes) -> int:
        if not data:
            return _END
        start = len(self.mini_next)
        pieces = list(_pieces(data, _MINI, b"\0"))
        self.mini += b"".join(pieces)
        self.mini_next += [*range(start + 1, start + len(pieces)), _END]
        return start


def _pieces(data: bytes, size: int, fill: bytes) -> Iterator[bytes]:
    return (data[at : at + size].ljust(size, fill) for at in range(0, len(data), size))


def _entry(*fields: int | str) -> bytes:
    name, kind, left, right, child, _, start, size = fields
    text = str(name).encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII36xIQ", text, len(text) + 2, kind, 1, left, right, child, start, size
    )
