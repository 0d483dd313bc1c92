"""One attached file: its bytes, and what opening it shows."""

import hashlib
import io
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from worker.adapters import pdf, pictures
from worker.adapters.filetypes import (
    ENCRYPTED_OFFICE,
    HEAD_BYTES,
    OLE,
    SAVED_PAGE,
    Type,
)
from worker.adapters.reading import body, html_text, letter, office, parts, rtf
from worker.adapters.reading.headers import HEADER_ERRORS
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
PAGE_COST = 1_000_000
"""A page of text is worth so many pixels in time. Our choice."""
PIXELS_A_SECOND = 37_000_000
"""What time is worth in pixels of 27 ns. Source: adapters/pictures.py."""
_LOCKED = frozenset({"application/pgp-encrypted", "application/pkcs7-mime"})
_NOTES = {
    "application/applefile": "settings of a Mac file, no document",
    "application/pgp-encrypted": "encrypted",
    "application/pgp-signature": "signature",
    "application/pkcs7-mime": "encrypted",
    "application/pkcs7-signature": "signature",
    "image/svg+xml": "drawing, not opened",
}
_CLOSED_ARCHIVES = {
    "application/vnd.rar": "RAR archive, not opened; a zip would be",
    "application/x-7z-compressed": "7z archive, not opened; a zip would be",
}
DECLARED_NOTES = {
    "message/external-body": letter.LINK_NOTE,
    "message/partial": "one piece of a mail that was sent in several, not put together",
}
"""What a part is whose type says that its content is elsewhere."""


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


_CLOSED_OFFICE = {
    ENCRYPTED_OFFICE: Look(
        trouble=Trouble.ENCRYPTED, note="office file locked with a password"
    ),
    OLE: Look(
        trouble=Trouble.UNREADABLE,
        note="old office file or Outlook message that cannot be opened",
    ),
    "application/msword": Look(note="old Word format (.doc), its text is not read"),
    "application/vnd.ms-excel": Look(
        note="old Excel format (.xls), its text is not read"
    ),
    "application/vnd.ms-powerpoint": Look(
        note="old PowerPoint format (.ppt), its text is not read"
    ),
}


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
            most = f"{pictures.MAX_PIXELS // 1_000_000} megapixels"
            return Look(trouble=seen, note=f"more than {most}, not opened")
        case Trouble():
            return Look(trouble=seen, note="picture that cannot be opened")
        case Picture():
            return Look(picture=seen, cost=cost)


def _look_at_pdf(file: _Opened) -> Look:
    before = time.perf_counter()
    opened = pdf.open_apart(file.data)
    cost = int((time.perf_counter() - before) * PIXELS_A_SECOND)
    match opened:
        case Trouble.ENCRYPTED:
            return Look(trouble=opened, note="PDF locked with a password", cost=cost)
        case Trouble():
            return Look(trouble=opened, note="PDF that cannot be opened", cost=cost)
        case pdf.Opened(text=found, page=page):
            if not found.text:
                return _look_at_scan(page, cost)
            is_cut = found.pages_read < found.pages
            pages = f"only the first {found.pages_read} pages were read"
            return Look(text=found.text, note=pages if is_cut else "", cost=cost)


def _look_at_scan(page: bytes | None, cost: int) -> Look:
    """Return what the first page of a PDF without text looks like."""
    seen = None if page is None else pictures.look(page)
    if not isinstance(seen, Picture):
        return Look(note="PDF without text whose page cannot be drawn", cost=cost)
    # Pages of one layout have one hash; it is for photographs.
    return Look(picture=replace(seen, phash=None), cost=cost)


def _look_at_office(file: _Opened) -> Look:
    if file.media_type == "application/rtf":
        return Look(text=rtf.to_text(file.data, MAX_TEXT_CHARS), cost=PAGE_COST)
    if not file.data.startswith(b"PK"):
        return _CLOSED_OFFICE.get(file.media_type, Look(note="old format, not read"))
    try:
        if file.media_type.startswith("application/vnd.apple."):
            return _look_at_preview(file)
        text = office.to_text(file.data, MAX_TEXT_CHARS)
    except office.ZIP_ERRORS:
        note = "office file that cannot be opened"
        return Look(trouble=Trouble.UNREADABLE, note=note)
    note = "has macros; they were not run" if office.has_macros(file.data) else ""
    return Look(text=text, note=note, cost=PAGE_COST)


def _look_at_preview(file: _Opened) -> Look:
    """Return what the preview inside a Pages or Numbers file shows.

    Raises:
        ZIP_ERRORS: the file is damaged.
    """
    preview = office.preview(file.data)
    if preview.startswith(b"%PDF-"):
        return _look_at_pdf(replace(file, data=preview))
    seen, cost = pictures.look_within(preview, file.budget)
    picture = seen if isinstance(seen, Picture) else None
    return Look(picture=picture, note="Apple iWork format, not read", cost=cost)


def _look_at_text(file: _Opened) -> Look:
    return Look(text=clean(file.text(), MAX_TEXT_CHARS))


def _look_at_html(file: _Opened) -> Look:
    if file.media_type == SAVED_PAGE:
        return _look_at_saved_page(file)
    text = html_text.to_text(file.text(), MAX_TEXT_CHARS)
    return Look(text=clean(text, MAX_TEXT_CHARS), cost=PAGE_COST)


def _look_at_saved_page(file: _Opened) -> Look:
    """Return the text of a web page saved as one file; its pictures are left out."""
    try:
        leaves = parts.read(file.data).leaves
    except HEADER_ERRORS:
        note = "saved web page that cannot be opened"
        return Look(trouble=Trouble.UNREADABLE, note=note)
    return Look(text=body.read(leaves, MAX_TEXT_CHARS).text, cost=PAGE_COST)


def _look_at_archive(file: _Opened) -> Look:
    note = _CLOSED_ARCHIVES.get(file.media_type, "archive of a kind that is not opened")
    return Look(note=note)


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
