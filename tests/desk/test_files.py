"""The files of a claim: saved as they came, shown only as pictures of our own."""

import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.builders_mail import (
    ORDER,
    a_file,
    claim_files,
    invoice_pdf,
    make_claim_mail,
    photo,
    zip_of,
)
from tests.desk.claim_offices import Opened, a_claims_office, a_follow_up
from tests.desk.visitors import signed_in
from tests.office import Office
from worker.adapters.reading.marks import Wanted, find
from worker.desk.claim_files import file_key, stretches
from worker.desk.claim_zip import safe_name
from worker.domain.staff import StaffRole

JPEG = b"\xff\xd8\xff"
HOSTILE = '..\\..\\a"\r\nSet-Cookie: x=1;<b>.html'


def at(mail_id: int, path: str) -> str:
    return f"/claims/1/files/{mail_id}/{file_key(path)}"


def path_of(office: Office, name: str, mail_id: int = 1) -> str:
    """Where the file of some name lies in a mail."""
    mail = office.store.mails.get(mail_id).mail
    assert mail is not None
    return next(one.path for one in mail.attachments if name in one.filename)


def test_pictures_and_pages_are_shown_as_jpegs_of_ours(
    tmp_path: Path, opened: Opened
) -> None:
    files = [*claim_files(), a_file(photo(3, fmt="HEIF"), "phone.heic")]

    with (
        a_claims_office(
            tmp_path, make_claim_mail(files=files), opened=opened
        ) as office,
        signed_in(office, StaffRole.VIEWER) as visitor,
    ):
        page = visitor.get("/claims/1").text
        shown = {
            name: visitor.get(f"{at(1, path_of(office, name))}/picture?side={side}")
            for name, side in (
                ("invoice", "large"),
                ("box", "small"),
                ("phone", "small"),
            )
        }

    assert page.count("/picture") == 5  # the phone's picture speaks for D3 and D4
    for answer in shown.values():
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-security-policy"].startswith(
            "default-src 'none'"
        )
        assert answer.content.startswith(JPEG)
    with Image.open(io.BytesIO(shown["box"].content)) as small:
        assert max(small.size) == 240
        assert not small.getexif()
    with Image.open(io.BytesIO(shown["invoice"].content)) as large:
        assert max(large.size) == 1400


def test_a_file_is_saved_as_it_came(tmp_path: Path, opened: Opened) -> None:
    with (
        a_claims_office(tmp_path, opened=opened) as office,
        signed_in(office) as visitor,
    ):
        saved = visitor.get(at(1, path_of(office, "invoice")))

    assert saved.content == invoice_pdf()
    assert saved.headers["content-type"] == "application/pdf"
    assert saved.headers["content-disposition"].startswith("attachment;")
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in saved.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<html><script>hit=1</script></html>", "page.html"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="hit=1"/>', "x.svg"),
        (b"MZ\x90\x00 a program", "invoice.pdf"),
    ],
)
def test_what_could_run_is_handed_over_as_mere_bytes(
    tmp_path: Path, opened: Opened, data: bytes, name: str
) -> None:
    raw = make_claim_mail(files=[a_file(data, name)])

    with (
        a_claims_office(tmp_path, raw, opened=opened) as office,
        signed_in(office) as visitor,
    ):
        saved = visitor.get(at(1, path_of(office, name)))
        picture = visitor.get(f"{at(1, path_of(office, name))}/picture")

    assert saved.content == data
    assert saved.headers["content-type"] == "application/octet-stream"
    assert picture.status_code == 404


def test_a_name_cannot_write_headers(tmp_path: Path, opened: Opened) -> None:
    raw = make_claim_mail(files=[a_file(invoice_pdf(), HOSTILE)])

    with (
        a_claims_office(tmp_path, raw, opened=opened) as office,
        signed_in(office) as visitor,
    ):
        mail = office.store.mails.get(1).mail
        assert mail is not None
        saved = visitor.get(at(1, mail.attachments[0].path))

    disposition = saved.headers["content-disposition"]
    assert "set-cookie" not in saved.headers
    assert re.fullmatch(
        r"attachment; filename=\"[A-Za-z0-9._ ()+-]+\"; filename\*=UTF-8''[\w.%~-]+",
        disposition,
    )


def test_what_decided_is_marked_on_the_page_of_a_pdf(
    tmp_path: Path, opened: Opened
) -> None:
    with (
        a_claims_office(tmp_path, opened=opened) as office,
        signed_in(office) as visitor,
    ):
        view = visitor.get(f"{at(1, path_of(office, 'invoice'))}/view").text

    hits = re.findall(r'<rect class="hit"[^>]*y="([\d.]+)"[^>]*><title>([^<]+)', view)
    assert [label for _, label in hits] == ["order number", "total"]
    assert float(hits[0][0]) < float(hits[1][0]) < 120  # both in the first lines
    assert f'<mark title="order number">{ORDER}</mark>' in view
    assert '<mark title="total">450.00</mark>' in view


def test_an_attached_mail_is_shown_as_text_and_saved_whole(
    tmp_path: Path, opened: Opened
) -> None:
    with (
        a_claims_office(tmp_path, opened=opened) as office,
        signed_in(office) as visitor,
    ):
        view = visitor.get(f"{at(1, '3')}/view").text
        saved = visitor.get(at(1, "3"))

    assert f'<mark title="order number">{ORDER}</mark>' in view
    assert "Thank you for your order." in view
    assert saved.content.startswith(b"From: Harbour Lane Store")
    assert saved.headers["content-type"] == "message/rfc822"


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path, opened: Opened) -> None:
    files = [a_file(invoice_pdf(locked=True), "locked.pdf")]

    with (
        a_claims_office(
            tmp_path, make_claim_mail(files=files), opened=opened
        ) as office,
        signed_in(office) as visitor,
    ):
        page = visitor.get("/claims/1").text
        view = visitor.get(f"{at(1, path_of(office, 'locked'))}/view").text
        picture = visitor.get(f"{at(1, path_of(office, 'locked'))}/picture")

    assert "not counted: encrypted" in page
    assert "PDF locked with a password" in view
    assert picture.status_code == 404


def test_a_broken_picture_costs_nothing_but_itself(
    tmp_path: Path, opened: Opened
) -> None:
    files = [a_file(photo(1)[:2000], "half.jpg"), *claim_files()]

    with (
        a_claims_office(
            tmp_path, make_claim_mail(files=files), opened=opened
        ) as office,
        signed_in(office) as visitor,
    ):
        broken = visitor.get(f"{at(1, path_of(office, 'half'))}/picture")
        whole = visitor.get(f"{at(1, path_of(office, 'box'))}/picture")

    assert broken.status_code == 404
    assert whole.status_code == 200


def test_files_are_only_there_for_their_claim(tmp_path: Path, opened: Opened) -> None:
    stranger = make_claim_mail(subject="hi", sender="x@elsewhere.example")

    with (
        a_claims_office(tmp_path, make_claim_mail(), stranger, opened=opened) as office,
        signed_in(office) as visitor,
    ):
        answers = [
            visitor.get(f"{path}{end}").status_code
            for path in (at(2, "2"), at(1, "nowhere"), at(9, "2"))
            for end in ("", "/picture", "/view")
        ]

    assert answers == [404] * 9


def test_all_documents_come_in_one_zip_with_a_list(
    tmp_path: Path, opened: Opened
) -> None:
    later = a_follow_up(2, files=[a_file(zip_of({"../../evil.txt": b"hi"}), "all.zip")])

    with (
        a_claims_office(tmp_path, make_claim_mail(), later, opened=opened) as office,
        signed_in(office, StaffRole.VIEWER) as visitor,
    ):
        answer = visitor.get("/claims/1/documents.zip")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        manifest = packed.read("CLM-000001/manifest.txt").decode()
        invoice = packed.read(f"CLM-000001/D1/mail-1 invoice_{ORDER}.pdf")
    assert invoice == invoice_pdf()
    assert hashlib.sha256(invoice).hexdigest() in manifest
    assert "D1 Proof of purchase: There." in manifest
    assert "D3: counts" in manifest
    assert "by mei" in manifest
    assert all(
        re.fullmatch(r"CLM-000001/[^/\\]+(/mail-\d+ [^/\\]+)?", n) for n in names
    )
    assert not [name for name in names if ".." in name]
    assert (
        answer.headers["content-disposition"]
        == 'attachment; filename="CLM-000001-documents.zip"'
    )


def test_two_files_of_one_name_are_both_in_the_zip(
    tmp_path: Path, opened: Opened
) -> None:
    files = [a_file(photo(1), "box.jpg"), a_file(photo(2), "BOX.jpg")]

    with (
        a_claims_office(
            tmp_path, make_claim_mail(files=files), opened=opened
        ) as office,
        signed_in(office) as visitor,
    ):
        answer = visitor.get("/claims/1/documents.zip")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        boxes = [name for name in packed.namelist() if "box" in name.lower()]
    assert len({name.lower() for name in boxes}) == 2


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\Windows\\x.pdf", "C_Windows_x.pdf"),
        ("a\r\nb\0.pdf", "a_b_.pdf"),
        ("收据.pdf", "收据.pdf"),
        ("...", "file"),
        ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
    ],
)
def test_names_in_the_zip_are_no_more_than_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("No. ord 2026 1104-0183.", Wanted("order", ORDER), "ord 2026 1104-0183"),
        ("ORD-20261104-01834", Wanted("order", ORDER), None),
        ("Total 1.234,50 EUR", Wanted("t", "1234.50", is_amount=True), "1.234,50"),
        ("Total 1,234.50", Wanted("t", "1234.50", is_amount=True), "1,234.50"),
        ("Total 450", Wanted("t", "450.00", is_amount=True), "450"),
        ("Total 450.75", Wanted("t", "450.00", is_amount=True), None),
        ("Room 45", Wanted("t", "45.00", is_amount=True), None),
        ("on page 1", Wanted("package", "1"), None),
    ],
)
def test_ids_and_amounts_are_found_however_they_are_written(
    text: str, wanted: Wanted, found: str | None
) -> None:
    marks = find(text, [wanted])

    assert [text[m.start : m.end] for m in marks] == ([found] if found else [])


def test_a_text_is_whole_between_its_marks() -> None:
    text = f"a {ORDER} b 450.00 c"
    wanted = [Wanted("o", ORDER), Wanted("t", "450.00", is_amount=True)]

    parts = stretches(text, wanted)

    assert "".join(part.text for part in parts) == text
    assert [part.label for part in parts] == ["", "o", "", "t", ""]
