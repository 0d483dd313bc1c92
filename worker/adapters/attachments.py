"""One attached file: what it is by its content, and what it says.

Neither the declared type nor the name is believed where the content speaks: a PDF
comes as `application/octet-stream` named `document`, a HEIC as `.jpg`
(known-failures A5, A8). The only file that imports puremagic.
"""

import hashlib
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import puremagic

from worker.adapters import pdf, pictures
from worker.adapters.reading import html_text, office
from worker.adapters.reading.texts import (
    MAX_ENCODED_FACTOR,
    clean,
    decode,
    one_line,
    without_bidi,
)
from worker.domain.mail import FileKind, Picture, Trouble

MAX_OPEN_BYTES = 25 * 1024 * 1024
"""A larger file is typed and hashed, not opened. Source: lead's brief, issue 1."""
MAX_MAIL_BYTES = 64 * 1024 * 1024
"""The same for an attached mail, which is a container of such files. Our choice."""
MAX_TEXT_CHARS = 100_000
"""Text kept of one file. Source: ports contract of Attachment.text."""
MAX_NAME_CHARS = 150
"""Source: reliability.md 4.3."""
HEAD_BYTES = 64 * 1024

START_BYTES = 1024
PAGE_COST = 1_000_000
"""A PDF page is worth so many pixels in time. Our choice."""
ENCRYPTED_OFFICE = "application/x-ole-encrypted"
_NOTES = {
    "application/ms-tnef": "winmail.dat is not read yet",
    "application/vnd.ms-outlook": "Outlook message file is not read yet",
    "application/pgp-encrypted": "encrypted",
    "application/pkcs7-mime": "encrypted",
    "application/pkcs7-signature": "signature",
    "image/svg+xml": "drawing, not opened",
}


@dataclass(frozen=True, slots=True)
class Type:
    """What a file is by its content."""

    media_type: str
    kind: FileKind


_PDF = Type("application/pdf", FileKind.PDF)
UNKNOWN = Type("application/octet-stream", FileKind.OTHER)

_SIGNATURES = (
    (0, b"%PDF-", "application/pdf", FileKind.PDF),
    (0, b"\xff\xd8\xff", "image/jpeg", FileKind.PICTURE),
    (0, b"\x89PNG\r\n\x1a\n", "image/png", FileKind.PICTURE),
    (0, b"GIF87a", "image/gif", FileKind.PICTURE),
    (0, b"GIF89a", "image/gif", FileKind.PICTURE),
    (0, b"II*\x00", "image/tiff", FileKind.PICTURE),
    (0, b"MM\x00*", "image/tiff", FileKind.PICTURE),
    (8, b"WEBP", "image/webp", FileKind.PICTURE),
    (0, b"x\x9f>\x22", "application/ms-tnef", FileKind.OTHER),
    (0, b"{\\rtf", "application/rtf", FileKind.OFFICE),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", FileKind.ARCHIVE),
    (0, b"Rar!\x1a\x07", "application/vnd.rar", FileKind.ARCHIVE),
    (0, b"\x1f\x8b\x08", "application/gzip", FileKind.ARCHIVE),
    (0, b"BZh", "application/x-bzip2", FileKind.ARCHIVE),
    (0, b"\xfd7zXZ\x00", "application/x-xz", FileKind.ARCHIVE),
    (257, b"ustar", "application/x-tar", FileKind.ARCHIVE),
)
"""Where, what, and then it is. Source: the formats' specifications."""

_FTYP_TYPES = {
    **dict.fromkeys(
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
        Type("image/heic", FileKind.PICTURE),
    ),
    b"avif": Type("image/avif", FileKind.PICTURE),
    b"avis": Type("image/avif", FileKind.PICTURE),
    b"qt  ": Type("video/quicktime", FileKind.OTHER),
}
"""Brands of the ISO base media format. Source: ISO 23008-12, ISO 14496-12."""

_LOCKED = frozenset({"application/pgp-encrypted", "application/pkcs7-mime"})
_CMS_TYPES = (
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", "application/pkcs7-mime"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "application/pkcs7-signature"),
)
"""Object ids of enveloped and of signed data. Source: RFC 5652 §5, §6."""

_OOXML = (
    (b"word/document.xml", "wordprocessingml.document"),
    (b"xl/workbook.xml", "spreadsheetml.sheet"),
    (b"ppt/presentation.xml", "presentationml.presentation"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_MAIL_TYPES = frozenset({"message/rfc822", "message/global", "message/news"})
_MAIL_START = re.compile(
    rb"(?:(?:From |>From )[^\n]*\n)?"
    rb"(?:(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\n]*|[ \t][^\n]*)\r?\n){2,200}"
)
_MAIL_FIELDS = re.compile(
    rb"^(from|date|subject|received|message-id|return-path|mime-version):",
    re.IGNORECASE | re.MULTILINE,
)
_HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HTML_PIECE = re.compile(rb"<(?:table|div|p|br|span|font|meta)\b[^>]*>", re.IGNORECASE)
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})


@dataclass(frozen=True, slots=True)
class Blob:
    """A file's bytes, or only its beginning where it is too large to open."""

    data: bytes | memoryview
    size_bytes: int
    sha256: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What opening a file showed."""

    text: str = ""
    trouble: Trouble | None = None
    picture: Picture | None = None
    note: str = ""
    cost: int = 0
    """What it took, in pixels, so that a mail of many files stays bounded in time."""


def collect(chunks: Iterable[bytes | memoryview], *, open_limit: int) -> Blob:
    """Return the content of some chunks; beyond the limit it is hashed and counted.

    A single chunk is not copied.
    """
    pieces = iter(chunks)
    first = next(pieces, b"")
    digest, size = hashlib.sha256(first), len(first)
    held = io.BytesIO()
    for piece in pieces:
        if not held.tell():
            held.write(first)
        digest.update(piece)
        size += len(piece)
        if size <= open_limit:
            held.write(piece)
    data = held.getvalue() if held.tell() else first
    is_whole = size <= open_limit
    return Blob(
        data=data if is_whole else bytes(data[:HEAD_BYTES]),
        size_bytes=size,
        sha256=digest.hexdigest(),
        is_whole=is_whole,
    )


def identify(blob: Blob, *, declared: str, filename: str) -> Type:
    """Return what a file is by its content; name and label only break ties of text.

    Text that begins with mail headers is a mail under any label; without them it needs
    the label or an `.eml` name.
    """
    head = bytes(blob.data[:HEAD_BYTES])
    found = _by_signature(head) or _by_container(head, blob.data)
    if found is not None:
        return found
    if declared in _MAIL_TYPES or _reads_like_mail(head, filename):
        return Type("message/rfc822", FileKind.MAIL)
    if b"%PDF-" in head[:START_BYTES]:  # readers accept junk in front of it
        return _PDF
    if _is_text(head):
        return _text_type(head, declared, filename)
    return Type(_by_puremagic(head), FileKind.OTHER)


def look(
    blob: Blob, found: Type, *, charset: str | None, budget: int = pictures.MAX_PIXELS
) -> Look:
    """Return what one file that is no container says, or why it cannot be opened.

    Args:
        blob: the file.
        found: what `identify` said.
        charset: as declared; for text.
        budget: what is left for this mail, in pixels; at 0 pictures are measured only
            and other files stay closed.
    """
    if blob.size_bytes == 0:
        return Look(trouble=Trouble.TOO_SMALL, note="empty file")
    if not blob.is_whole:
        note = "larger than 25 MB, not opened"
        return Look(trouble=Trouble.TOO_LARGE, note=note)
    if budget <= 0 and found.kind is not FileKind.PICTURE:
        return Look(note="not opened: too many files in one mail")
    opener = _OPENERS.get(found.kind, _look_at_other)
    return opener(_Opened(bytes(blob.data), found.media_type, charset, budget))


def display_name(name: str) -> str:
    """Return a file name fit to be shown: no folders, no controls, 150 characters.

    Source: reliability.md 4.3.
    """
    name = without_bidi(one_line(name, 1_000)).replace("\\", "/")
    name = name.rstrip("/").rpartition("/")[2].strip(" .")
    if len(name) <= MAX_NAME_CHARS:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = dot + extension if dot and len(extension) <= 10 else ""  # noqa: PLR2004
    return (stem if tail else name)[: MAX_NAME_CHARS - len(tail)] + tail


def _by_signature(head: bytes) -> Type | None:
    for offset, magic, media_type, kind in _SIGNATURES:
        if head.startswith(magic, offset):
            return Type(media_type, kind)
    if head[4:8] == b"ftyp":
        brands = (head[8:12], *(head[i : i + 4] for i in range(16, 64, 4)))
        known = (_FTYP_TYPES[b] for b in brands if b in _FTYP_TYPES)
        return next(known, Type("video/mp4", FileKind.OTHER))
    for object_id, media_type in _CMS_TYPES:
        if head[:1] == b"\x30" and object_id in head[:32]:
            return Type(media_type, FileKind.OTHER)
    is_bmp = head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS
    return Type("image/bmp", FileKind.PICTURE) if is_bmp else None


def _by_container(head: bytes, data: bytes | memoryview) -> Type | None:
    """Tell office files from other zip and OLE files."""
    if head.startswith(_OLE):
        return _ole_type(bytes(data))
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    if head[30:38] == b"mimetype":
        declared = head[38:100].partition(b"PK")[0].decode("ascii", "replace")
        if declared.startswith("application/vnd.oasis.opendocument"):
            return Type(one_line(declared, 80), FileKind.OFFICE)
    directory = bytes(data[-HEAD_BYTES:])
    for name, subtype in _OOXML:
        if name in directory:
            full = f"application/vnd.openxmlformats-officedocument.{subtype}"
            return Type(full, FileKind.OFFICE)
    return Type("application/zip", FileKind.ARCHIVE)


def _ole_type(data: bytes) -> Type:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Type(ENCRYPTED_OFFICE, FileKind.OFFICE)
    if "__substg1.0_".encode("utf-16-le") in data:
        return Type("application/vnd.ms-outlook", FileKind.OTHER)
    if "WordDocument".encode("utf-16-le") in data:
        return Type("application/msword", FileKind.OFFICE)
    if "Workbook".encode("utf-16-le") in data:
        return Type("application/vnd.ms-excel", FileKind.OFFICE)
    return Type("application/x-ole-storage", FileKind.OTHER)


def _reads_like_mail(head: bytes, filename: str) -> bool:
    start = _MAIL_START.match(head)
    if start is None:
        return False
    fields = {m.group(1).lower() for m in _MAIL_FIELDS.finditer(start.group())}
    needed = 1 if filename.lower().endswith(".eml") else 3
    return len(fields) >= needed


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    sample = head[:4096]
    return len(sample.translate(None, _CONTROLS)) == len(sample)


def _text_type(head: bytes, declared: str, filename: str) -> Type:
    start = head[:START_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"BEGIN:VCALENDAR"):
        return Type("text/calendar", FileKind.CALENDAR)
    if start.startswith(b"BEGIN:VCARD"):
        return Type("text/vcard", FileKind.TEXT)
    if b"<svg" in start:
        return Type("image/svg+xml", FileKind.OTHER)
    if start.startswith(b"-----BEGIN PGP MESSAGE"):
        return Type("application/pgp-encrypted", FileKind.OTHER)
    is_named = filename.lower().endswith((".html", ".htm")) or declared == "text/html"
    if _HTML_START.search(start) or (is_named and _HTML_PIECE.search(head)):
        return Type("text/html", FileKind.HTML)
    is_plain = not declared.startswith("text/") or declared == "text/html"
    return Type("text/plain" if is_plain else one_line(declared, 80), FileKind.TEXT)


def _by_puremagic(head: bytes) -> str:
    try:
        found = puremagic.from_string(head[:4096], mime=True)
    except (puremagic.PureError, ValueError, LookupError):
        return UNKNOWN.media_type
    return one_line(str(found), 80) or UNKNOWN.media_type


@dataclass(frozen=True, slots=True)
class _Opened:
    """One file while it is looked at."""

    data: bytes
    media_type: str
    charset: str | None
    budget: int

    def text(self) -> str:
        """Return its beginning decoded: what can matter of the kept text."""
        start = self.data[: MAX_TEXT_CHARS * MAX_ENCODED_FACTOR]
        return decode(start, self.charset, is_cut=len(start) < len(self.data))


def _look_at_picture(file: _Opened) -> Look:
    seen, cost = pictures.look_within(file.data, file.budget)
    match seen:
        case Trouble.TOO_LARGE:
            return Look(trouble=seen, note="more than 250 megapixels, not opened")
        case Trouble():
            return Look(trouble=seen, note="picture that cannot be opened")
        case Picture():
            return Look(picture=seen, cost=cost)


def _look_at_pdf(file: _Opened) -> Look:
    read = pdf.read(file.data)
    match read:
        case Trouble.ENCRYPTED:
            return Look(trouble=read, note="PDF locked with a password")
        case Trouble():
            return Look(trouble=read, note="PDF that cannot be opened")
        case pdf.PdfText():
            is_cut = read.pages_read < read.pages
            note = f"only the first {read.pages_read} pages were read" if is_cut else ""
            return Look(text=read.text, note=note, cost=read.pages_read * PAGE_COST)


def _look_at_office(file: _Opened) -> Look:
    if file.media_type == ENCRYPTED_OFFICE:
        note = "office file locked with a password"
        return Look(trouble=Trouble.ENCRYPTED, note=note)
    if not file.data.startswith(b"PK"):
        return Look(note="old office format, not read")
    try:
        text = office.to_text(file.data, MAX_TEXT_CHARS)
    except office.ZIP_ERRORS:
        note = "office file that cannot be opened"
        return Look(trouble=Trouble.UNREADABLE, note=note)
    note = "has macros; they were not run" if office.has_macros(file.data) else ""
    return Look(text=text, note=note, cost=PAGE_COST)


def _look_at_text(file: _Opened) -> Look:
    return Look(text=clean(file.text(), MAX_TEXT_CHARS))


def _look_at_html(file: _Opened) -> Look:
    text = html_text.to_text(file.text(), MAX_TEXT_CHARS)
    return Look(text=clean(text, MAX_TEXT_CHARS), cost=PAGE_COST)


def _look_at_archive(_file: _Opened) -> Look:
    return Look(note="archive that is no zip, not opened")


def _look_at_other(file: _Opened) -> Look:
    is_locked = file.media_type in _LOCKED
    return Look(
        trouble=Trouble.ENCRYPTED if is_locked else None,
        note=_NOTES.get(file.media_type, "not read"),
    )


_OPENERS: dict[FileKind, Callable[[_Opened], Look]] = {
    FileKind.PICTURE: _look_at_picture,
    FileKind.PDF: _look_at_pdf,
    FileKind.OFFICE: _look_at_office,
    FileKind.TEXT: _look_at_text,
    FileKind.CALENDAR: _look_at_text,
    FileKind.HTML: _look_at_html,
    FileKind.ARCHIVE: _look_at_archive,
}
