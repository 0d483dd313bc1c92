"""What a file is by its content; the only file that imports puremagic.

Neither the declared type nor the name is believed where the content speaks: a PDF
comes as `application/octet-stream` named `document`, a HEIC as `.jpg`
(known-failures A5, A8).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import puremagic

from worker.adapters.reading import compound
from worker.adapters.reading.compound import CompoundDamaged
from worker.adapters.reading.texts import one_line
from worker.domain.mail import FileKind

HEAD_BYTES = 64 * 1024
START_BYTES = 1024
ENCRYPTED_OFFICE = "application/x-ole-encrypted"
OLE = "application/x-ole-storage"
MSG = "application/vnd.ms-outlook"
TNEF = "application/ms-tnef"
EMLX = "message/x-emlx"
SAVED_PAGE = "application/x-mimearchive"


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
    (0, b"x\x9f>\x22", TNEF, FileKind.ARCHIVE),
    (0, b"\x00\x05\x16\x07", "application/applefile", FileKind.OTHER),
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
    (b"word/document", "wordprocessingml.document"),
    (b"xl/workbook", "spreadsheetml.sheet"),
    (b"ppt/presentation", "presentationml.presentation"),
)
_IWORK_MARKS = (b"Index/Document.iwa", b"Index.zip", b"index.apxl")
_IWORK = {
    "pages": "application/vnd.apple.pages",
    "numbers": "application/vnd.apple.numbers",
    "key": "application/vnd.apple.keynote",
}
_OLE_TYPES = (
    ("__properties_version1.0", Type(MSG, FileKind.MAIL)),
    ("EncryptedPackage", Type(ENCRYPTED_OFFICE, FileKind.OFFICE)),
    ("WordDocument", Type("application/msword", FileKind.OFFICE)),
    ("Workbook", Type("application/vnd.ms-excel", FileKind.OFFICE)),
    ("Book", Type("application/vnd.ms-excel", FileKind.OFFICE)),
    ("PowerPoint Document", Type("application/vnd.ms-powerpoint", FileKind.OFFICE)),
)
"""What the root storage of an OLE file holds."""
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_MAIL_TYPES = frozenset({"message/rfc822", "message/global", "message/news"})
_MAIL_START = re.compile(
    rb"(?:(?:From |>From )[^\n]*\n)?"
    rb"(?:(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\n]*|[ \t][^\n]*)\r?\n){2,200}"
)
_MAIL_FIELDS = re.compile(
    rb"^(from|date|subject|received|message-id|return-path|mime-version|content-type):",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL_NAMES = (".eml", ".emlx", ".mht", ".mhtml")
_EMLX_COUNT = re.compile(rb"[0-9]{1,10} *\r?\n")
"""Apple Mail begins its files with their length."""
_SAVED_BY = re.compile(
    rb"(?:^|\n)(?:From: *\"?<?Saved by |Snapshot-Content-Location:)", re.IGNORECASE
)
"""How browsers begin a page that they save as one file (.mht)."""
_RELATED = re.compile(rb"\nContent-Type: *multipart/related", re.IGNORECASE)
_TEXT_STARTS = {
    b"BEGIN:VCALENDAR": Type("text/calendar", FileKind.CALENDAR),
    b"BEGIN:VCARD": Type("text/vcard", FileKind.TEXT),
    b"-----BEGIN PGP MESSAGE": Type("application/pgp-encrypted", FileKind.OTHER),
    b"-----BEGIN PGP SIGNATURE": Type("application/pgp-signature", FileKind.OTHER),
}
_HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HTML_PIECE = re.compile(rb"<(?:table|div|p|br|span|font|meta)\b[^>]*>", re.IGNORECASE)
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})


def identify(data: bytes | memoryview, *, declared: str, filename: str) -> Type:
    """Return what a file is by its content; name and label only break ties of text.

    Text that begins with mail headers is a mail under any label; without them it needs
    the label or the name of one.
    """
    head = bytes(data[:HEAD_BYTES])
    found = _by_signature(head) or _by_container(head, data, filename)
    if found is not None:
        return found
    mail = _mail_type(head, declared, filename)
    if mail is not None:
        return mail
    if b"%PDF-" in head[:START_BYTES]:  # readers accept junk in front of it
        return _PDF
    if _is_text(head):
        return _text_type(head, declared, filename)
    return Type(_by_puremagic(head), FileKind.OTHER)


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


def _by_container(head: bytes, data: bytes | memoryview, filename: str) -> Type | None:
    """Tell office files from other zip and OLE files."""
    if head.startswith(compound.SIGNATURE):
        return _ole_type(data)
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
    if any(mark in directory for mark in _IWORK_MARKS):
        extension = filename.lower().rpartition(".")[2]
        known = _IWORK.get(extension, "application/vnd.apple.iwork")
        return Type(known, FileKind.OFFICE)
    return Type("application/zip", FileKind.ARCHIVE)


def _ole_type(data: bytes | memoryview) -> Type:
    """Tell OLE files apart by what they hold; of a damaged one by what it mentions."""
    found: Iterator[Type]
    try:
        held = compound.names(data)
        found = (kind for name, kind in _OLE_TYPES if name in held)
    except CompoundDamaged:
        whole = bytes(data)
        found = (k for name, k in _OLE_TYPES if name.encode("utf-16-le") in whole)
        return next(found, Type(OLE, FileKind.OFFICE))
    return next(found, Type(OLE, FileKind.OTHER))


def _mail_type(head: bytes, declared: str, filename: str) -> Type | None:
    """Tell mails, and the web pages that browsers save in the form of a mail."""
    count = _EMLX_COUNT.match(head)
    if count is not None and len(_fields(head[count.end() :])) > 1:
        return Type(EMLX, FileKind.MAIL)
    fields = _fields(head)
    is_page = b"from" not in fields and _RELATED.search(head[:START_BYTES])
    if fields and (is_page or _SAVED_BY.search(head[:START_BYTES])):
        return Type(SAVED_PAGE, FileKind.HTML)
    is_labelled = declared in _MAIL_TYPES or declared.startswith("multipart/")
    is_named = filename.lower().endswith(_MAIL_NAMES)
    if is_labelled or len(fields) >= (1 if is_named else 3):
        return Type("message/rfc822", FileKind.MAIL)
    return None


def _fields(head: bytes) -> frozenset[bytes]:
    """Return which headers of mails a text begins with, in lower case."""
    start = _MAIL_START.match(head)
    found = () if start is None else _MAIL_FIELDS.finditer(start.group())
    return frozenset(m.group(1).lower() for m in found)


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    sample = head[:4096]
    return len(sample.translate(None, _CONTROLS)) == len(sample)


def _text_type(head: bytes, declared: str, filename: str) -> Type:
    start = head[:START_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    for beginning, found in _TEXT_STARTS.items():
        if start.startswith(beginning):
            return found
    if b"<svg" in start:
        return Type("image/svg+xml", FileKind.OTHER)
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
