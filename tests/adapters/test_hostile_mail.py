"""Mails made to cost time or memory. Source: reliability.md 4.2, experiment E11.

Each ends here in about a second on one core; the border is five seconds because
machines differ. All go through one child, which must outlive them and stay small.
"""

import base64
import gzip
import hashlib
import io
import struct
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from tests.builders_mail import a_file, invoice_pdf, make_mail, screenshot, zip_of
from tests.outlook import compound_of, lzfu, mela, msg_of, msg_tree, tnef_of
from worker.adapters import mime
from worker.adapters.reader import ChildReader
from worker.domain.mail import Trouble

pytestmark = pytest.mark.slow

SECONDS = 5
MEMORY_BYTES = 300 * 1024 * 1024
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


def png_with(name: bytes, data: bytes) -> bytes:
    """A good small PNG with a chunk more."""
    whole = screenshot()
    chunk = struct.pack(">I", len(data)) + name + data
    chunk += struct.pack(">I", zlib.crc32(name + data))
    return whole[:33] + chunk + whole[33:]


def overlapping_zip(count: int) -> bytes:
    """A zip whose members are all the same packed bytes. Source: D. Fifield, 2019."""
    one = zip_of({"a": random_bytes() * 40})
    end = one.rindex(b"PK\x05\x06")
    (at,) = struct.unpack_from("<I", one, end + 16)
    entry = one[at:end]
    directory = entry * count
    last = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0
    )
    return one[:at] + directory + last


def random_bytes() -> bytes:
    return b"".join(hashlib.sha256(bytes([n])).digest() for n in range(256))


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A PDF of some objects, the first of them its catalogue."""
    found, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(found))
        found += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, rows)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return found + table + trailer % (size, len(found))


def page_of(content: bytes, filters: bytes = b"", *more: bytes) -> bytes:
    """A PDF of one page; more objects have the numbers from 5, F draws the first."""
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R%s>>"
            % b"/Resources<</XObject<</F 5 0 R>>>>",
            pdf_stream(filters, content),
            *more,
        ]
    )


def pdf_stream(head: bytes, content: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (head, len(content), content)


def laughing_pdf() -> bytes:
    """Forms that draw forms, ten times each: a million drawings from a kilobyte."""
    head = (
        b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F %d 0 R>>>>"
    )
    forms = [pdf_stream(head % (6 + n), b"/F Do " * 10) for n in range(7)]
    return page_of(b"/F Do", b"", *forms, pdf_stream(head % 5, b"0 0 1 1 re f"))


def huge_scan() -> bytes:
    size = b"/Width 60000/Height 60000/ColorSpace/DeviceGray/BitsPerComponent 1"
    head = b"/Type/XObject/Subtype/Image/Filter/FlateDecode" + size
    pixels = zlib.compress(bytes(60_000 * 7_500 // 8))
    return page_of(b"600 0 0 800 0 0 cm /F Do", b"", pdf_stream(head, pixels))


def packed_twice(data: bytes) -> bytes:
    return zlib.compress(zlib.compress(data, 9), 9)


def attached(data: bytes, name: str) -> Callable[[], bytes]:
    return lambda: make_mail(files=[a_file(data, name)])


def attaching(make: Callable[[], bytes], name: str) -> Callable[[], bytes]:
    return lambda: make_mail(files=[a_file(make(), name)])


def zipped(depth: int) -> bytes:
    data = b"bottom"
    for _ in range(depth):
        data = zip_of({f"{n}.zip": data for n in range(10)})
    return data


ENTITIES = b"<!DOCTYPE x [<!ENTITY a 'ha'>%s]><w:p><w:t>&b9;</w:t></w:p>" % b"".join(
    b"<!ENTITY b%d '%s'>" % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 10)
)

FILES: dict[str, Callable[[], bytes]] = {
    "a zip whose members overlap": attaching(lambda: overlapping_zip(900), "a.zip"),
    "zips in zips in zips": attaching(lambda: zipped(4), "a.zip"),
    "a gzip bomb": attaching(lambda: gzip.compress(bytes(50_000_000)), "a.gz"),
    "a tar of 5,000 files": attaching(
        lambda: tarfile.TarInfo("a").tobuf() * 5_000, "a.tar"
    ),
    "an office file of entities": attached(
        zip_of({"word/document.xml": ENTITIES}), "a.docx"
    ),
    "a sheet of 300,000 cells": attaching(
        lambda: zip_of(
            {
                "xl/workbook.xml": b"<x/>",
                "xl/sharedStrings.xml": b"<si><t>a</t></si>" * 100_000,
                "xl/worksheets/sheet1.xml": b'<c t="s"><v>1</v></c>' * 300_000,
            }
        ),
        "a.xlsx",
    ),
    "a PDF whose pages hold themselves": attached(
        pdf_of(
            [
                b"<</Type/Catalog/Pages 2 0 R>>",
                b"<</Type/Pages/Kids[2 0 R 2 0 R 2 0 R]/Count 1000000>>",
            ]
        ),
        "a.pdf",
    ),
    "a PDF of 100,000 pages": attached(
        pdf_of(
            [
                b"<</Type/Catalog/Pages 2 0 R>>",
                b"<</Type/Pages/Count 100000/Kids[" + b"3 0 R " * 100_000 + b"]>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>",
            ]
        ),
        "a.pdf",
    ),
    "a PDF of forms in forms": attaching(laughing_pdf, "a.pdf"),
    "a PDF of 13 MB in 200 bytes": attaching(
        lambda: page_of(
            packed_twice(b"0 0 1 1 re f\n" * 1_000_000),
            b"/Filter[/FlateDecode/FlateDecode]",
        ),
        "a.pdf",
    ),
    "a scan of 3,600 megapixels": attaching(huge_scan, "a.pdf"),
    "a PNG with a huge colour profile": attaching(
        lambda: png_with(b"iCCP", b"x\0\0" + zlib.compress(bytes(70_000_000))), "a.png"
    ),
    "a PNG with a huge text": attaching(
        lambda: png_with(b"zTXt", b"x\0\0" + zlib.compress(bytes(70_000_000))), "a.png"
    ),
    "a message of 10,000 attachments": attaching(
        lambda: compound_of(
            {
                **msg_tree(text="x"),
                **{f"__attach_version1.0_#{n:08X}": {} for n in range(10_000)},
            }
        ),
        "a.msg",
    ),
    "a message whose text unpacks for ever": attaching(
        lambda: msg_of(rtf=lzfu(b"{\\rtf1 " + b"{\\b\n" * 100_000)), "a.msg"
    ),
    "a winmail of 100,000 attachments": attaching(
        lambda: tnef_of() + struct.pack("<BIIH", 2, 0x00069002, 0, 0) * 100_000,
        "winmail.dat",
    ),
    "a winmail of absurd lengths": attached(
        tnef_of() + struct.pack("<BII", 1, 0x00069003, 0xFFFFFFFF), "winmail.dat"
    ),
    "a winmail of a billion properties": attached(
        tnef_of(rtf=mela(b"x")).replace(b"\x01\0\0\0", b"\xff\xff\xff\x7f", 1),
        "winmail.dat",
    ),
    "winmails in winmails": attaching(lambda: nested_winmail(60), "winmail.dat"),
    "a rich text of open braces": attached(b"{\\rtf1" + b"{" * 2_000_000, "a.rtf"),
    "100,000 files in the text": lambda: of_type(
        "text/plain", b"begin 644 a\n!!!\n" * 100_000
    ),
    "200,000 copies in a header block": lambda: of_type(
        "text/plain", b"Cc: x\n" * 200_000
    ),
    "100,000 quotes": lambda: of_type(
        "text/plain", b"On 4 Nov 2026 at 10:22 a@b.example wrote:\n> x\n" * 10_000
    ),
    "8 recipient headers of semicolons": lambda: (
        (b"To: " + b";" * 60_000 + b"\r\n") * 8 + b"\r\n"
    ),
    "NUL bytes": lambda: of_type("text/plain; charset=utf-16", b"\0" * 5_000_000),
    "bytes of no charset": lambda: of_type(
        "text/plain; charset=gb18030", b"\x81\xff" * 2_000_000
    ),
}


def nested_winmail(depth: int) -> bytes:
    data = tnef_of(text="bottom")
    for _ in range(depth):
        data = tnef_of(letters=[data])
    return data


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
    **FILES,
    "a PDF of open brackets": lambda: make_mail(
        files=[a_file(b"%PDF-1.4\n1 0 obj\n" + b"[" * 500_000, "a.pdf")]
    ),
}


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChildReader]:
    reader = ChildReader(tmp_path_factory.mktemp("raw").as_uri())
    reader.read_bytes(make_mail())
    yield reader
    reader.close()


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_p2_a_hostile_mail_costs_little_and_the_next_is_read(
    make: Callable[[], bytes], child: ChildReader
) -> None:
    raw = make()
    pid = child.pid
    watched = psutil.Process(pid)
    started_at, before = time.perf_counter(), _cpu(watched)
    forget_peak(watched)

    child.read_bytes(raw)

    spent = min(time.perf_counter() - started_at, _cpu(watched) - before)
    assert spent < SECONDS
    assert peak_bytes(watched) - len(raw) < MEMORY_BYTES
    assert child.read_bytes(make_mail(text="next")).text == "next"
    assert child.pid == pid


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def forget_peak(process: psutil.Process) -> None:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak_bytes(process: psutil.Process) -> int:
    """The most resident memory since it was forgotten. Source: proc(5)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


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
