"""Mails made to cost time. Source: reliability.md 4.2, experiment E11.

Each ends here in well under a second on one core; the border is five seconds because
machines differ.
"""

import base64
import io
import struct
import time
import zlib
from collections.abc import Callable

import pytest

from tests.builders_mail import a_file, invoice_pdf, make_mail, zip_of
from worker.adapters import mime
from worker.domain.mail import Trouble

pytestmark = pytest.mark.slow

SECONDS = 5
FROM = b"From: a@b.example\r\n"


def multipart(body: bytes) -> bytes:
    return FROM + b'Content-Type: multipart/mixed; boundary="B"\r\n\r\n' + body


def of_type(media_type: str, body: bytes) -> bytes:
    return FROM + f"Content-Type: {media_type}\r\n\r\n".encode() + body


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG of that size, with hardly any pixels behind it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size)
    return head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def nested(levels: int) -> bytes:
    lines = (
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"
        for n in range(levels)
    )
    return FROM + "".join(lines).encode() + b"\r\ndeep"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "50,000 quotes in From": lambda: b"From: " + b'"' * 50_000 + b" <a@b.c>\r\n\r\n",
    "60,000 parentheses in From": lambda: b"From: " + b"(" * 60_000 + b"\r\n\r\n",
    "10,000 mailboxes in From": lambda: b"From: " + b"a@b.c," * 10_000 + b"\r\n\r\n",
    "20,000 encoded words": lambda: (
        b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\n"
    ),
    "40,000 recipients": lambda: b"To: " + b"a <u@h.example>, " * 40_000 + b"\r\n\r\n",
    "100,000 headers": lambda: b"".join(b"x%d:\r\n" % n for n in range(100_000)),
    "50 MB of headers": lambda: b"X: " + b"y" * 50_000_000,
    "nested Received comments": lambda: (b"Received: " + b"(" * 60_000 + b"\r\n") * 8,
    "30,000 parameters": lambda: of_type('a/b; c="' + '";' * 30_000, b""),
    "500 parts of 3,000 parameters": lambda: multipart(
        (b'--B\r\nContent-Disposition: x; a="' + b'";' * 3000 + b"\r\n\r\n\r\n") * 499
    ),
    "20,000 parts": lambda: multipart(b"--B\r\n\r\nx\r\n" * 20_000),
    "6,000,000 lines of dashes": lambda: multipart(b"\n--" * 6_000_000),
    "1,000 nested multiparts": lambda: nested(1000),
    "20,000 nested multiparts": lambda: nested(20_000),
    "5,000 nested mails": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 5000,
    "300,000 comments": lambda: of_type("text/html", b"<!--" * 300_000),
    "500,000 declarations": lambda: of_type("text/html", b"<!" * 500_000),
    "300,000 elements": lambda: of_type("text/html", b"<div>" * 300_000),
    "250,000 open tags": lambda: of_type("text/html", b'<a "' * 250_000),
    "150,000 styles": lambda: of_type("text/html", b"<style>" * 150_000),
    "80,000 quotes": lambda: of_type("text/html", b"<blockquote>x" * 80_000),
    "a digit of a million": lambda: of_type("text/html", b"&#" + b"9" * 1_000_000),
    "500,000 quoted lines": lambda: of_type("text/plain", b">\n" * 500_000),
    "200,000 beginnings of quotes": lambda: of_type("text/plain", b"On x\n" * 200_000),
    "punycode": lambda: of_type("text/plain; charset=punycode", b"a-" * 300_000),
    "idna": lambda: of_type("text/plain; charset=idna", b"xn--" * 100_000),
    "a zip of 5,000 files": lambda: make_mail(
        files=[a_file(zip_of({f"{n}": b"x" for n in range(5000)}), "a.zip")]
    ),
    "a zip bomb": lambda: make_mail(
        files=[a_file(zip_of({"a": b"\0" * 30_000_000}), "a.zip")]
    ),
    "an office bomb": lambda: make_mail(
        files=[a_file(zip_of({"word/document.xml": b"<" * 10_000_000}), "a.docx")]
    ),
    "400 pictures of a billion pixels": lambda: make_mail(
        files=[a_file(png_of(30_000, 33_000), "a.png")] * 400
    ),
    "a PDF of open brackets": lambda: make_mail(
        files=[a_file(b"%PDF-1.4\n1 0 obj\n" + b"[" * 500_000, "a.pdf")]
    ),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_p2_a_hostile_mail_is_read_in_bounded_time(make: Callable[[], bytes]) -> None:
    raw = make()
    before = time.process_time()

    mime.parse(raw)

    assert time.process_time() - before < SECONDS


def test_a_picture_of_a_billion_pixels_is_not_opened() -> None:
    raw = make_mail(files=[a_file(png_of(30_000, 33_000), "a.png")])

    assert mime.parse(raw).attachments[0].trouble is Trouble.TOO_LARGE


def test_what_is_read_of_a_cut_mail_is_right() -> None:
    pdf = base64.encodebytes(invoice_pdf())
    part = b"--B\r\nContent-Transfer-Encoding: base64\r\n"
    head = part + b"Content-Type: application/pdf\r\n\r\n" + pdf + b"\r\n"
    raw = multipart(head + b"--B\r\n\r\nx\r\n" * 20_000)

    mail = mime.parse(raw)

    assert "parts_cut" in mail.defects
    assert "Total paid" in mail.attachments[0].text


def test_p9_a_big_mail_is_read_from_a_view_without_copies() -> None:
    held = io.BytesIO(make_mail(files=[a_file(b"x" * 30_000_000, "a.bin")]))

    mail = mime.parse(held.getbuffer())

    assert mail.attachments[0].trouble is Trouble.TOO_LARGE
