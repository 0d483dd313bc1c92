import hashlib

import pytest

from tests.builders_mail import (
    ORDER,
    File,
    a_file,
    an_attached_mail,
    docx,
    invoice_pdf,
    logo,
    make_claim_mail,
    make_mail,
    order_mail,
    photo,
    screenshot,
    zip_of,
)
from worker.adapters import attachments, mime
from worker.adapters.attachments import Blob
from worker.domain.mail import Attachment, FileKind, Mail, Trouble


def files_of(*files: File, html: str = "") -> list[Attachment]:
    raw = make_claim_mail(files=files, html=html)
    return list(mime.parse(raw).attachments)


def the_file(*files: File) -> Attachment:
    found = files_of(*files)
    assert len(found) == 1
    return found[0]


def rows(mail: Mail) -> list[tuple[str, FileKind, str | None]]:
    return [(a.path, a.kind, a.inside) for a in mail.attachments]


# -- what is found where --------------------------------------------------------------


def test_a_complete_claim_lists_its_four_files() -> None:
    mail = mime.parse(make_claim_mail())

    assert [(a.path, a.filename, a.kind) for a in mail.attachments] == [
        ("2", f"invoice_{ORDER}.pdf", FileKind.PDF),
        ("3", "", FileKind.MAIL),
        ("4", "outer packaging box.jpg", FileKind.PICTURE),
        ("5", "broken contents inside.jpg", FileKind.PICTURE),
    ]
    assert all(a.trouble is None and a.note == "" for a in mail.attachments)


def test_a2_every_encoding_gives_the_bytes_that_were_sent() -> None:
    pdf = invoice_pdf()
    sent = [
        a_file(pdf, "a.pdf"),
        a_file(pdf, "b.pdf", encoding="BASE64 "),
        a_file(pdf, "c.pdf", encoding="8bit"),
    ]

    digests = {a.sha256 for a in files_of(*sent)}

    assert digests == {hashlib.sha256(pdf).hexdigest()}


def test_base64_without_its_padding_is_read() -> None:
    text = "Order number ORD-20261104-0183."
    raw = make_mail(files=[a_file(text.encode(), "note.txt")]).replace(
        b"=\r\n", b"\r\n"
    )

    assert mime.parse(raw).attachments[0].text == text


def test_text_under_a_wrong_base64_label_is_read_as_it_is() -> None:
    text = b"Order number: ORD-20261104-0183, total: $512.50 (paid)."
    wrong = make_mail(files=[a_file(text, "note.txt", encoding="8bit")])
    raw = wrong.replace(b"Encoding: 8bit", b"Encoding: base64")

    assert mime.parse(raw).attachments[0].text == text.decode()


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_a3_an_attached_mail_is_read_with_its_own_files(encoding: str) -> None:
    inner = order_mail(files=[a_file(invoice_pdf(), "document")])

    mail = mime.parse(
        make_claim_mail(files=[an_attached_mail(inner, encoding=encoding)])
    )

    assert rows(mail) == [("2", FileKind.MAIL, None), ("2/2", FileKind.PDF, "2")]
    attached = mail.attachments[0]
    assert attached.mail_subject == f"Your order {ORDER} has been placed"
    assert attached.mail_from == "Harbour Lane Store <orders@harbourlane.example>"
    assert attached.mail_date == "Wed, 04 Nov 2026 10:22:00 +0000"
    assert "Member ID: M104233" in attached.text
    assert attached.sha256 == hashlib.sha256(inner).hexdigest()


@pytest.mark.parametrize(
    "file",
    [
        a_file(order_mail(), "order.eml", media_type="application/octet-stream"),
        a_file(order_mail(), "", media_type="text/plain"),
        a_file(order_mail(), "order.txt"),
        a_file(order_mail(), "order.eml", encoding="8bit"),
    ],
)
def test_a_mail_is_a_mail_under_any_label(file: File) -> None:
    assert the_file(file).kind is FileKind.MAIL


def test_mails_in_mails_are_read_to_a_depth() -> None:
    raw = order_mail()
    for _ in range(10):
        raw = make_mail(files=[an_attached_mail(raw)])

    mail = mime.parse(raw)

    assert [a.path for a in mail.attachments][:3] == ["2", "2/2", "2/2/2"]
    assert len(mail.attachments) == 7
    assert "not opened" in mail.attachments[-1].note


def test_a_digest_lists_its_mails() -> None:
    inner = order_mail().decode()
    raw = (
        'From: a@b.example\r\nContent-Type: multipart/digest; boundary="B"\r\n\r\n'
        f"--B\r\n\r\n{inner}\r\n--B\r\n\r\n{inner}\r\n--B--\r\n"
    ).encode()

    assert rows(mime.parse(raw)) == [
        ("1", FileKind.MAIL, None),
        ("2", FileKind.MAIL, None),
    ]


def test_nameless_parts_are_listed() -> None:
    """Known trap: mail-parser 4.8 loses them."""
    nameless = File(invoice_pdf(), "", "application/pdf", "")

    assert the_file(nameless).kind is FileKind.PDF


def test_a_mail_that_is_one_file_lists_it() -> None:
    raw = (
        b"From: a@b.example\r\nContent-Type: application/pdf\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n" + invoice_pdf()
    )

    mail = mime.parse(raw)

    assert rows(mail) == [("1", FileKind.PDF, None)]
    assert mail.text == ""


def test_a_named_text_is_a_file_and_the_first_text_is_the_body() -> None:
    note = a_file(b"a note", "note.txt", disposition="inline")

    found = the_file(note)

    assert (found.kind, found.text, found.is_inline) == (FileKind.TEXT, "a note", True)


# -- inline ---------------------------------------------------------------------------


def test_a_picture_that_the_html_shows_is_inline() -> None:
    shown = a_file(logo(), "image001.png", content_id="logo1")
    other = a_file(photo(), "box.jpg", content_id="box")

    found = files_of(shown, other, html='<p>hi <img src="cid:logo1"></p>')

    assert [(a.is_inline, a.content_id) for a in found] == [
        (True, "logo1"),
        (False, "box"),
    ]


def test_a5_an_inline_pdf_is_a_file_like_any_other() -> None:
    found = the_file(a_file(invoice_pdf(), "invoice.pdf", disposition="inline"))

    assert found.kind is FileKind.PDF
    assert found.is_inline
    assert ORDER in found.text


# -- type by content ------------------------------------------------------------------

LIES = [
    (a_file(invoice_pdf(), "document"), "application/pdf", FileKind.PDF),
    (a_file(b"\r\n \r\n" + invoice_pdf(), "x.bin"), "application/pdf", FileKind.PDF),
    (a_file(photo(fmt="HEIF"), "IMG_1.jpg"), "image/heic", FileKind.PICTURE),
    (a_file(photo(fmt="PNG"), "IMG_1.pdf"), "image/png", FileKind.PICTURE),
    (a_file(photo(fmt="WEBP"), "x"), "image/webp", FileKind.PICTURE),
    (a_file(zip_of({"a.txt": b"a"}), "x.pdf"), "application/zip", FileKind.ARCHIVE),
    (
        a_file(zip_of({"a.pdf": invoice_pdf()}), "x"),
        "application/zip",
        FileKind.ARCHIVE,
    ),
    (a_file(b"<html><body>hi</body></html>", "x.pdf"), "text/html", FileKind.HTML),
    (a_file(b"BEGIN:VCALENDAR\r\n", "x.txt"), "text/calendar", FileKind.CALENDAR),
    (a_file(b"just words", "x.pdf"), "text/plain", FileKind.TEXT),
    (a_file(b"a;b\n1;2\n", "x", media_type="text/csv"), "text/csv", FileKind.TEXT),
    (a_file(b"<svg xmlns=''/>", "x.png"), "image/svg+xml", FileKind.OTHER),
    (
        a_file(b"x\x9f>\x22" + b"\x00" * 9, "w.dat"),
        "application/ms-tnef",
        FileKind.ARCHIVE,
    ),
    (a_file(b"Rar!\x1a\x07\x00", "x.zip"), "application/vnd.rar", FileKind.ARCHIVE),
    (a_file(b"\x00\x01\x02\x03", "x.pdf"), "application/octet-stream", FileKind.OTHER),
]


@pytest.mark.parametrize(("file", "media_type", "kind"), LIES)
def test_a_file_is_what_its_content_is(
    file: File, media_type: str, kind: FileKind
) -> None:
    found = files_of(file)[0]

    assert (found.media_type, found.kind) == (media_type, kind)


def test_a8_heic_named_jpg_is_opened_as_heic() -> None:
    found = the_file(a_file(photo(fmt="HEIF"), "IMG_4412.jpg"))

    assert found.picture is not None
    assert (found.picture.width, found.picture.height) == (640, 480)


# -- what a file says -----------------------------------------------------------------


def test_a_pdf_says_its_text() -> None:
    text = the_file(a_file(invoice_pdf(), "invoice.pdf")).text

    assert f"Order number: {ORDER}" in text
    assert "Total paid" in text


def test_a7_a_locked_pdf_is_encrypted() -> None:
    found = the_file(a_file(invoice_pdf(locked=True), "invoice.pdf"))

    assert (found.trouble, found.text) == (Trouble.ENCRYPTED, "")
    assert "password" in found.note


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        pytest.param(invoice_pdf()[:200], Trouble.UNREADABLE, id="broken PDF"),
        pytest.param(photo()[:5000], Trouble.UNREADABLE, id="broken JPEG"),
        pytest.param(photo(fmt="HEIF")[:3000], Trouble.UNREADABLE, id="broken HEIC"),
        pytest.param(docx("words")[:-60], Trouble.UNREADABLE, id="broken zip"),
        pytest.param(b"", Trouble.TOO_SMALL, id="empty"),
        pytest.param(
            b"-----BEGIN PGP MESSAGE-----\n\nabc", Trouble.ENCRYPTED, id="PGP"
        ),
        pytest.param(
            bytes.fromhex("3080 0609 2a864886f70d010703 a080"),
            Trouble.ENCRYPTED,
            id="S/MIME",
        ),
    ],
)
def test_a_file_that_cannot_be_opened_says_why(data: bytes, trouble: Trouble) -> None:
    found = the_file(a_file(data, "file"))

    assert found.trouble is trouble
    assert found.note


def test_office_files_say_their_text() -> None:
    sheet = zip_of(
        {
            "xl/workbook.xml": b"<workbook/>",
            "xl/sharedStrings.xml": b"<si><t>Order</t></si><si><t>A&amp;B</t></si>",
            "xl/worksheets/sheet1.xml": b'<row><c t="s"><v>0</v></c><c><v>183</v></c>'
            b'</row><row><c t="s"><v>1</v></c><c t="inlineStr"><is><t>in</t></is></c>',
        }
    )

    found = files_of(a_file(docx("Order A", "B"), "a.docx"), a_file(sheet, "b.xlsx"))

    assert [a.kind for a in found] == [FileKind.OFFICE, FileKind.OFFICE]
    assert [a.text for a in found] == ["Order A\nB", "Order\t183\nA&B\tin"]


def test_entities_of_an_office_file_are_not_expanded() -> None:
    bomb = b"<!DOCTYPE x [<!ENTITY a 'boom'>]><w:p><w:t>&a;</w:t></w:p>"

    found = the_file(a_file(zip_of({"word/document.xml": bomb}), "a.docx"))

    assert found.text == "]>&a;" or "boom" not in found.text.partition("]>")[2]


def test_macros_are_noted() -> None:
    data = zip_of({"word/document.xml": b"<w:t>hi</w:t>", "word/vbaProject.bin": b"x"})

    assert "macros" in the_file(a_file(data, "a.docm")).note


def test_an_html_file_says_what_is_seen() -> None:
    page = b"<html><style>p{}</style><p>Order</p><p>ORD-1</p></html>"

    assert the_file(a_file(page, "order.html")).text == "Order\n\nORD-1"


def test_text_is_decoded_by_the_part_charset() -> None:
    note = a_file(
        "Größe".encode("cp850"), "n.txt", media_type="text/plain; charset=cp850"
    )

    assert the_file(note).text == "Größe"


# -- archives -------------------------------------------------------------------------


def test_a_zip_is_followed_by_its_members() -> None:
    data = zip_of({"photos/box.jpg": photo(), "invoice.pdf": invoice_pdf()})

    mail = mime.parse(make_claim_mail(files=[a_file(data, "evidence.zip")]))

    assert rows(mail) == [
        ("2", FileKind.ARCHIVE, None),
        ("2!photos/box.jpg", FileKind.PICTURE, "2"),
        ("2!invoice.pdf", FileKind.PDF, "2"),
    ]
    assert [a.filename for a in mail.attachments][1:] == ["box.jpg", "invoice.pdf"]


def test_a_mail_in_a_zip_is_read_with_its_files() -> None:
    inner = order_mail(files=[a_file(invoice_pdf(), "invoice.pdf")])

    mail = mime.parse(make_mail(files=[a_file(zip_of({"order.eml": inner}), "a.zip")]))

    assert [a.path for a in mail.attachments] == [
        "2",
        "2!order.eml",
        "2!order.eml/2",
    ]


def test_a_locked_zip_is_encrypted() -> None:
    data = zip_of({"invoice.pdf": invoice_pdf()}, locked=True)

    assert the_file(a_file(data, "a.zip")).trouble is Trouble.ENCRYPTED


def test_archives_are_opened_two_deep() -> None:
    data = zip_of({"a.txt": b"words"})
    for name in ("b.zip", "c.zip"):
        data = zip_of({name: data})

    found = files_of(a_file(data, "d.zip"))

    assert [a.path for a in found] == ["2", "2!c.zip", "2!c.zip!b.zip"]
    assert "not opened" in found[-1].note


def test_clutter_and_folders_in_a_zip_are_left_out() -> None:
    data = zip_of(
        {"a/": b"", "__MACOSX/._a": b"x", "a/.DS_Store": b"x", "a/b.txt": b"b"}
    )

    assert [a.path for a in files_of(a_file(data, "a.zip"))] == ["2", "2!a/b.txt"]


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        pytest.param(zip_of({"a": b"\0" * 30_000_000}), Trouble.TOO_LARGE, id="ratio"),
        pytest.param(
            zip_of({f"{n}": b"x" for n in range(1001)}), Trouble.TOO_LARGE, id="count"
        ),
        pytest.param(
            zip_of({f"{n}": b"x" for n in range(9000)}),
            Trouble.TOO_LARGE,
            id="a long directory",
        ),
        pytest.param(zip_of({"a": b"x"})[:-30], Trouble.UNREADABLE, id="cut"),
    ],
)
@pytest.mark.slow
def test_a_zip_that_is_not_safe_stays_closed(data: bytes, trouble: Trouble) -> None:
    found = the_file(a_file(data, "a.zip"))

    assert found.trouble is trouble
    assert found.note


def test_a_damaged_member_does_not_hide_the_others() -> None:
    data = bytearray(zip_of({"a.jpg": photo(1), "b.txt": b"words"}))
    data[2000:2100] = b"\x00" * 100

    found = files_of(a_file(bytes(data), "a.zip"))

    assert [a.trouble for a in found] == [None, Trouble.UNREADABLE, None]
    assert found[2].text == "words"


# -- limits ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a9_a_file_over_25_mb_is_hashed_and_said_to_be_too_large() -> None:
    data = b"%PDF-1.4\n" + b"x" * (25 * 1024 * 1024)

    found = the_file(a_file(data, "big.pdf"))

    assert found.trouble is Trouble.TOO_LARGE
    assert found.kind is FileKind.PDF
    assert found.size_bytes == len(data)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert "25 MB" in found.note


def test_more_than_500_files_are_cut_and_said_to_be() -> None:
    data = zip_of({f"{n}.txt": b"words" for n in range(600)})

    mail = mime.parse(make_mail(files=[a_file(data, "a.zip")]))

    assert len(mail.attachments) == 500
    assert "attachments_cut" in mail.defects


def test_after_150_files_pictures_are_measured_and_others_stay_closed() -> None:
    files = [a_file(b"words", f"{n}.txt") for n in range(150)]

    found = files_of(*files, a_file(photo(), "p.jpg"), a_file(invoice_pdf(), "i.pdf"))

    assert found[149].text == "words"
    assert found[150].picture is not None
    assert found[150].picture.phash is None
    assert found[151].text == ""
    assert "too many files" in found[151].note


# -- names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\lena\\invoice.pdf", "invoice.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\nc.pdf", "ab c.pdf"),
        ("dots...", "dots"),
        ("..", ""),
        ("", ""),
        ("x" * 200 + ".pdf", "x" * 146 + ".pdf"),
        ("x" * 200, "x" * 150),
    ],
)
def test_names_are_fit_to_be_shown(name: str, shown: str) -> None:
    assert attachments.display_name(name) == shown


@pytest.mark.parametrize(
    "header",
    [
        'attachment; filename="=?utf-8?q?Rechnung_M=C3=BCller=2Epdf?="',
        "attachment; filename*=utf-8''Rechnung%20M%C3%BCller.pdf",
        "attachment; filename*0*=utf-8''Rechnung%20; filename*1*=M%C3%BCller.pdf",
        'attachment; filename="Rechnung Müller.pdf"',
    ],
)
def test_names_are_decoded_in_every_way_they_are_written(header: str) -> None:
    raw = make_mail(files=[a_file(invoice_pdf(), "name.pdf")]).replace(
        b'attachment; filename="name.pdf"', header.encode()
    )

    assert mime.parse(raw).attachments[0].filename == "Rechnung Müller.pdf"


def test_a_screenshot_and_a_logo_are_told_apart() -> None:
    found = files_of(a_file(screenshot(), "order.png"), a_file(logo(), "logo.png"))

    assert [a.picture.looks_like for a in found if a.picture] == [
        "screenshot",
        "graphic",
    ]


# -- collecting -----------------------------------------------------------------------


def test_a_single_chunk_is_not_copied() -> None:
    view = memoryview(b"content")

    blob = attachments.collect([view], open_limit=100)

    assert blob.data is view


@pytest.mark.parametrize("limit", [6, 7], ids=["one too many", "exactly"])
def test_content_up_to_the_limit_is_whole(limit: int) -> None:
    blob = attachments.collect([b"con", b"tent"], open_limit=limit)

    digest = hashlib.sha256(b"content").hexdigest()
    assert blob == Blob(b"con" if limit == 6 else b"content", 7, digest, limit == 7)
