"""Mails as members, shops and machines write them, by the standard library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from worker.demo import papers
from worker.demo.accounts import CLAIMS_ADDRESS
from worker.demo.cast import SHOP, SHOP_ADDRESS, Customer

TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "heic": "image/heic",
    "png": "image/png",
    "zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class File:
    """An attachment; its type follows from its name, `.eml` is an attached mail."""

    name: str
    data: bytes


def letter(  # noqa: PLR0913 - what a mail consists of
    *,
    sender: str,
    subject: str,
    text: str,
    sent_at: datetime,
    message_id: str,
    to: str = CLAIMS_ADDRESS,
    files: Sequence[File] = (),
    headers: Mapping[str, str] | None = None,
    html: str = "",
    inline: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return a mail, as it leaves the sender's mail program.

    Args:
        sender: the From header.
        subject: in any alphabet.
        text: what the person wrote.
        sent_at: the Date header.
        message_id: with its brackets.
        to: the To header.
        files: the attachments.
        headers: more headers.
        html: the same as HTML.
        inline: pictures of the HTML by content id.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(sent_at)
    mail["Message-ID"] = message_id
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
        page = mail.get_body(("html",))
        for content_id, data in (inline or {}).items():
            if isinstance(page, EmailMessage):
                page.add_related(data, "image", "png", cid=f"<{content_id}>")
    for file in files:
        _attach(mail, file)
    return mail.as_bytes()


def message_id(key: str, domain: str, at: datetime) -> str:
    """Return a Message-ID; one key and instant have one."""
    return f"<{key}.{at:%Y%m%d%H%M%S}@{domain}>"


def delivery_report(message_id: str, *, lost: str, sent_at: datetime) -> bytes:
    """Return a report that a mail of ours to `lost` came back. Source: RFC 3464."""
    host = lost.rpartition("@")[2]
    text = f"""\
From: Mail Delivery System <MAILER-DAEMON@{host}>
To: {CLAIMS_ADDRESS}
Subject: Undelivered Mail Returned to Sender
Message-ID: {message_id}
Date: {format_datetime(sent_at)}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="report"

--report
Content-Type: text/plain

I could not deliver your message.

--report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.{host}

Final-Recipient: rfc822; {lost}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--report
Content-Type: text/rfc822-headers

From: {CLAIMS_ADDRESS}
To: {lost}
Subject: Your claim

--report--
"""
    return text.encode("ascii")


# -- what a claim needs -------------------------------------------------------------


def invoice(one: Customer, *, is_locked: bool = False) -> File:
    """Return the shop's invoice, D1."""
    data = papers.pdf(
        [f"{SHOP} - Invoice", *_order_lines(one)],
        is_locked=is_locked,
    )
    return File(f"invoice_{one.order_number}.pdf", data)


def order_mail(one: Customer) -> File:
    """Return the shop's notification, D2, as an attached mail."""
    raw = letter(
        sender=f"{SHOP} <{SHOP_ADDRESS}>",
        to=one.address,
        subject=notice_subject(one),
        text=(
            f"Thank you for your order.\n\nOrder number: {one.order_number}\n"
            f"Member ID: {one.member_id}\n\nWe will write again when the parcel"
            " leaves our warehouse.\n"
        ),
        sent_at=one.placed_at,
        message_id=message_id("order", "harbourlane.example", one.placed_at),
    )
    return File("order confirmation.eml", raw)


def photos(one: Customer) -> tuple[File, File]:
    """Return the photographs, D3 and D4."""
    seed = int(one.number)
    return (
        File("outer packaging.jpg", papers.box_photo(seed)),
        File("broken contents.jpg", papers.goods_photo(seed)),
    )


def everything(one: Customer) -> tuple[File, ...]:
    """Return all four documents."""
    return (invoice(one), order_mail(one), *photos(one))


def notice_subject(one: Customer) -> str:
    """Return the subject of the shop's notification."""
    return f"Your order {one.order_number} has been placed"


def notice_with_prices(one: Customer) -> str:
    """Return the text of a notification that lists goods and prices: D1 and D2."""
    lines = "\n".join(_order_lines(one))
    return f"Thank you for your order.\n\n{lines}\n"


def _order_lines(one: Customer) -> list[str]:
    total = one.price + Decimal(one.shipping)
    return [
        f"Order number: {one.order_number}",
        *(f"{name}   ${price}" for name, price in one.items),
        f"Shipping   ${one.shipping}",
        f"Total paid   ${total:.2f}",
    ]


def _attach(mail: EmailMessage, file: File) -> None:
    ending = file.name.rpartition(".")[2]
    if ending == "eml":
        inner = message_from_bytes(file.data, policy=SMTP)
        mail.add_attachment(inner, filename=file.name)
        return
    kind, _, subtype = TYPES[ending].partition("/")
    mail.add_attachment(file.data, kind, subtype, filename=file.name)
