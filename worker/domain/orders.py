"""The order directory: members, their orders, the packages, and imprecise times."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_WRITTEN = re.compile(
    r"(?P<day>(?:19|20|21)\d{2}-\d{2}-\d{2})"
    r"(?:[Tt ](?P<clock>(?:[01]\d|2[0-3]):[0-5]\d)(?P<seconds>:[0-5]\d(?:\.\d{1,6})?)?"
    r"(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)


_DASHES = re.compile("[\u2010-\u2015\u2212\u2043\ufe58\ufe63\uff0d]")
_UNSEEN = frozenset({"Cc", "Cf"})


class Precision(StrEnum):
    """How exactly a directory time was written; the writing decides."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class When:
    """A directory instant and every instant that it may mean (aware, UTC).

    "2024-07-04" in Chicago is anything from 05:00:00Z that day to 04:59:59Z the
    next; `earliest_at` and `latest_at` are those ends, both included.
    """

    earliest_at: datetime
    latest_at: datetime
    precision: Precision
    written: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the platform; `addresses` are lower case, the first is primary."""

    member_id: str
    name: str
    addresses: tuple[str, ...]
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Package:
    """One package of an order; money in USD unless `currency` says otherwise."""

    package_id: str
    value_usd: Decimal
    sales_price_usd: Decimal
    shipping_fee_usd: Decimal
    arrived: When | None = None
    delivered: When | None = None
    collected: When | None = None
    tracking_number: str | None = None
    destination_tz: str | None = None
    currency: str = "USD"
    fx_rate: Decimal | None = None
    estimated_weight_kg: Decimal | None = None
    actual_weight_kg: Decimal | None = None
    lines_json: str | None = None
    goods_category: str | None = None
    carrier_events: tuple[str, ...] = ()
    delivery_address: str | None = None
    profile_address: str | None = None
    """The Member Center's address when the order was placed."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order with the member it belongs to. No fee, or zero, means no guarantee."""

    order_number: str
    member: Member
    placed: When | None
    guarantee_fee_usd: Decimal | None
    packages: tuple[Package, ...]
    points_applied: int = 0
    points_earned: int = 0

    @property
    def has_guarantee(self) -> bool:
        """Return whether the Logistics Guarantee was bought. Source: clause G1."""
        return self.guarantee_fee_usd is not None and self.guarantee_fee_usd > 0

    def package(self, package_id: str | None) -> Package | None:
        """Return the named package, or None."""
        return next((p for p in self.packages if p.package_id == package_id), None)


def normal_id(text: str) -> str:
    """Return an id as it is compared: NFKC, no case, no spaces, one kind of dash.

    " ord–2024 5581" and "ORD-20245581" are one order.
    """
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    seen = (
        c for c in plain if not c.isspace() and unicodedata.category(c) not in _UNSEEN
    )
    return "".join(seen).casefold()


def parse_when(text: str, tz: tzinfo) -> When:
    """Return every instant that a written time may mean; the writing decides.

    Seconds mean that second, minutes the whole minute ("2024-06-03T14:05" ends at
    14:05:59), a date alone the whole day. Without an offset the time is local in
    `tz`: 2024-11-03T01:30 happened twice in New York and covers both (EX-38); a time
    that the clocks skipped is read with the offset before the change.

    Args:
        text: ISO 8601 with `T` or one space, and two digits each; spaces around it
            do not matter.
        tz: the zone of a time without an offset, and of a date.

    Raises:
        ValueError: it is no such time between 1900 and 2199; the text says what is
            expected.

    Source: DESIGN section 5 (orders.csv), clauses.md sections 1.2 and 1.3.
    """
    written = text.strip()
    match = _WRITTEN.fullmatch(written)
    if match is None:
        message = "expected a time like 2026-11-18T14:30:00+01:00, or a date"
        raise ValueError(message)
    if match["clock"] is None:
        return _whole_day(date.fromisoformat(match["day"]), tz, written)
    return _moment(datetime.fromisoformat(written.upper()), tz, written, match)


def _whole_day(day: date, tz: tzinfo, written: str) -> When:
    start = datetime.combine(day, time.min, tz).astimezone(UTC)
    next_day = datetime.combine(day + timedelta(days=1), time.min, tz).astimezone(UTC)
    return When(start, next_day - _SECOND, Precision.DAY, written)


def _moment(at: datetime, tz: tzinfo, written: str, match: re.Match[str]) -> When:
    if at.tzinfo is not None:
        first = last = at.astimezone(UTC)
    else:
        first = at.replace(tzinfo=tz).astimezone(UTC)
        # The second of two equal local times; in a skipped hour it is the earlier.
        last = max(first, at.replace(tzinfo=tz, fold=1).astimezone(UTC))
    if match["seconds"] is None:
        return When(first, last + _MINUTE - _SECOND, Precision.MINUTE, written)
    return When(first, last, Precision.SECOND, written)
