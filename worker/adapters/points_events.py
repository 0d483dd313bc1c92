"""What a shop tells the points ledger: one event, from a file or over HTTP.

The same model reads both, so that a file and a program are held to the same rules.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from annotated_types import MaxLen
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails

from worker.adapters.store.points_entries import Holder, Posted
from worker.adapters.store.points_ledger import PointsLedger
from worker.adapters.store.points_orders import Bought
from worker.adapters.store.points_schema import ID_LENGTH
from worker.domain.orders import normal_id
from worker.domain.points import PointsRefused
from worker.domain.policy import Lifetime

MOST_POINTS = 100_000_000
"""In one event. Our choice: a million dollars."""
USD_TEXT = r"^([0-9]{1,7}(\.[0-9]{1,2})?|10000000(\.00?)?)$"
AN_ID = f"an id of 1 to {ID_LENGTH} printable characters"
SITE = r"^[a-z0-9][a-z0-9._-]{0,39}$"


def _is_id(text: str) -> str:
    normal = normal_id(text)
    if not normal or len(normal) > ID_LENGTH or not text.isprintable():
        raise ValueError(f"expected {AN_ID}")
    return text


Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    MaxLen(ID_LENGTH),
    AfterValidator(_is_id),
]
Site = Annotated[str, StringConstraints(strip_whitespace=True, pattern=SITE)]


class _AsText:
    """Describes the amount that is sent as a string, which pydantic does not."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        for one in schema.get("anyOf", ()):
            if one.get("type") == "string":
                one["pattern"] = USD_TEXT
        return schema


Usd = Annotated[
    Decimal,
    Field(ge=0, le=10_000_000, max_digits=10, decimal_places=2, examples=["80.00"]),
    _AsText,
]
Points = Annotated[int, Field(ge=1, le=MOST_POINTS)]


class EventName(StrEnum):
    """What happened in the shop."""

    EMAIL_VERIFIED = "email_verified"
    ORDER_PLACED = "order_placed"
    ORDER_CONFIRMED = "order_confirmed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_RETURNED = "order_returned"
    REVIEW_APPROVED = "review_approved"
    GRANTED = "granted"
    SPENT = "spent"


_NEEDS: dict[EventName, tuple[str, ...]] = {
    EventName.EMAIL_VERIFIED: (),
    EventName.ORDER_PLACED: ("order_number", "product_usd"),
    EventName.ORDER_CONFIRMED: ("order_number",),
    EventName.ORDER_CANCELLED: ("order_number",),
    EventName.ORDER_RETURNED: ("id", "order_number", "returned_usd"),
    EventName.REVIEW_APPROVED: ("order_number", "line"),
    EventName.GRANTED: ("id", "points"),
    EventName.SPENT: ("id", "points"),
}
REQUIRED = ("event", "member_id", "site")
"""What every event has; the rest depends on which it is."""
_EXPECTED = {
    "event": f"one of {', '.join(EventName)}",
    "member_id": AN_ID,
    "site": "a name such as eu: small letters, digits, . _ and -, 40 at most",
    "id": AN_ID,
    "order_number": AN_ID,
    "product_usd": "an amount in USD such as 80.00, with two decimals at most",
    "returned_usd": "an amount in USD above 0 such as 12.50, two decimals at most",
    "line": AN_ID,
    "has_pictures": "true or false",
    "points": f"a whole number from 1 to {MOST_POINTS:,}",
    "valid_days": "a whole number of days from 1 to 3,650",
    "at": "an instant with its offset such as 2026-11-18T19:10:00Z",
}
"""What each field holds, in words for whoever made the file."""
_DATED = frozenset(
    {
        EventName.EMAIL_VERIFIED,
        EventName.ORDER_CONFIRMED,
        EventName.REVIEW_APPROVED,
        EventName.GRANTED,
    }
)


class PointsEvent(BaseModel):
    """One event of a member on a site. Telling it again changes nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: EventName
    member_id: Id
    site: Site
    id: Id | None = Field(
        None, description="The shop's own number of a return, a grant or a debit."
    )
    order_number: Id | None = None
    product_usd: Usd | None = Field(
        None, description="All products after coupons; no postage, guarantee or tax."
    )
    returned_usd: Annotated[Usd, Field(gt=0)] | None = Field(
        None, description="The price of what is returned now, points included."
    )
    line: Id | None = Field(None, description="The reviewed line of the order.")
    has_pictures: bool = Field(default=False, description="Of a review.")
    points: Points | None = None
    valid_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        None, description="How long a grant is valid; else as the policy says."
    )
    at: AwareDatetime | None = Field(
        None, description="When points were earned; else now. Not in the future."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        missing = [name for name in _NEEDS[self.event] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.event} needs {', '.join(missing)}")
        if self.at is not None and self.event not in _DATED:
            raise ValueError(f"{self.event} happens when it is told: leave out at")
        return self

    @property
    def holder(self) -> Holder:
        """Return whose points they are."""
        return Holder(self.member_id, self.site)


def apply(ledger: PointsLedger, told: PointsEvent, *, now: datetime) -> Posted:
    """Let an event happen, once.

    Raises:
        PointsRefused: the terms or what the ledger knows do not allow it, or `at` is
            in the future (`not_yet`).
    """
    if told.at is not None and told.at > now:
        raise PointsRefused("not_yet", "at is in the future")
    return _APPLIED[told.event](ledger, told)


def _placed(ledger: PointsLedger, told: PointsEvent) -> Posted:
    bought = Bought(_text(told.order_number), in_cents(told.product_usd))
    return ledger.place(told.holder, bought)


def _confirmed(ledger: PointsLedger, told: PointsEvent) -> Posted:
    cents = None if told.product_usd is None else in_cents(told.product_usd)
    return ledger.confirm(told.holder, _text(told.order_number), cents, at=told.at)


def _returned(ledger: PointsLedger, told: PointsEvent) -> Posted:
    return ledger.give_back(
        told.holder,
        _text(told.id),
        _text(told.order_number),
        in_cents(told.returned_usd),
    )


def _reviewed(ledger: PointsLedger, told: PointsEvent) -> Posted:
    return ledger.review(
        told.holder,
        _text(told.order_number),
        _text(told.line),
        has_pictures=told.has_pictures,
        at=told.at,
    )


def _granted(ledger: PointsLedger, told: PointsEvent) -> Posted:
    life = None if told.valid_days is None else Lifetime(days=told.valid_days)
    points = told.points or 0
    return ledger.grant(told.holder, _text(told.id), points, life=life, at=told.at)


_APPLIED: dict[EventName, Callable[[PointsLedger, PointsEvent], Posted]] = {
    EventName.EMAIL_VERIFIED: lambda led, told: led.verify(told.holder, at=told.at),
    EventName.ORDER_PLACED: _placed,
    EventName.ORDER_CONFIRMED: _confirmed,
    EventName.ORDER_CANCELLED: lambda led, told: led.cancel(
        told.holder, _text(told.order_number)
    ),
    EventName.ORDER_RETURNED: _returned,
    EventName.REVIEW_APPROVED: _reviewed,
    EventName.GRANTED: _granted,
    EventName.SPENT: lambda led, told: led.spend_on(
        told.holder, _text(told.id), told.points or 0
    ),
}


def in_cents(amount: Decimal | None) -> int:
    """Return an amount that was checked to have two decimals at most."""
    return int((amount or Decimal(0)) * 100)


def faults(error: ValidationError) -> str:
    """Return what is wrong with an event; names fields, never what they hold."""
    found = error.errors(include_input=False, include_url=False)
    return "; ".join(dict.fromkeys(map(_told, found)))


def _told(fault: ErrorDetails) -> str:
    """Return a fault in our words: the field, and what is expected there."""
    field = ".".join(str(one) for one in fault["loc"])
    match fault["type"]:
        case "missing":
            return f"{field} is missing; each event has {', '.join(REQUIRED)}"
        case "extra_forbidden":
            return f"unknown field {field!r}"
        case "json_invalid":
            return "this is no JSON"
        case "value_error" if not field:
            return fault["msg"].removeprefix("Value error, ")
        case _ if field in _EXPECTED:
            return f"{field}: expected {_EXPECTED[field]}"
        case _:
            return "expected an object with the fields of an event"


def _text(found: str | None) -> str:
    return found or ""
