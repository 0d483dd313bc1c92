"""Claims in the states that the desk's tests begin from."""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

from httpx2 import Response

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import a_file, claim_files, invoice_pdf, make_claim_mail
from tests.desk.visitors import Visitor
from tests.office import Office, an_office
from worker.domain.orders import Order

DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
ORDER = "ORD-20261104-0183"
LOST = "My parcel never arrived, it is lost."
_FIELD = re.compile(r'name="(kind|version|events|base)" value="([^"]*)"')
_SEEN = re.compile(
    r'name="version" value="(\d+)"><input type="hidden" name="events" value="(\d+)"'
)
_REPLY = re.compile(
    r"<form[^>]*(?:data-reply|class=\"row\")[^>]*>.*?</form>", re.DOTALL
)
_BODY = re.compile(r'<textarea id="reply-body"[^>]*>(.*?)</textarea>', re.DOTALL)


def an_order_of(price: str, *, is_lost: bool, locale: str = "en") -> Order:
    """An order of one package, worth `price` USD."""
    package = a_package(value_usd=price, sales_price_usd=price)
    package = dataclasses.replace(
        package,
        arrived=None if is_lost else a_when(DELIVERED - timedelta(days=1)),
        delivered=None if is_lost else a_when(DELIVERED),
    )
    order = an_order(ORDER, packages=(package,))
    return dataclasses.replace(
        order, member=dataclasses.replace(order.member, locale=locale)
    )


@contextmanager
def a_damage(home: Path, *, locale: str = "en") -> Iterator[Office]:
    """An office with one claim under review: an audit decides the amount."""
    order = an_order_of("200.00", is_lost=False, locale=locale)
    with an_office(home, order) as office:
        office.deliver(make_claim_mail())
        yield office


@contextmanager
def a_loss(home: Path, *, price: str = "200.00") -> Iterator[Office]:
    """An office with one claim of a lost package, whose amount is certain."""
    with an_office(home, an_order_of(price, is_lost=True)) as office:
        office.deliver(make_claim_mail(text=LOST, files=claim_files()[:2]))
        yield office


@contextmanager
def a_late(home: Path) -> Iterator[Office]:
    """An office with one claim that came too late (C11)."""
    with an_office(home, an_order_of("200.00", is_lost=False)) as office:
        office.deliver(
            make_claim_mail(received_at=DELIVERED + timedelta(days=1, seconds=1))
        )
        yield office


def a_follow_up(at: datetime = RECEIVED + timedelta(hours=1)) -> bytes:
    """Another mail of the member, with one more file."""
    return make_claim_mail(
        subject=f"Re: M104233+{ORDER}+Claim",
        text="Here is one more thing.",
        files=[a_file(invoice_pdf(), "again.pdf")],
        received_at=at,
        headers=[("In-Reply-To", "<one@mail.example>")],
    )


def fields_of(page: Response) -> dict[str, str]:
    """The hidden fields of the reply's form, and its text."""
    form = _REPLY.search(page.text)
    assert form is not None, "the page has no reply to write"
    fields = {name: unescape(value) for name, value in _FIELD.findall(form[0])}
    body = _BODY.search(form[0])
    return fields | ({} if body is None else {"body": unescape(body[1])})


def reply(visitor: Visitor, do: str, **fields: object) -> Response:
    """Open the claim, fill in its reply and press a button."""
    page = visitor.get("/claims/1")
    return visitor.post("/claims/1/reply", **(fields_of(page) | {"do": do} | fields))


def do(visitor: Visitor, key: str, **fields: object) -> Response:
    """Fill in one form of what may be done."""
    page = visitor.get("/claims/1")
    found = _SEEN.search(page.text)
    seen = {} if found is None else {"version": found[1], "events": found[2]}
    return visitor.post(f"/claims/1/do/{key}", **(seen | fields))
