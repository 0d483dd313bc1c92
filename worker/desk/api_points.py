"""`/api/points/v1`: the shop quotes and redeems points, and tells what happened.

An application of its own below the desk, for programs with a token for points. Every
request may be repeated: what has an id happens once.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from worker.adapters.points_events import (
    Id,
    Points,
    PointsEvent,
    Site,
    Usd,
    apply,
    in_cents,
)
from worker.adapters.store.points_entries import Holder, Posted
from worker.adapters.store.points_orders import Bought
from worker.bootstrap import Parts
from worker.desk.api_base import PROBLEMS, new_api, problem
from worker.desk.callers import Allowance, shop_calls
from worker.desk.guard import parts_of
from worker.domain.points import PointsRefused

PATH = "/api/points/v1"
PER_MINUTE = 6000
"""Our choice: a hundred checkouts a second and caller."""
MOST_EVENTS = 100
"""In one request. Our choice."""
_ABOUT = f"""
Redeems bonus points for the shop and takes in what happened to orders and reviews.

Send a token for points in `Authorization: Bearer TOKEN`; an admin makes it at
`/people/tokens` or with `claims token add NAME --points`. Each caller has {PER_MINUTE}
requests a minute. 100 points are 1.00 US dollar. Money is a string or a number with two
decimals at most. Requests may be repeated: the same id with the same content changes
nothing and answers as the first time, with `is_repeat`; the same id with other content
is refused as `key_reused`. Errors are JSON with `error` and `detail`.
"""
_STRICT = ConfigDict(extra="forbid", frozen=True)
_BODY: dict[int | str, dict[str, Any]] = {
    400: problem("The body is not UTF-8."),
    413: problem("The body is too large."),
}
_REFUSED: dict[int | str, dict[str, Any]] = {
    409: problem("The terms, or what the ledger knows, do not allow it.")
}


class QuoteIn(BaseModel):
    """How many points may pay for these products?"""

    model_config = _STRICT

    member_id: Id
    site: Site
    product_usd: Usd = Field(
        description="After coupons; no postage, guarantee fee or tax."
    )


class QuoteOut(BaseModel):
    """The most points that may pay now, and what they are worth."""

    balance: int
    most_points: int
    worth_usd: str


class RedeemIn(BaseModel):
    """Pay for a part of an order with points."""

    model_config = _STRICT

    id: Id = Field(description="The shop's number of this redemption.")
    member_id: Id
    site: Site
    order_number: Id
    product_usd: Usd
    points: Points


class PostedOut(BaseModel):
    """What was written, and the balance after it."""

    balance: int
    is_repeat: bool
    entries: list["EntryOut"]

    @classmethod
    def of(cls, posted: Posted) -> "PostedOut":
        """Return it for a program."""
        return cls(
            balance=posted.balance,
            is_repeat=posted.is_repeat,
            entries=[
                EntryOut(kind=one.kind, points=one.points, noted=one.noted, at=one.at)
                for one in posted.entries
            ],
        )


class EntryOut(BaseModel):
    """One line of the ledger; `noted` points were not moved."""

    kind: str
    points: int
    noted: int
    at: datetime


class EventsIn(BaseModel):
    """Events in the order in which they happened."""

    model_config = _STRICT

    events: Annotated[list[PointsEvent], Field(min_length=1, max_length=MOST_EVENTS)]


class EventOut(BaseModel):
    """What became of one event: `posted`, or `error` and `detail`."""

    posted: PostedOut | None = None
    error: str = ""
    detail: str = ""


class EventsOut(BaseModel):
    """One result for each event, in their order."""

    results: list[EventOut]


def create_points_api(parts: Parts) -> FastAPI:
    """Return the API over the parts of the program."""
    title, allowance = "Claims worker, points API", Allowance(PER_MINUTE)
    api = new_api(parts, PATH, title=title, about=_ABOUT, allowance=allowance)
    for path, handler, about, more in _ROUTES:
        api.post(
            path,
            dependencies=[shop_calls()],
            operation_id=handler.__name__,
            summary=about,
            responses=PROBLEMS | _BODY | more,
        )(handler)
    api.get("/openapi.json", dependencies=[shop_calls()], include_in_schema=False)(
        schema
    )
    return api


def quote(request: Request, asked: QuoteIn) -> QuoteOut:
    """Half of the products at most, and no more than there is (P7); changes nothing."""
    holder = Holder(asked.member_id, asked.site)
    found = parts_of(request).points.quote(holder, in_cents(asked.product_usd))
    return QuoteOut(
        balance=found.balance,
        most_points=found.most,
        worth_usd=f"{found.most / 100:.2f}",
    )


def redeem(request: Request, asked: RedeemIn) -> PostedOut:
    """Take the points that expire first (P8), once for the id."""
    bought = Bought(asked.order_number, in_cents(asked.product_usd))
    posted = parts_of(request).points.redeem(
        Holder(asked.member_id, asked.site), asked.id, bought, asked.points
    )
    return PostedOut.of(posted)


def events(request: Request, asked: EventsIn) -> EventsOut:
    """Take in what happened, one after the other; a refused one stops no other."""
    parts = parts_of(request)
    results = []
    for one in asked.events:
        try:
            posted = apply(parts.points, one, now=parts.clock.now())
        except PointsRefused as error:
            results.append(EventOut(error=error.code, detail=str(error)))
        else:
            results.append(EventOut(posted=PostedOut.of(posted)))
    return EventsOut(results=results)


def schema(request: Request) -> JSONResponse:
    """Return the OpenAPI description."""
    return JSONResponse(request.app.openapi())


_ROUTES: tuple[tuple[str, Any, str, dict[int | str, dict[str, Any]]], ...] = (
    ("/quote", quote, "How many points may pay", {}),
    ("/redemptions", redeem, "Pay with points", _REFUSED),
    ("/events", events, "Tell what happened", {}),
)
