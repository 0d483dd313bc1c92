"""Rich text to plain text, also where it hides HTML, and its compressed form.

Outlook keeps the body of a mail as compressed RTF, often with the HTML that it was
made from inside. One pass over the control words, no library: striprtf drops that
HTML, and RTFDE is not free enough for us. Source: RTF 1.9.1, MS-OXRTFEX, MS-OXRTFCP.
"""

import itertools
import re
import struct
from dataclasses import dataclass, field, replace

from worker.adapters.reading import html_text
from worker.adapters.reading.texts import clean, decode

MAX_RTF_BYTES = 4 * 1024 * 1024
"""Read of one text. Our choice: pictures inside make the rest."""
MAX_TOKENS = 300_000
"""Words and braces of one text: a second. Our choice."""
MAX_GROUPS = 200
"""Groups inside groups. Our choice."""

_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss "
    b"\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier"
    b"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab"
    b"\\tx"
)
"""Source: MS-OXRTFCP 2.1.2.1."""
_WINDOW = 4096
_HEADER = struct.Struct("<II4sI")

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,9})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]++"
    rb"|([^\\{}\r\n]++)",
    re.DOTALL,
)
_SKIPPED = frozenset(
    b"blipuid bin bkmkend bkmkstart colorschememapping colortbl datafield datastore"
    b" docvar fldinst filetbl generator info latentstyles listoverridetable listtable"
    b" mhtmltag nonshppict objclass objdata pgptbl pict revtbl rsidtbl shppict sp"
    b" stylesheet themedata xmlnstbl".split()
)
_BREAKS = {
    b"par": "\n",
    b"line": "\n",
    b"row": "\n",
    b"sect": "\n",
    b"page": "\n",
    b"cell": "\t",
    b"tab": "\t",
    b"bullet": "•",
    b"endash": "–",
    b"emdash": "—",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
}
_SYMBOLS = {b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n"}
_CODE_PAGES = {
    77: "mac-roman",
    128: "cp932",
    129: "cp949",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
"""By \\fcharset. Source: RTF 1.9.1, Font Table."""


def decompress(data: bytes, *, limit: int = MAX_RTF_BYTES) -> bytes:
    """Return compressed RTF as RTF, at most `limit` bytes; what is damaged ends it.

    The checksum is not asked: a text that can be read is read.
    """
    if len(data) < _HEADER.size:
        return b""
    _, size, kind, _ = _HEADER.unpack_from(data)
    if kind == b"MELA":
        return data[_HEADER.size : _HEADER.size + min(size, limit)]
    return _unpacked(data, limit) if kind == b"LZFu" else b""


def to_text(data: bytes, limit: int) -> str:
    """Return the text of some RTF, at most `limit` characters.

    Where it was made from HTML, the text of that HTML.
    """
    reader = _Reader(limit)
    reader.run(data[:MAX_RTF_BYTES])
    text = "".join(reader.pieces)
    if reader.is_html:
        text = html_text.to_text(text, limit)
    return clean(text, limit).strip()


def _unpacked(data: bytes, limit: int) -> bytes:
    """Undo the compression: literals, and references into the last 4,096 bytes."""
    window = bytearray(_DICTIONARY.ljust(_WINDOW, b" "))
    out = bytearray()
    write, at, end = len(_DICTIONARY), _HEADER.size, len(data)
    while at < end and len(out) < limit:
        flags = data[at]
        at += 1
        for bit in range(8):
            if not flags >> bit & 1:
                piece = data[at : at + 1]
                at += 1
            else:
                (token,) = struct.unpack(">H", data[at : at + 2].rjust(2, b"\0"))
                at += 2
                offset, length = token >> 4, (token & 0xF) + 2
                if offset == write or at > end:
                    return bytes(out)
                piece = _copied(window, offset, write, length)
            for byte in piece:
                window[write] = byte
                write = (write + 1) % _WINDOW
            out += piece
    return bytes(out[:limit])


def _copied(window: bytearray, offset: int, write: int, length: int) -> bytes:
    """Return what a reference stands for; it may run into what it writes itself."""
    ahead = (write - offset) % _WINDOW
    taken = bytes(window[(offset + n) % _WINDOW] for n in range(min(length, ahead)))
    return (taken * (length // len(taken) + 1))[:length]


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until the group ends."""

    is_silent: bool = False
    is_fonts: bool = False
    is_rtf_only: bool = False
    code_page: str | None = None
    skip: int = 1


@dataclass(slots=True)
class _Reader:
    """One pass over the tokens; text is collected in pieces."""

    limit: int
    pieces: list[str] = field(default_factory=list)
    is_html: bool = False
    group: _Group = field(default_factory=_Group)
    groups: list[_Group] = field(default_factory=list)
    pending: bytearray = field(default_factory=bytearray)
    fonts: dict[int, str] = field(default_factory=dict)
    font: int = 0
    code_page: str = "cp1252"
    to_skip: int = 0
    length: int = 0
    is_starred: bool = False
    units: bytearray = field(default_factory=bytearray)

    def run(self, data: bytes) -> None:
        most = html_text.MAX_HTML_CHARS
        for token in itertools.islice(_TOKEN.finditer(data), MAX_TOKENS):
            word, number, code, symbol, brace, text = token.groups()
            if code is not None:
                self._bytes(bytes.fromhex(code.decode("ascii")))
            elif text is not None:
                self._bytes(text)
            elif brace is not None:
                self._brace(brace)
            elif word is not None:
                self._word(word.lower(), None if number is None else int(number))
            elif symbol is not None:
                self._symbol(symbol)
            if self.length > (most if self.is_html else self.limit):
                break
        self._flush()

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self.to_skip = 0
        if brace == b"{":
            if len(self.groups) < MAX_GROUPS:
                self.groups.append(self.group)
        elif self.groups:
            self.group = self.groups.pop()

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.is_starred = True
        elif symbol in b"{}\\":
            self._bytes(symbol)
        elif symbol in _SYMBOLS:
            self._text(_SYMBOLS[symbol])

    def _word(self, word: bytes, number: int | None) -> None:
        is_starred, self.is_starred = self.is_starred, False
        if word == b"htmltag" and self.is_html:
            return
        if is_starred or word in _SKIPPED:
            self._flush()
            self.group = replace(self.group, is_silent=True)
        elif word in _BREAKS:
            self._text(_BREAKS[word])
        elif word == b"u" and number is not None:
            self._unicode(number & 0xFFFF)
        else:
            self._setting(word, number)

    def _setting(self, word: bytes, number: int | None) -> None:
        self._flush()
        match word:
            case b"fromhtml":
                self.is_html = True
            case b"htmlrtf":
                self.group = replace(self.group, is_rtf_only=number != 0)
            case b"fonttbl":
                self.group = replace(self.group, is_fonts=True)
            case b"ansicpg" if number:
                self.code_page = f"cp{number}"
            case b"uc" if number is not None:
                self.group = replace(self.group, skip=max(0, min(number, 8)))
            case b"f" if number is not None:
                self.font = number
                if not self.group.is_fonts:
                    page = self.fonts.get(number)
                    self.group = replace(self.group, code_page=page)
            case b"fcharset" if number in _CODE_PAGES and self.group.is_fonts:
                self.fonts[self.font] = _CODE_PAGES[number]
            case b"plain":
                self.group = replace(self.group, code_page=None)
            case _:
                pass

    def _unicode(self, number: int) -> None:
        """Keep half a character or a whole one; its stand-in for old readers goes."""
        if self.pending:
            self._flush()
        if self._is_shown():
            self.units += number.to_bytes(2, "little")
        self.to_skip = self.group.skip

    def _bytes(self, data: bytes) -> None:
        skipped = min(self.to_skip, len(data))
        self.to_skip -= skipped
        if self._is_shown() and len(data) > skipped:
            if self.units:
                self._flush()
            self.pending += data[skipped:]

    def _flush(self) -> None:
        if self.units:
            self._append(self.units.decode("utf-16-le", "replace"))
            self.units.clear()
        if self.pending:
            page = self.group.code_page or self.code_page
            self._append(decode(bytes(self.pending), page))
            self.pending.clear()

    def _text(self, text: str) -> None:
        self._flush()
        if self._is_shown():
            self._append(text)

    def _append(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)

    def _is_shown(self) -> bool:
        group = self.group
        is_hidden = group.is_silent or group.is_fonts
        return not (is_hidden or (self.is_html and group.is_rtf_only))
