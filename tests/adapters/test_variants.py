"""Variants of scenarios: everything is exchanged, everywhere alike."""

import email
import email.policy
import io
import json
import re
import zipfile
from email.message import EmailMessage

from bench.variant import mails
from bench.variant.exchange import Exchange
from tests.builders_mail import (
    MEMBER,
    ORDER,
    a_file,
    claim_files,
    invoice_pdf,
    make_claim_mail,
    with_forward,
    zip_of,
)
from worker.adapters import pdf
from worker.adapters.pdf import PdfText

ORDERS = (
    "order_number,member_id,member_name,member_email,tracking_number,"
    "delivered_at,shipping_fee_usd\n"
    f"{ORDER},{MEMBER},Lena Hoffmann,lena.hoffmann@mail.example,TRK0183,"
    "2026-11-18T14:30:00+00:00,62.50\n"
)
OLD = (ORDER, MEMBER, "Lena", "Hoffmann", "mail.example", "Harbour", "Nov 2026")
ANY_OLD = re.compile(rf"\b(?:{'|'.join(map(re.escape, OLD))})\b", re.IGNORECASE)


def exchanged(seed: int, raw: bytes) -> tuple[EmailMessage, Exchange]:
    exchange = Exchange(seed, ORDERS)
    for words in mails.texts(raw):
        exchange.learn(words)
    made = mails.rewritten(raw, exchange)
    return email.message_from_bytes(
        made, EmailMessage, policy=email.policy.default
    ), exchange


def said(mail: EmailMessage) -> str:
    """Everything that a mail says: headers, texts, file names, the text of PDFs."""
    words = []
    for part in mail.walk():
        words += [f"{name}: {value}" for name, value in part.items()]
        if part.get_content_maintype() == "text":
            words.append(part.get_content())
        elif part.get_content_type() == "application/pdf":
            found = pdf.read(part.get_content())
            assert isinstance(found, PdfText)
            words.append(found.text)
    return "\n".join(words)


def test_nothing_that_was_known_is_left() -> None:
    raw = make_claim_mail(text=with_forward("gmail"), files=claim_files())

    for seed in range(4):
        mail, _ = exchanged(seed, raw)
        assert ANY_OLD.findall(said(mail)) == []


def test_the_directory_the_mail_and_its_files_are_exchanged_alike() -> None:
    mail, exchange = exchanged(5, make_claim_mail())

    number, member = exchange.csv(ORDERS).splitlines()[1].split(",")[:2]
    assert mail["Subject"] == f"{member}+{number}+Claim"
    assert said(mail).count(number) >= 4  # subject, invoice, its name, the order mail
    assert json.loads(exchange.expectation(f'["{ORDER}"]')) == [number]


def test_the_same_mail_twice_stays_the_same_mail_twice() -> None:
    exchange = Exchange(3, ORDERS)
    raw = make_claim_mail()

    assert mails.rewritten(raw, exchange) == mails.rewritten(raw, exchange)


def test_files_in_a_zip_get_other_names_and_contents() -> None:
    held = zip_of({"photos/outer packaging.jpg": b"x", "invoice.pdf": invoice_pdf()})
    mail, _ = exchanged(2, make_claim_mail(files=[a_file(held, "evidence.zip")]))

    (file,) = mail.iter_attachments()
    with zipfile.ZipFile(io.BytesIO(file.get_content())) as archive:
        photo, invoice = archive.namelist()
        found = pdf.read(archive.read(invoice))
    assert (photo.rpartition(".")[2], invoice.rpartition(".")[2]) == ("jpg", "pdf")
    assert not {"packaging", "photos", "invoice"} & set(f"{photo} {invoice}".split())
    assert isinstance(found, PdfText)
    assert ORDER not in found.text


def test_a_locked_file_stays_as_it_is() -> None:
    locked = invoice_pdf(locked=True)

    assert mails.rewritten_file(locked, Exchange(1, ORDERS)) == locked


def test_amounts_and_days_move_together() -> None:
    exchange = Exchange(4, ORDERS)
    row = exchange.csv(ORDERS).splitlines()[1].split(",")
    moved = exchange.expectation(
        '{"respond_by": "2026-11-18T14:30:00+00:00", "proposed_usd": "62.50"}'
    )

    assert json.loads(moved) == {"respond_by": row[5], "proposed_usd": row[6]}
    assert row[6] != "62.50"
