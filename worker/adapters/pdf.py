"""PDF to text and to pictures of its pages with pypdfium2; the only file with it.

PDFium is not safe to use from two threads; the reader child has one.
"""

import ctypes
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pypdfium2

from worker.adapters import forked
from worker.adapters.reading.marks import Wanted, find
from worker.adapters.reading.texts import clean
from worker.adapters.view_frames import PAGES, Hit, PageSeen
from worker.domain.mail import Trouble

MAX_PAGES = 20
"""Read of one file: an invoice has two. Our choice."""
MAX_TEXT_CHARS = 100_000
MAX_SECONDS = 2
"""Of CPU time for one file; 20 pages of an invoice take a tenth. Our choice."""
MAX_DRAWN_PIXELS = 40_000_000
"""Of the pictures on a page that is drawn: a scan of A4 at 600 dpi. Our choice."""
MAX_BYTES = 256 * 1024 * 1024
"""Of memory for one file beside the file itself. Our choice."""
DRAWN_PAGES = 3
"""Drawn of a file without text: what a receipt has. Our choice."""
DRAWN_SIDE = 1_600
"""Longer side of a drawn page in pixels: small print can be read. Our choice."""

_FINE = 10_000
"""Steps into which a page is divided to say where something stands on it."""
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


@dataclass(frozen=True, slots=True)
class Opened:
    """What a PDF says, and where it says nothing, its first page as a bitmap."""

    text: PdfText
    page: bytes | None = None


def open_apart(data: bytes) -> Opened | Trouble:
    """Return the text of a PDF and, without text, a picture of its first page.

    Done in another process: what takes longer than `MAX_SECONDS`, or breaks PDFium,
    is unreadable. After such a file comes another process, and it is tried in one of
    its own where there were others before it.
    """
    opened = _opened(_HELPER.answer(data))
    if opened is Trouble.UNREADABLE:
        opened = _opened(_HELPER.answer_apart(data))
    return opened


def make_ready() -> None:
    """Have the other process ready for the next mail's PDFs; see forked.Helper."""
    _HELPER.make_ready()


def let_go() -> None:
    """End the other process, if there is one."""
    _HELPER.end()


def _packed(data: bytes) -> bytes:
    """Return the answer on one line of JSON, with the picture behind it."""
    found = read(data)
    if isinstance(found, Trouble):
        return json.dumps({"trouble": found.value}).encode() + b"\n"
    head = {"text": found.text, "pages": found.pages, "pages_read": found.pages_read}
    page = b"" if found.text else next(page_images(data, max_pages=1), b"")
    return json.dumps(head).encode() + b"\n" + page


_HELPER = forked.Helper(_packed, cpu=MAX_SECONDS, memory=MAX_BYTES)


def _opened(answer: bytes | None) -> Opened | Trouble:
    if answer is None:
        return Trouble.UNREADABLE
    line, _, page = answer.partition(b"\n")
    head = json.loads(line)
    if "trouble" in head:
        return Trouble(head["trouble"])
    return Opened(PdfText(**head), page or None)


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


def draw_apart(data: bytes, number: int, *, side: int) -> bytes | None:
    """Return one page as a bitmap (BMP), in a process of its own; None without it.

    Args:
        data: the file.
        number: of the page, from 0.
        side: its longer side in pixels.
    """
    work = lambda: _draw(data, number, side)  # noqa: E731 - what the copy does
    return forked.answer(work, cpu=MAX_SECONDS, memory=MAX_BYTES)


def find_apart(
    data: bytes, wanted: tuple[Wanted, ...]
) -> tuple[int, tuple[PageSeen, ...]]:
    """Return how many pages there are, and where the first ones name what is wanted.

    Done in a process of its own; a file that cannot be opened has no pages.
    """
    found = forked.answer(
        lambda: PAGES.dump_json(_find(data, wanted)), cpu=MAX_SECONDS, memory=MAX_BYTES
    )
    return (0, ()) if found is None else PAGES.validate_json(found)


def _draw(data: bytes, number: int, side: int) -> bytes:
    document = pypdfium2.PdfDocument(data)
    return _drawn(document, number, side)


def _find(data: bytes, wanted: tuple[Wanted, ...]) -> tuple[int, tuple[PageSeen, ...]]:
    document = pypdfium2.PdfDocument(data)
    count = min(len(document), MAX_PAGES)
    pages = tuple(_page_seen(document[number], wanted) for number in range(count))
    return len(document), pages


def _page_seen(page: pypdfium2.PdfPage, wanted: tuple[Wanted, ...]) -> PageSeen:
    raw, text_page = pypdfium2.raw, page.get_textpage()
    numbers = range(text_page.count_chars())
    codes = (raw.FPDFText_GetUnicode(text_page, number) for number in numbers)
    # One character for each of PDFium's, so that both count alike.
    text = "".join(chr(code) if 0 < code <= 0x10FFFF else " " for code in codes)  # noqa: PLR2004 - Unicode's end
    hits: list[Hit] = []
    for mark in find(text, wanted):
        count = text_page.count_rects(mark.start, mark.end - mark.start)
        boxes = (text_page.get_rect(number) for number in range(count))
        hits += [_hit(page, mark.label, box) for box in boxes]
    width, height = page.get_size()
    return PageSeen(round(width, 1), round(height, 1), tuple(hits))


def _hit(
    page: pypdfium2.PdfPage, label: str, box: tuple[float, float, float, float]
) -> Hit:
    """Return a box of the text as it lies on the drawn page, turned as that is."""
    left, bottom, right, top = box
    (x1, y1), (x2, y2) = (_on_page(page, *p) for p in ((left, bottom), (right, top)))
    return Hit(label, min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))


def _on_page(page: pypdfium2.PdfPage, x: float, y: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    pypdfium2.raw.FPDF_PageToDevice(
        page, 0, 0, _FINE, _FINE, 0, x, y, ctypes.byref(across), ctypes.byref(down)
    )
    return across.value / _FINE, down.value / _FINE


def _drawn(document: pypdfium2.PdfDocument, number: int, side: int) -> bytes:
    page = document[number]
    try:
        if _pixels(page) > MAX_DRAWN_PIXELS:
            code = "pictures too large"
            raise ValueError(code)
        longer = max(*page.get_size(), 1.0)
        bitmap = page.render(scale=side / longer, prefer_bgrx=False)
        try:
            return _bmp(bitmap.width, bitmap.height, bitmap.stride, bitmap.buffer)
        finally:
            bitmap.close()
    finally:
        page.close()


def _pixels(page: pypdfium2.PdfPage) -> int:
    """Return how many pixels the pictures of a page have, as they claim."""
    images = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
    sizes = (image.get_px_size() for image in images)
    return sum(width * height for width, height in sizes)


def _bmp(width: int, height: int, stride: int, pixels: Iterable[int]) -> bytes:
    """Return BGR rows as a BMP file; a negative height means from the top down.

    Rows of a BMP are padded to four bytes; those of PDFium may be or not.
    """
    rows, length = bytes(pixels), width * 3
    padded = (length + 3) // 4 * 4
    gap = bytes(padded - length)
    body = (
        rows[: stride * height]
        if stride == padded
        else b"".join(
            rows[at : at + length] + gap for at in range(0, stride * height, stride)
        )
    )
    head = struct.pack("<2sIHHI", b"BM", 54 + len(body), 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, 0, 0, 0, 0, 0)
    return head + info + body


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
