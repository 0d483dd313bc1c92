"""Files that come in old, foreign or broken wrappings."""

import base64
import binascii
import bz2
import gzip
import io
import lzma
import tarfile
import textwrap
from collections.abc import Callable, Mapping

import fpdf
import pytest

from tests.builders_mail import (
    ORDER,
    a_file,
    invoice_pdf,
    make_mail,
    order_mail,
    photo,
    screenshot,
    zip_of,
)
from worker.adapters import mime, pdf, pictures
from worker.domain.mail import Attachment, FileKind, Looks, Mail, Picture, Trouble

PDF = invoice_pdf()


def read(head: str, body: bytes) -> Mail:
    top = textwrap.dedent(head).strip().replace("\n", "\r\n")
    return mime.parse(f"From: a@b.example\r\n{top}\r\n\r\n".encode() + body)


def the_file(data: bytes, name: str, **fields: str) -> Attachment:
    return mime.parse(make_mail(files=[a_file(data, name, **fields)])).attachments[0]


def rows(mail: Mail) -> list[tuple[str, str, FileKind]]:
    return [(a.path, a.filename, a.kind) for a in mail.attachments]


def named(header: bytes, charset: str = "utf-8") -> str:
    """The name that a part with this disposition gets, in a mail of that charset."""
    raw = (
        b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="B"\r\n\r\n'
        b"--B\r\nContent-Type: text/plain; charset="
        + charset.encode()
        + b"\r\n\r\nhi\r\n"
        b"--B\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment;\r\n "
        + header
        + b"\r\n\r\n"
        + PDF
        + b"\r\n--B--"
    )
    return mime.parse(raw).attachments[0].filename


# -- names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "charset", "name"),
    [
        ('filename="外箱破损.jpg"'.encode("gbk"), "utf-8", "外箱破损.jpg"),
        ('filename="箱の写真.jpg"'.encode("cp932"), "utf-8", "箱の写真.jpg"),
        ('filename="發票.pdf"'.encode("big5"), "utf-8", "發票.pdf"),
        ('filename="Größe é.pdf"'.encode("latin-1"), "utf-8", "Größe é.pdf"),
        ('filename="квитанция.pdf"'.encode("cp1251"), "windows-1251", "квитанция.pdf"),
        ('filename="영수증.pdf"'.encode("cp949"), "ks_c_5601-1987", "영수증.pdf"),
        ('filename="外箱.jpg"'.encode(), "gb2312", "外箱.jpg"),
        (
            b"filename*0*=utf-8''%E5%A4%96%E7; filename*1*=%AE%B1.jpg",
            "utf-8",
            "外箱.jpg",
        ),
        (b"filename*0=in; filename*1=voice; filename*2=.pdf", "utf-8", "invoice.pdf"),
        (b"filename*=utf-8''%CD%E2%CF%E4.jpg", "gb2312", "外箱.jpg"),
        (b"filename*=x-unknown''%E5%A4%96.jpg", "utf-8", "外.jpg"),
        (b"filename*=utf-8''Gr\xc3\xb6\xc3\x9fe.pdf", "utf-8", "Größe.pdf"),
        (b'filename="%E5%A4%96%E7%AE%B1.jpg"', "utf-8", "外箱.jpg"),
        (b'filename="100%.pdf"', "utf-8", "100%.pdf"),
        (b'filename="=?gb2312?B?zeLP5C5qcGc=?="', "utf-8", "外箱.jpg"),
    ],
)
def test_a_name_is_read_however_it_was_written(
    header: bytes, charset: str, name: str
) -> None:
    assert named(header, charset) == name


def test_a_text_of_no_charset_is_read_in_the_one_that_fits() -> None:
    body = base64.encodebytes("外箱破损,商品丢失,请赔偿。".encode("gb18030"))

    mail = read(
        """
        Content-Type: text/plain; charset=us-ascii
        Content-Transfer-Encoding: base64
        """,
        body,
    )

    assert mail.text == "外箱破损,商品丢失,请赔偿。"


# -- parts ----------------------------------------------------------------------------


def uuencoded(data: bytes, name: str) -> bytes:
    lines = (binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return f"begin 644 {name}\n".encode() + b"".join(lines) + b"`\nend\n"


def test_files_written_into_the_text_are_files() -> None:
    body = b"Hello,\n\n" + uuencoded(PDF, "invoice.pdf") + b"and\n"
    body += uuencoded(photo(), "box.jpg") + b"Lena\n"

    mail = read("Content-Type: text/plain", body)

    assert rows(mail) == [
        ("text!1", "invoice.pdf", FileKind.PDF),
        ("text!2", "box.jpg", FileKind.PICTURE),
    ]
    assert mail.text.split() == ["Hello,", "and", "Lena"]
    assert ORDER in mail.attachments[0].text


def test_a_sentence_that_begins_like_a_file_stays_text() -> None:
    mail = read("Content-Type: text/plain", b"begin 644 words\nand so on, you know.\n")

    assert not mail.attachments
    assert "and so on" in mail.text


def test_a_pdf_among_the_alternatives_is_a_file() -> None:
    body = (
        b"--B\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
        b"--B\r\nContent-Type: text/html\r\n\r\n<p>plain</p>\r\n"
        b"--B\r\nContent-Type: application/pdf\r\n\r\n" + PDF + b"\r\n--B--"
    )

    mail = read('Content-Type: multipart/alternative; boundary="B"', body)

    assert rows(mail) == [("3", "", FileKind.PDF)]
    assert mail.text == "plain"


def test_a_mac_file_is_its_content_and_its_settings_are_no_document() -> None:
    body = (
        b"--B\r\nContent-Type: multipart/appledouble; boundary=A\r\n\r\n"
        b"--A\r\nContent-Type: application/applefile; name=invoice.pdf\r\n\r\n"
        b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X\r\n"
        b"--A\r\nContent-Type: application/pdf; name=invoice.pdf\r\n\r\n"
        + PDF
        + b"\r\n--A--\r\n--B--"
    )

    mail = read('Content-Type: multipart/mixed; boundary="B"', body)

    settings, document = mail.attachments
    assert settings.note == "settings of a Mac file, no document"
    assert document.kind is FileKind.PDF


@pytest.mark.parametrize(
    ("media_type", "note"),
    [
        (
            "message/external-body; access-type=URL; URL=x",
            "only a link to a file, the file itself was not sent",
        ),
        (
            "message/partial; id=a; number=1; total=3",
            "one piece of a mail that was sent in several, not put together",
        ),
    ],
)
def test_a_part_whose_content_is_elsewhere_says_so(media_type: str, note: str) -> None:
    inner = b"Content-Type: application/pdf\r\n\r\n"

    found = the_file(inner, "", media_type=media_type, encoding="8bit")

    assert found.note == note


# -- mails and pages saved as files ---------------------------------------------------


def test_a_mail_saved_by_apple_mail_is_read() -> None:
    inner = order_mail(files=[a_file(PDF, "invoice.pdf")])
    data = str(len(inner)).encode() + b"\n" + inner + b'<?xml version="1.0"?><plist/>'

    mail = mime.parse(make_mail(files=[a_file(data, "1234.emlx")]))

    assert [a.path for a in mail.attachments] == ["2", "2/2"]
    assert mail.attachments[0].mail_subject == f"Your order {ORDER} has been placed"


BY_CHROME = (
    "From: <Saved by Blink>\nSnapshot-Content-Location: https://shop.example/\n"
    "Subject: Order\nDate: Wed, 4 Nov 2026 10:22:00 -0000\nMIME-Version: 1.0\n"
)


@pytest.mark.parametrize(
    "head",
    [
        BY_CHROME,
        'From: "Saved by Internet Explorer 11"\nSubject: Order\nMIME-Version: 1.0\n',
        "MIME-Version: 1.0\n",
    ],
)
def test_a_web_page_saved_as_one_file_is_read_as_a_page(head: str) -> None:
    page = (
        f'{head}Content-Type: multipart/related; boundary="B"\n\n'
        f"--B\nContent-Type: text/html\n\n<p>Order number</p><p>{ORDER}</p>\n"
        f"--B\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
        f"{base64.encodebytes(screenshot()).decode()}\n--B--\n"
    )

    mail = mime.parse(make_mail(files=[a_file(page.encode(), "order.mht")]))

    assert [a.kind for a in mail.attachments] == [FileKind.HTML]
    assert ORDER in mail.attachments[0].text


# -- office ---------------------------------------------------------------------------


def test_a_word_file_says_its_letterhead_and_its_tables() -> None:
    cells = "".join(
        f"<w:tc><w:p><w:t>{t}</w:t></w:p></w:tc>" for t in ("Cup", "$15.00")
    )
    data = zip_of(
        {
            "word/document2.xml": f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>".encode(),
            "word/footer1.xml": b"<w:p><w:t>Page 1</w:t></w:p>",
            "word/header1.xml": b"<w:p><w:t>Harbour Lane Store</w:t></w:p>",
        }
    )

    lines = [line for line in the_file(data, "a.docx").text.split("\n") if line.strip()]

    assert lines[0] == "Harbour Lane Store"
    assert "Cup" in lines[1]
    assert lines[-1] == "Page 1"


@pytest.mark.parametrize(
    ("member", "data", "text"),
    [("QuickLook/Preview.pdf", PDF, ORDER), ("preview.jpg", photo(), "")],
)
def test_a_pages_file_shows_its_preview(member: str, data: bytes, text: str) -> None:
    packed = zip_of({"Index/Document.iwa": b"x", member: data})

    found = the_file(packed, "invoice.pages")

    assert (found.media_type, found.kind) == (
        "application/vnd.apple.pages",
        FileKind.OFFICE,
    )
    assert text in found.text
    assert bool(found.picture) is not bool(text)


# -- archives -------------------------------------------------------------------------


def tar_of(files: Mapping[str, bytes], fmt: int = tarfile.GNU_FORMAT) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=fmt) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


LONG = "photos/" + "x" * 120 + "/外箱.jpg"


@pytest.mark.parametrize(
    "fmt", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=["GNU", "pax"]
)
def test_a_tar_is_followed_by_its_members(fmt: int) -> None:
    data = tar_of({LONG: photo(), "invoice.pdf": PDF, "./._invoice.pdf": b"x"}, fmt)

    mail = mime.parse(make_mail(files=[a_file(data, "files.tar")]))

    assert rows(mail)[:3] == [
        ("2", "files.tar", FileKind.ARCHIVE),
        (f"2!{LONG}", "外箱.jpg", FileKind.PICTURE),
        ("2!invoice.pdf", "invoice.pdf", FileKind.PDF),
    ]


@pytest.mark.parametrize(
    ("pack", "ending"),
    [(gzip.compress, "gz"), (bz2.compress, "bz2"), (lzma.compress, "xz")],
)
def test_a_packed_file_is_unpacked(pack: Callable[[bytes], bytes], ending: str) -> None:
    mail = mime.parse(make_mail(files=[a_file(pack(PDF), f"invoice.pdf.{ending}")]))

    assert rows(mail)[1] == ("2!invoice.pdf", "invoice.pdf", FileKind.PDF)
    assert ORDER in mail.attachments[1].text


def test_a_tar_in_gzip_is_opened() -> None:
    data = gzip.compress(tar_of({"invoice.pdf": PDF}))

    mail = mime.parse(make_mail(files=[a_file(data, "files.tgz")]))

    assert [a.path for a in mail.attachments] == [
        "2",
        "2!files.tar",
        "2!files.tar!invoice.pdf",
    ]


@pytest.mark.parametrize(
    ("data", "name", "trouble"),
    [
        pytest.param(
            gzip.compress(bytes(30_000_000)), "a.gz", Trouble.TOO_LARGE, id="gzip bomb"
        ),
        pytest.param(
            lzma.compress(bytes(30_000_000)), "a.xz", Trouble.TOO_LARGE, id="xz bomb"
        ),
        pytest.param(
            bz2.compress(bytes(30_000_000)), "a.bz2", Trouble.TOO_LARGE, id="bzip2 bomb"
        ),
        pytest.param(
            gzip.compress(PDF)[:-9], "a.gz", Trouble.UNREADABLE, id="cut gzip"
        ),
        pytest.param(
            tar_of({"a": b"x" * 600})[:800], "a.tar", Trouble.UNREADABLE, id="cut tar"
        ),
        pytest.param(
            tar_of({"a": b"x"}).replace(b"00000000001\0", b"\x80" + b"\xff" * 11, 1),
            "a.tar",
            Trouble.UNREADABLE,
            id="a size that no tar has",
        ),
    ],
)
def test_a_packed_file_that_is_not_safe_stays_closed(
    data: bytes, name: str, trouble: Trouble
) -> None:
    assert the_file(data, name).trouble is trouble


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"Rar!\x1a\x07\x00xx", "RAR archive, not opened; a zip would be"),
        (b"7z\xbc\xaf\x27\x1cxx", "7z archive, not opened; a zip would be"),
    ],
)
def test_an_archive_that_is_not_opened_says_which(data: bytes, note: str) -> None:
    assert the_file(data, "photos.zip").note == note


def test_names_in_a_zip_of_another_country_are_read() -> None:
    data = zip_of({"XXXX.jpg": photo()})
    data = data.replace(b"XXXX", "外箱".encode("gbk"))

    mail = mime.parse(make_mail(files=[a_file(data, "a.zip")]))

    assert mail.attachments[1].filename == "外箱.jpg"


# -- scans ----------------------------------------------------------------------------


def scan_of(picture: bytes, pages: int = 1) -> bytes:
    document = fpdf.FPDF()
    for _ in range(pages):
        document.add_page()
        document.image(io.BytesIO(picture), x=0, y=0, w=210, h=297)
    return bytes(document.output())


@pytest.mark.parametrize(
    ("picture", "looks_like"),
    [(screenshot(), Looks.SCAN), (photo(), Looks.PHOTOGRAPH)],
)
def test_a_scan_shows_what_its_first_page_looks_like(
    picture: bytes, looks_like: Looks
) -> None:
    found = the_file(scan_of(picture), "scan.pdf")

    assert (found.kind, found.text, found.trouble) == (FileKind.PDF, "", None)
    assert found.picture is not None
    assert found.picture.looks_like is looks_like


def test_pages_are_drawn_for_reading_them() -> None:
    images = list(pdf.page_images(scan_of(screenshot(), pages=5)))

    assert len(images) == pdf.DRAWN_PAGES
    seen = pictures.look(images[0])
    assert isinstance(seen, Picture)
    assert max(seen.width, seen.height) == pdf.DRAWN_SIDE


def test_a_page_of_any_size_is_drawn_small() -> None:
    huge = PDF.replace(
        b"/MediaBox [0 0 595.28 841.89]", b"/MediaBox [0 0 9e9 9e9]      "
    )

    for image in pdf.page_images(huge):
        assert len(image) < 3 * 2_000_000 * 3
