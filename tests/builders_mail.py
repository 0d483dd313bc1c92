"""Mails and files as members send them, built fresh and the same every time.

Defaults are valid and complete; a test names only what it is about:

    raw = make_claim_mail(files=[a_file(invoice_pdf(locked=True), "invoice.pdf")])

Everything here is bytes or text of our own making; nothing is read from disk.
"""

import base64
import io
import random
import textwrap
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache

import fpdf
import pillow_heif
from PIL import Image, ImageDraw

MEMBER = "M104233"
ORDER = "ORD-20261104-0183"
SENDER = "Lena Hoffmann <lena.hoffmann@mail.example>"
CLAIMS = "claims@logistics.example"
SHOP = "Harbour Lane Store <orders@harbourlane.example>"
OUR_MX = "mx.logistics.example"
SENT_AT = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
ORDERED_AT = datetime(2026, 11, 4, 10, 22, tzinfo=UTC)
ITEMS = (("Blue running shoes", "135.00"), ("Ceramic tea set", "315.00"))
WORDS = "Hello,\n\nmy parcel arrived today and the tea set inside is broken.\n\nLena"

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class File:
    """One part of a mail. An empty name or disposition leaves that out."""

    data: bytes
    filename: str = ""
    media_type: str = "application/octet-stream"
    disposition: str = "attachment"
    content_id: str = ""
    encoding: str = "base64"


# -- files ------------------------------------------------------------------------


@cache
def invoice_pdf(
    order: str = ORDER,
    *,
    items: Sequence[tuple[str, str]] = ITEMS,
    locked: bool = False,
    title: str = "Harbour Lane Store - Invoice",
) -> bytes:
    """An invoice with order number, lines and prices; `locked` needs a password."""
    pdf = fpdf.FPDF()
    pdf.set_creation_date(ORDERED_AT)
    if locked:
        pdf.set_encryption(owner_password="owner", user_password="secret")
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    lines = [title, f"Order number: {order}", *(f"{n}   ${p}" for n, p in items)]
    for line in (*lines, f"Total paid   ${total(items)}"):
        pdf.cell(text=line, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def total(items: Sequence[tuple[str, str]]) -> str:
    """The sum of the prices, as an invoice writes it."""
    cents = sum(round(float(price) * 100) for _, price in items)
    return f"{cents // 100}.{cents % 100:02}"


@cache
def photo(
    seed: int = 1,
    *,
    size: tuple[int, int] = (640, 480),
    fmt: str = "JPEG",
    taken_at: str | None = "2026:11:18 16:02:11",
) -> bytes:
    """A picture that looks like one taken: smooth colours, edges and a camera's date.

    Another seed gives another picture. `fmt` may be JPEG, HEIF, PNG or WEBP.
    """
    chance = random.Random(seed)  # noqa: S311 - the same picture every time
    coarse = Image.new("RGB", (16, 12))
    coarse.putdata([_colour(chance) for _ in range(16 * 12)])
    image = coarse.resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        corners = [
            (chance.randrange(size[0]), chance.randrange(size[1])) for _ in "abc"
        ]
        draw.polygon(corners, fill=_colour(chance))
    exif = Image.Exif()
    if taken_at is not None:
        exif[0x010F] = "Acme"
        exif[0x8769] = {0x9003: taken_at}
    return _saved(image, fmt, exif=exif)


def logo(*, size: tuple[int, int] = (120, 40)) -> bytes:
    """A signature logo, as PNG."""
    image = Image.new("RGB", size, (20, 60, 140))
    ImageDraw.Draw(image).text((8, size[1] // 3), "ACME GmbH", fill="white")
    return _saved(image, "PNG")


def screenshot(lines: Sequence[str] = ("Order placed", ORDER)) -> bytes:
    """A picture of a page with some words on it, as PNG."""
    image = Image.new("RGB", (800, 600), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((40, 40 + 24 * number), line, fill="black")
    return _saved(image, "PNG")


def zip_of(files: Mapping[str, bytes], *, locked: bool = False) -> bytes:
    """A zip of some files; `locked` marks them as encrypted."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 18, 16, 2, 10)), data)
    packed = bytearray(held.getvalue())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = packed.find(magic) if locked else -1
        while at >= 0:
            packed[at + offset] |= 1
            at = packed.find(magic, at + 4)
    return bytes(packed)


def docx(*paragraphs: str) -> bytes:
    """A Word file with some paragraphs."""
    body = "".join(f"<w:p><w:r><w:t>{p}</w:t></w:r></w:p>" for p in paragraphs)
    return zip_of(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": f"<w:document>{body}</w:document>".encode(),
        }
    )


# -- mails ------------------------------------------------------------------------


def a_file(data: bytes, filename: str = "", **fields: str) -> File:
    """A file as an attachment; its label is what the name suggests."""
    media_type = _TYPES.get(filename.rpartition(".")[2].lower(), File.media_type)
    return File(data, filename, **{"media_type": media_type, **fields})


def an_attached_mail(raw: bytes, filename: str = "", *, encoding: str = "8bit") -> File:
    """A mail attached as message/rfc822, as it is or in base64."""
    return File(raw, filename, "message/rfc822", encoding=encoding)


def claim_files(order: str = ORDER) -> list[File]:
    """All four documents: invoice, order mail, packaging and contents photographs."""
    return [
        a_file(invoice_pdf(order), f"invoice_{order}.pdf"),
        an_attached_mail(order_mail(order)),
        a_file(photo(1), "outer packaging box.jpg"),
        a_file(photo(2), "broken contents inside.jpg"),
    ]


def order_mail(
    order: str = ORDER, *, member: str = MEMBER, files: Sequence[File] = ()
) -> bytes:
    """The shop's order notification, as the member got it."""
    return make_mail(
        sender=SHOP,
        to="lena.hoffmann@mail.example",
        subject=f"Your order {order} has been placed",
        text=f"Thank you for your order.\n\nOrder number: {order}\nMember ID: {member}",
        files=files,
        sent_at=ORDERED_AT,
        message_id=f"<order-{order.lower()}@harbourlane.example>",
    )


def make_claim_mail(
    *,
    member: str = MEMBER,
    order: str = ORDER,
    subject: str | None = None,
    sender: str = SENDER,
    text: str = WORDS,
    html: str = "",
    files: Sequence[File] | None = None,
    received_at: datetime = SENT_AT,
    headers: Sequence[tuple[str, str]] = (),
    authentication: str | None = "dmarc=pass header.from={domain}",
) -> bytes:
    """A claim as our MX delivered it: complete, authenticated, in the strict form.

    Args:
        member: the member id.
        order: the order number, also of the default files.
        subject: instead of `member+order+Claim`.
        sender: the From header.
        text: what the person wrote.
        html: the same as HTML, where the mail has an alternative.
        files: instead of all four documents.
        received_at: when our MX took it.
        headers: more headers, below those of our MX.
        authentication: what our MX found; None leaves its header out.
    """
    domain = sender.rpartition("@")[2].strip("> ")
    found = (authentication or "").format(domain=domain)
    results = [("Authentication-Results", f"{OUR_MX}; {found}")]
    return make_mail(
        sender=sender,
        subject=f"{member}+{order}+Claim" if subject is None else subject,
        text=text,
        html=html,
        files=claim_files(order) if files is None else files,
        sent_at=received_at,
        headers=[
            ("Received", _received(domain, received_at)),
            *(results if authentication is not None else ()),
            *headers,
        ],
    )


def make_mail(
    *,
    sender: str = SENDER,
    to: str = CLAIMS,
    subject: str = "hello",
    text: str = WORDS,
    html: str = "",
    files: Sequence[File] = (),
    sent_at: datetime = SENT_AT,
    message_id: str = "<one@mail.example>",
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Any mail, with CRLF line ends; `headers` come first."""
    body = _body(text, html)
    top = [
        *headers,
        ("From", sender),
        ("To", to),
        ("Subject", subject),
        ("Date", format_datetime(sent_at)),
        ("Message-ID", message_id),
        ("MIME-Version", "1.0"),
    ]
    if not files:
        return _with_headers(top, body)
    return _with_headers(top, _multipart("mixed", [body, *map(_part, files)]))


def auto_reply(subject: str = f"Automatic reply: {MEMBER}+{ORDER}+Claim") -> bytes:
    """An out-of-office answer. Source: RFC 3834."""
    return make_mail(
        subject=subject,
        text="I am out of office until Monday.",
        headers=[("Auto-Submitted", "auto-replied")],
    )


def bounce(
    *, status: str = "5.1.1", original_id: str = "<sent@claims.example>"
) -> bytes:
    """A delivery report about a mail of ours. Source: RFC 3464."""
    report = (
        "Reporting-MTA: dns; mail.post.example\r\n\r\n"
        "Final-Recipient: rfc822; jonas.weber@post.example\r\n"
        f"Action: failed\r\nStatus: {status}\r\n"
    )
    returned = make_mail(sender=CLAIMS, text="hi", message_id=original_id)
    parts = [
        _body("I could not deliver your message.", ""),
        _with_headers([("Content-Type", "message/delivery-status")], b"", report),
        _part(File(returned, "", "message/rfc822", "", encoding="8bit")),
    ]
    top = [
        ("Return-Path", "<>"),
        ("From", "Mail Delivery System <MAILER-DAEMON@mail.post.example>"),
        ("To", CLAIMS),
        ("Subject", "Undelivered Mail Returned to Sender"),
        ("Auto-Submitted", "auto-replied"),
        ("MIME-Version", "1.0"),
    ]
    return _with_headers(
        top, _multipart("report", parts, "; report-type=delivery-status")
    )


# -- forwards in the text -----------------------------------------------------------

ORDER_TEXT = (
    f"Thank you for your order.\n\nOrder number: {ORDER}\n"
    + "".join(f"{name}   ${price}\n" for name, price in ITEMS)
    + f"Total paid   ${total(ITEMS)}"
)
ORDER_SUBJECT = f"Your order {ORDER} has been placed"

FORWARDS = {
    "gmail": f"""
        ---------- Forwarded message ---------
        From: {SHOP}
        Date: Wed, Nov 4, 2026 at 10:22 AM
        Subject: {ORDER_SUBJECT}
        To: <lena.hoffmann@mail.example>
        """,
    "outlook": f"""
        ________________________________
        From: {SHOP}
        Sent: Wednesday, November 4, 2026 10:22 AM
        To: lena.hoffmann@mail.example
        Subject: {ORDER_SUBJECT}
        """,
    "outlook-german": f"""
        -----Ursprüngliche Nachricht-----
        Von: {SHOP}
        Gesendet: Mittwoch, 4. November 2026 10:22
        An: lena.hoffmann@mail.example
        Betreff: {ORDER_SUBJECT}
        """,
    "outlook-french": f"""
        De : {SHOP}
        Envoyé : mercredi 4 novembre 2026 10:22
        À : lena.hoffmann@mail.example
        Objet : {ORDER_SUBJECT}
        """,
    "outlook-spanish": f"""
        De: {SHOP}
        Enviado: miércoles, 4 de noviembre de 2026 10:22
        Para: lena.hoffmann@mail.example
        Asunto: {ORDER_SUBJECT}
        """,
    "outlook-italian": f"""
        Da: {SHOP}
        Inviato: mercoledì 4 novembre 2026 10:22
        A: lena.hoffmann@mail.example
        Oggetto: {ORDER_SUBJECT}
        """,
    "outlook-dutch": f"""
        Van: {SHOP}
        Verzonden: woensdag 4 november 2026 10:22
        Aan: lena.hoffmann@mail.example
        Onderwerp: {ORDER_SUBJECT}
        """,
    "outlook-bold": f"""
        *From:* {SHOP}
        *Sent:* Wednesday, November 4, 2026 10:22 AM
        *To:* lena.hoffmann@mail.example
        *Subject:* {ORDER_SUBJECT}
        """,
    "thunderbird": f"""
        -------- Forwarded Message --------
        Subject: \t{ORDER_SUBJECT}
        Date: \tWed, 4 Nov 2026 10:22:00 +0000
        From: \t{SHOP}
        To: \tlena.hoffmann@mail.example
        """,
    "apple": f"""
        Begin forwarded message:

        From: {SHOP}
        Subject: {ORDER_SUBJECT}
        Date: 4 November 2026 at 10:22:00 GMT
        To: lena.hoffmann@mail.example
        """,
    "qq": f"""
        ------------------ Original ------------------
        From:  "Harbour Lane Store"<orders@harbourlane.example>;
        Date:  Wed, Nov 4, 2026 06:22 PM
        To:  "lena"<lena.hoffmann@mail.example>;
        Subject:  {ORDER_SUBJECT}
        """,
    "163-chinese": f"""
        -------- 转发邮件信息 --------
        发件人：{SHOP}
        发送日期：2026-11-04 18:22:00
        收件人：lena.hoffmann@mail.example
        主题：{ORDER_SUBJECT}
        """,
    "japanese": f"""
        差出人: {SHOP}
        送信日時: 2026年11月4日 19:22
        宛先: lena.hoffmann@mail.example
        件名: {ORDER_SUBJECT}
        """,
}
"""What mail programs write above a forwarded mail."""


def with_forward(style: str, *, words: str = WORDS, forwarded: str = ORDER_TEXT) -> str:
    """A body: the member's words, and the order mail forwarded in a program's style."""
    block = textwrap.dedent(FORWARDS[style]).strip("\n")
    return f"{words}\n\n{block}\n\n{forwarded}"


# -- below --------------------------------------------------------------------------

_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "heic": "image/heic",
    "html": "text/html",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "zip": "application/zip",
}


def _received(domain: str, at: datetime) -> str:
    host = f"mail.{domain}"
    return (
        f"from {host} ({host} [192.0.2.25]) by {OUR_MX} with ESMTPS id x1;"
        f" {format_datetime(at)}"
    )


def _body(text: str, html: str) -> bytes:
    plain = _text_part("plain", text)
    if not html:
        return plain
    return _multipart("alternative", [plain, _text_part("html", html)])


def _text_part(subtype: str, text: str) -> bytes:
    head = [
        ("Content-Type", f'text/{subtype}; charset="utf-8"'),
        ("Content-Transfer-Encoding", "base64"),
    ]
    return _with_headers(head, b"", _base64(text.encode()))


def _part(file: File) -> bytes:
    """A file as one part of a mail."""
    name = f'; filename="{file.filename}"' if file.filename else ""
    head = [("Content-Type", file.media_type)]
    head += [("Content-Transfer-Encoding", file.encoding)] if file.encoding else []
    if file.disposition:
        head.append(("Content-Disposition", f"{file.disposition}{name}"))
    elif file.filename:
        head[0] = ("Content-Type", f'{file.media_type}; name="{file.filename}"')
    if file.content_id:
        head.append(("Content-ID", f"<{file.content_id}>"))
    if file.encoding == "base64":
        return _with_headers(head, b"", _base64(file.data))
    return _with_headers(head, b"") + b"\r\n" + file.data


def _multipart(subtype: str, parts: Sequence[bytes], more: str = "") -> bytes:
    """Parts under a boundary that none of them contains."""
    depth = sum(part.count(b"boundary=") for part in parts)
    line = f"--=_{subtype}_{depth}"
    head = [("Content-Type", f'multipart/{subtype}{more}; boundary="{line[2:]}"')]
    inner = b"".join(f"{line}\r\n".encode() + part + b"\r\n" for part in parts)
    return _with_headers(
        head, b"", inner.decode("utf-8", "surrogateescape") + f"{line}--"
    )


def _with_headers(
    headers: Sequence[tuple[str, str]], rest: bytes, content: str | None = None
) -> bytes:
    """Headers, then either more headers with their content, or content."""
    top = "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
    if content is None:
        return top + rest
    return top + rest + b"\r\n" + content.encode("utf-8", "surrogateescape")


def _base64(data: bytes) -> str:
    return base64.encodebytes(data).decode().replace("\n", "\r\n")


def _colour(chance: random.Random) -> tuple[int, int, int]:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)


def _saved(image: Image.Image, fmt: str, **more: Image.Exif) -> bytes:
    held = io.BytesIO()
    image.save(held, fmt, **more)
    return held.getvalue()
