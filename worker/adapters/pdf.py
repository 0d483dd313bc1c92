"""PDF to text and to pictures of its pages with pypdfium2; the only file with it.

PDFium is not safe to use from two threads; the reader child has one.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pypdfium2

from worker.adapters.reading.texts import clean
from worker.domain.mail import Trouble

MAX_PAGES = 20
"""Read of one file: an invoice has two. Our choice."""
MAX_TEXT_CHARS = 100_000
DRAWN_PAGES = 3
"""Drawn of a file without text: what a receipt has. Our choice."""
DRAWN_SIDE = 1_600
"""Longer side of a drawn page in pixels: small print can be read. Our choice."""

_PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD. Source: pdfium/public/fpdfview.h."""
_HYPHEN = "\ufffe"
"""How PDFium gives a hyphen at the end of a line. Source: pdfium issue 1139."""


@dataclass(frozen=True, slots=True)
class PdfText:
    """The text of the first pages; empty for a scan. `pages` is how many there are."""

    text: str
    pages: int
    pages_read: int


def read(data: bytes, *, max_pages: int = MAX_PAGES) -> PdfText | Trouble:
    """Return the text of a PDF, or why there is none.

    A file that only its owner's password restricts can be read and is.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        is_locked = getattr(error, "err_code", None) == _PASSWORD_ERROR
        return Trouble.ENCRYPTED if is_locked else Trouble.UNREADABLE
    try:
        return _read_pages(document, max_pages)
    except (pypdfium2.PdfiumError, ValueError):
        return Trouble.UNREADABLE
    finally:
        document.close()


def page_images(
    data: bytes, *, max_pages: int = DRAWN_PAGES, side: int = DRAWN_SIDE
) -> Iterator[bytes]:
    """Yield the first pages of a PDF as bitmaps (BMP), `side` pixels long at most.

    For a scan, which says nothing as text. A page that cannot be drawn ends it.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return
    try:
        for number in range(min(len(document), max_pages)):
            yield _drawn(document, number, side)
    except (pypdfium2.PdfiumError, ValueError):
        return
    finally:
        document.close()


def _drawn(document: pypdfium2.PdfDocument, number: int, side: int) -> bytes:
    page = document[number]
    try:
        longer = max(*page.get_size(), 1.0)
        bitmap = page.render(scale=side / longer, prefer_bgrx=False)
        try:
            return _bmp(bitmap.width, bitmap.height, bitmap.stride, bitmap.buffer)
        finally:
            bitmap.close()
    finally:
        page.close()


def _bmp(width: int, height: int, stride: int, pixels: Iterable[int]) -> bytes:
    """Return BGR rows as a BMP file; a negative height means from the top down.

    PDFium pads its rows to four bytes as BMP does.
    """
    size = 54 + stride * height
    head = struct.pack("<2sIHHI", b"BM", size, 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, 0, 0, 0, 0, 0)
    return head + info + bytes(pixels)[: stride * height]


def _read_pages(document: pypdfium2.PdfDocument, max_pages: int) -> PdfText | Trouble:
    pages = len(document)
    if pages == 0:
        return Trouble.UNREADABLE
    texts: list[str] = []
    count = min(pages, max_pages)
    for number in range(count):
        texts.append(_page_text(document, number))
        if sum(map(len, texts)) > MAX_TEXT_CHARS:
            count = number + 1
            break
    text = "\n".join(texts).replace(_HYPHEN + "\r\n", "-").replace(_HYPHEN, "-")
    return PdfText(clean(text, MAX_TEXT_CHARS).strip(), pages, count)


def _page_text(document: pypdfium2.PdfDocument, number: int) -> str:
    page = document[number]
    try:
        text_page = page.get_textpage()
        try:
            return str(text_page.get_text_bounded())
        finally:
            text_page.close()
    finally:
        page.close()
