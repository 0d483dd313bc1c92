import io

import fpdf
import pytest
from PIL import Image

from tests.builders_mail import ORDER, invoice_pdf
from worker.adapters import pdf
from worker.adapters.pdf import PdfText
from worker.adapters.reading.marks import Wanted
from worker.domain.mail import Trouble


def pages(count: int, text: str = "page") -> bytes:
    document = fpdf.FPDF()
    document.set_font("Helvetica", size=10)
    for number in range(count):
        document.add_page()
        document.multi_cell(0, text=f"{text} {number + 1}")
    return bytes(document.output())


def test_an_invoice_is_read() -> None:
    read = pdf.read(invoice_pdf())

    assert isinstance(read, PdfText)
    assert read.text.splitlines() == [
        "Harbour Lane Store - Invoice",
        f"Order number: {ORDER}",
        "Blue running shoes $135.00",
        "Ceramic tea set $315.00",
        "Total paid $450.00",
    ]
    assert (read.pages, read.pages_read) == (1, 1)


def test_a_locked_file_is_encrypted() -> None:
    assert pdf.read(invoice_pdf(locked=True)) is Trouble.ENCRYPTED


def test_a_file_that_only_its_owner_may_change_is_read() -> None:
    document = fpdf.FPDF()
    document.set_encryption(owner_password="owner")
    document.set_font("Helvetica", size=10)
    document.add_page()
    document.cell(text="readable")

    read = pdf.read(bytes(document.output()))

    assert isinstance(read, PdfText)
    assert read.text == "readable"


@pytest.mark.parametrize("data", [b"", b"%PDF-", b"%PDF-1.4\n%%EOF", b"words"])
def test_a_broken_file_is_unreadable(data: bytes) -> None:
    assert pdf.read(data) is Trouble.UNREADABLE


@pytest.mark.parametrize(("count", "read"), [(20, 20), (21, 20)])
def test_twenty_pages_are_read(count: int, read: int) -> None:
    found = pdf.read(pages(count))

    assert isinstance(found, PdfText)
    assert (found.pages, found.pages_read) == (count, read)
    assert f"page {read}" in found.text
    assert "page 21" not in found.text


@pytest.mark.slow
def test_text_is_bounded() -> None:
    found = pdf.read(pages(20, "words " * 2000))

    assert isinstance(found, PdfText)
    assert len(found.text) <= pdf.MAX_TEXT_CHARS
    assert found.pages_read < 20


def test_a_page_without_text_is_empty_text() -> None:
    document = fpdf.FPDF()
    document.add_page()

    found = pdf.read(bytes(document.output()))

    assert found == PdfText("", 1, 1)


@pytest.mark.parametrize("side", range(300, 308))
def test_a_page_of_any_width_is_drawn_whole(side: int) -> None:
    drawn = pdf.draw_apart(invoice_pdf(), 0, side=side)

    assert drawn is not None
    with Image.open(io.BytesIO(drawn)) as page:
        page.load()
        assert page.height == side
        assert page.getpixel((page.width - 1, page.height - 1)) == (255, 255, 255)


def test_places_on_a_page_are_told_from_its_top_left() -> None:
    count, (page,) = pdf.find_apart(invoice_pdf(), (Wanted("order", ORDER),))

    (hit,) = page.hits
    assert count == 1
    assert 0.1 < hit.left < 0.3
    assert 0.0 < hit.top < 0.1


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 and nothing else", b"\0" * 500])
def test_what_is_no_pdf_has_no_pages(data: bytes) -> None:
    assert pdf.find_apart(data, ()) == (0, ())
    assert pdf.draw_apart(data, 0, side=300) is None
