"""Valid objects: a test names only what it is about.

They belong together: the mail is the member's, about the order, and proven by our own
server's header.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from worker.domain.mail import (
    Attachment,
    AuthResults,
    DeliveryReport,
    FileKind,
    Hop,
    Looks,
    Mail,
    Picture,
    Trouble,
)
from worker.domain.orders import Member, Order, Package, Precision, When

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
MEMBER_ID = "M104233"
ORDER_NUMBER = "ORD-20261104-0183"
ADDRESS = "lena.hoffmann@mail.example"
OUR_ADDRESS = "claims@logistics.example"
OUR_MX = "mx.logistics.example"
SUBJECT = f"{MEMBER_ID}+{ORDER_NUMBER}+Claim"
PASSED = (
    f"{OUR_MX}; dkim=pass header.d=mail.example; dmarc=pass header.from=mail.example"
)
ORDER_TEXT = f"Thank you for your order.\n\nOrder number: {ORDER_NUMBER}\n"
INVOICE_TEXT = (
    f"Harbour Lane Store - Invoice\nOrder number: {ORDER_NUMBER}\n"
    "Blue running shoes $135.00\nCeramic tea set $315.00\nShipping $62.50\n"
    "Total paid $512.50"
)

_numbers = count(1)


def a_member(
    member_id: str = MEMBER_ID,
    *,
    name: str = "Lena Hoffmann",
    addresses: tuple[str, ...] = (ADDRESS,),
    locale: str = "en",
) -> Member:
    return Member(member_id, name, addresses, locale)


def a_when(at: datetime = NOON) -> When:
    """An instant that is known to the second."""
    return When(at, at, Precision.SECOND, at.isoformat())


def a_package(
    package_id: str = "1",
    *,
    value_usd: str = "480.00",
    sales_price_usd: str = "450.00",
    shipping_fee_usd: str = "62.50",
    arrived: When | None = None,
    delivered: When | None = None,
    tracking_number: str | None = "TRK0183",
) -> Package:
    return Package(
        package_id=package_id,
        value_usd=Decimal(value_usd),
        sales_price_usd=Decimal(sales_price_usd),
        shipping_fee_usd=Decimal(shipping_fee_usd),
        arrived=arrived,
        delivered=delivered,
        tracking_number=tracking_number,
    )


def an_order(
    order_number: str = ORDER_NUMBER,
    *,
    member: Member | None = None,
    guarantee_fee_usd: str | None = "45.00",
    packages: tuple[Package, ...] | None = None,
) -> Order:
    fee = None if guarantee_fee_usd is None else Decimal(guarantee_fee_usd)
    return Order(
        order_number=order_number,
        member=a_member() if member is None else member,
        placed=None,
        guarantee_fee_usd=fee,
        packages=(a_package(),) if packages is None else packages,
    )


def an_attachment(
    filename: str = "invoice.pdf",
    *,
    kind: FileKind = FileKind.PDF,
    text: str = "",
    path: str | None = None,
    media_type: str = "application/octet-stream",
    size_bytes: int = 100_000,
    sha256: str | None = None,
    is_inline: bool = False,
    trouble: Trouble | None = None,
    picture: Picture | None = None,
    inside: str | None = None,
    note: str = "",
    mail_subject: str = "",
    mail_from: str = "",
) -> Attachment:
    """A file; each has a path and content of its own unless the test says otherwise."""
    number = next(_numbers)
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return Attachment(
        path=str(number) if path is None else path,
        filename=filename,
        media_type=media_type,
        size_bytes=size_bytes,
        sha256=digest if sha256 is None else sha256,
        kind=kind,
        is_inline=is_inline,
        text=text,
        trouble=trouble,
        picture=picture,
        inside=inside,
        note=note,
        mail_subject=mail_subject,
        mail_from=mail_from,
    )


def an_invoice(
    filename: str = "invoice.pdf", *, text: str = INVOICE_TEXT
) -> Attachment:
    """A PDF that can be read."""
    return an_attachment(filename, text=text, media_type="application/pdf")


def an_order_mail(
    *,
    subject: str = f"Your order {ORDER_NUMBER} has been placed",
    text: str = ORDER_TEXT,
    sender: str = "Harbour Lane Store <orders@harbourlane.example>",
    path: str | None = None,
) -> Attachment:
    """An attached mail of the shop."""
    return an_attachment(
        "",
        kind=FileKind.MAIL,
        media_type="message/rfc822",
        text=text,
        path=path,
        mail_subject=subject,
        mail_from=sender,
    )


def a_picture(
    filename: str = "IMG_4411.jpg",
    *,
    looks_like: Looks = Looks.PHOTOGRAPH,
    width: int = 1280,
    height: int = 960,
    is_inline: bool = False,
    sha256: str | None = None,
    path: str | None = None,
    inside: str | None = None,
) -> Attachment:
    """A picture that was opened."""
    return an_attachment(
        filename,
        kind=FileKind.PICTURE,
        media_type="image/jpeg",
        is_inline=is_inline,
        picture=Picture(width, height, looks_like),
        sha256=sha256,
        path=path,
        inside=inside,
    )


def a_mail(
    *,
    subject: str = SUBJECT,
    text: str = "The tea set is broken and the box is crushed.",
    own_text: str | None = None,
    from_address: str | None = ADDRESS,
    from_addresses: tuple[str, ...] | None = None,
    from_name: str = "Lena Hoffmann",
    is_from_clear: bool = True,
    to_addresses: tuple[str, ...] = (OUR_ADDRESS,),
    message_id: str | None = "<first@mail.example>",
    in_reply_to: tuple[str, ...] = (),
    references: tuple[str, ...] = (),
    content_type: str = "text/plain",
    headers: Mapping[str, str | tuple[str, ...]] | None = None,
    hops: tuple[Hop, ...] = (Hop(0, OUR_MX, NOON),),
    auth_results: tuple[AuthResults, ...] = (AuthResults(1, PASSED),),
    attachments: tuple[Attachment, ...] = (),
    content_sha256: str | None = None,
    reports: tuple[DeliveryReport, ...] = (),
) -> Mail:
    """A member's claim mail, received by our exchanger and authenticated there."""
    senders = () if from_address is None else (from_address,)
    digest = hashlib.sha256(f"{subject}\n{text}\n{message_id}".encode()).hexdigest()
    given = {} if headers is None else headers
    return Mail(
        subject=subject,
        from_addresses=senders if from_addresses is None else from_addresses,
        from_name=from_name,
        is_from_clear=is_from_clear,
        to_addresses=to_addresses,
        message_id=message_id,
        in_reply_to=in_reply_to,
        references=references,
        date_at=NOON,
        content_type=content_type,
        headers={
            name: (value,) if isinstance(value, str) else value
            for name, value in given.items()
        },
        hops=hops,
        auth_results=auth_results,
        text=text,
        own_text=text if own_text is None else own_text,
        attachments=attachments,
        content_sha256=digest if content_sha256 is None else content_sha256,
        reports=reports,
    )
