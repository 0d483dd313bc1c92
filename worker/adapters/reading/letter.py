"""What an Outlook message says, whichever way it was packed: MAPI properties to text.

`.msg` files and `winmail.dat` hold the same numbered properties in two wrappings.
Source: MS-OXPROPS, MS-OXCMSG.
"""

import email.utils
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.parser import HeaderParser

from worker.adapters.reading import html_text, rtf
from worker.adapters.reading.headers import HEADER_ERRORS, all_headers, decoded_text
from worker.adapters.reading.texts import MAX_ENCODED_FACTOR, clean, decode, one_line

MAX_TEXT_CHARS = 100_000
MAX_FIELD_CHARS = 500
MAX_HEADER_CHARS = 64 * 1024
YEARS = range(1970, 2200)

SUBJECT = 0x0037
SUBMITTED_AT = 0x0039
SENT_BEHALF_NAME = 0x0042
SENT_BEHALF_ADDRESS = 0x0065
HEADERS = 0x007D
SENDER_NAME = 0x0C1A
SENDER_ADDRESS = 0x0C1F
DELIVERED_AT = 0x0E06
BODY = 0x1000
RTF = 0x1009
HTML = 0x1013
DISPLAY_NAME = 0x3001
ATTACH_DATA = 0x3701
ATTACH_SHORT_NAME = 0x3704
ATTACH_METHOD = 0x3705
ATTACH_NAME = 0x3707
ATTACH_TYPE = 0x370E
ATTACH_CONTENT_ID = 0x3712
INTERNET_CODE_PAGE = 0x3FDE
MESSAGE_CODE_PAGE = 0x3FFD
SENDER_SMTP = 0x5D01
SENT_BEHALF_SMTP = 0x5D02

INTEGER, OBJECT, STRING8, UNICODE, TIME, BINARY = 0x03, 0x0D, 0x1E, 0x1F, 0x40, 0x102
"""Types of properties. Source: MS-OXCDATA 2.11.1."""

BY_REFERENCE = frozenset({2, 3, 4, 7})
"""Methods of an attachment that is only a link. Source: MS-OXCMSG 2.2.2.9."""
LINK_NOTE = "only a link to a file, the file itself was not sent"
OBJECT_NOTE = "an object drawn inside an Outlook message, not read"

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_UTF8 = 65001
_ASCII = 20127
_CHARSETS = {
    _UTF8: "utf-8",
    _ASCII: "us-ascii",
    50220: "iso-2022-jp",
    51932: "euc-jp",
    51949: "cp949",
    52936: "gb18030",
    54936: "gb18030",
    20866: "koi8-r",
    21866: "koi8-u",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One property: its type and its bytes as they were stored."""

    kind: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One attachment of a message: a file, a message, or only a note about it."""

    filename: str
    declared: str
    content_id: str | None
    data: bytes | memoryview = b""
    note: str = ""
    open_letter: "Callable[[], Letter] | None" = None
    """Reads it as a message; may raise what the reader of its kind raises."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as a person sees it, and what is attached to it."""

    subject: str
    sender: str
    date: str
    text: str
    enclosures: tuple[Enclosure, ...]
    is_whole: bool = True
    """False where it broke off: more may have been attached."""


class Properties:
    """The properties of a message or of an attachment, by their number."""

    def __init__(self, values: Mapping[int, Value], charset: str | None = None) -> None:
        self._values = values
        self._charset = self.charset(MESSAGE_CODE_PAGE) or charset

    @property
    def string_charset(self) -> str | None:
        """The charset of strings that are not Unicode; attachments inherit it."""
        return self._charset

    def charset(self, number: int) -> str | None:
        """Return the charset that a code page property names."""
        page = self.integer(number)
        return None if page is None else _CHARSETS.get(page, f"cp{page}")

    def integer(self, number: int) -> int | None:
        """Return a whole number, or None."""
        value = self._values.get(number)
        if value is None or value.kind != INTEGER:
            return None
        return int.from_bytes(value.data[:4], "little")

    def text(self, *numbers: int, limit: int = MAX_FIELD_CHARS) -> str:
        """Return the first string among some properties that is not empty."""
        for number in numbers:
            value = self._values.get(number)
            found = "" if value is None else self._string(value, limit)
            if found.strip():
                return found.strip()
        return ""

    def data(self, number: int) -> bytes | None:
        """Return the bytes of a binary or text property."""
        value = self._values.get(number)
        return None if value is None else value.data

    def kind(self, number: int) -> int | None:
        """Return the type of a property, or None."""
        value = self._values.get(number)
        return None if value is None else value.kind

    def time(self, *numbers: int) -> str:
        """Return the first instant among some, as a Date header writes it."""
        for number in numbers:
            value = self._values.get(number)
            if value is None or value.kind != TIME:
                continue
            ticks = int.from_bytes(value.data[:8], "little")
            try:
                at = _EPOCH + timedelta(microseconds=ticks // 10)
            except OverflowError:
                continue
            if at.year in YEARS:
                return email.utils.format_datetime(at)
        return ""

    def _string(self, value: Value, limit: int) -> str:
        data = value.data[: limit * MAX_ENCODED_FACTOR]
        if value.kind == UNICODE:
            text = data.decode("utf-16-le", "replace")
        elif value.kind in {STRING8, BINARY}:
            text = decode(data, self._charset, is_cut=len(data) < len(value.data))
        else:
            return ""
        return clean(text.rstrip("\0"), limit)


def letter(found: Properties, enclosures: tuple[Enclosure, ...]) -> Letter:
    """Return the message that some properties describe.

    The headers that it came with speak first; a message never sent has none.
    """
    headers = _headers(found)
    return Letter(
        subject=one_line(found.text(SUBJECT), MAX_FIELD_CHARS)
        or decoded_text(headers, "subject", MAX_FIELD_CHARS),
        sender=decoded_text(headers, "from", MAX_FIELD_CHARS) or _sender(found),
        date=decoded_text(headers, "date", MAX_FIELD_CHARS)
        or found.time(SUBMITTED_AT, DELIVERED_AT),
        text=_text(found),
        enclosures=enclosures,
    )


def enclosure(
    about: Properties,
    data: bytes | memoryview,
    *,
    note: str,
    opener: Callable[[], Letter] | None,
) -> Enclosure:
    """Return an attachment by its properties; of several names the long one counts."""
    name = about.text(ATTACH_NAME, ATTACH_SHORT_NAME, DISPLAY_NAME)
    return Enclosure(
        filename=one_line(name, MAX_FIELD_CHARS),
        declared=about.text(ATTACH_TYPE).lower(),
        content_id=about.text(ATTACH_CONTENT_ID).strip("<>") or None,
        data=data,
        note=note,
        open_letter=opener,
    )


def link_note(about: Properties) -> str:
    """Return the note on an attachment that has no data: on a link, what it is."""
    return LINK_NOTE if about.integer(ATTACH_METHOD) in BY_REFERENCE else ""


def _headers(found: Properties) -> list[tuple[str, str]]:
    text = found.text(HEADERS, limit=MAX_HEADER_CHARS)
    try:
        return all_headers(HeaderParser().parsestr(text)) if text else []
    except HEADER_ERRORS:
        return []


def _sender(found: Properties) -> str:
    name = found.text(SENT_BEHALF_NAME, SENDER_NAME)
    addresses: Iterator[str] = (
        found.text(number)
        for number in (
            SENT_BEHALF_SMTP,
            SENDER_SMTP,
            SENT_BEHALF_ADDRESS,
            SENDER_ADDRESS,
        )
    )
    address = next((a for a in addresses if "@" in a), "")
    if not address or name == address:
        return one_line(address or name, MAX_FIELD_CHARS)
    return one_line(f"{name} <{address}>".strip(), MAX_FIELD_CHARS)


def _text(found: Properties) -> str:
    """Return the text: plain, or where that is missing or a stub HTML, then RTF."""
    plain = found.text(BODY, limit=MAX_TEXT_CHARS)
    source = _html(found)
    if source:
        return html_text.chosen(plain, html_text.to_text(source, MAX_TEXT_CHARS))
    packed = found.data(RTF)
    if plain or not packed:
        return plain
    return rtf.to_text(rtf.decompress(packed), MAX_TEXT_CHARS)


def _html(found: Properties) -> str:
    data = found.data(HTML)
    if not data:
        return ""
    if found.kind(HTML) == UNICODE:
        return data[: html_text.MAX_HTML_CHARS * 2].decode("utf-16-le", "replace")
    charset = found.charset(INTERNET_CODE_PAGE) or found.string_charset
    return decode(data[: html_text.MAX_HTML_CHARS * 2], charset)
