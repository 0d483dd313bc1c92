"""The policy switches of the terms: each is one value, all of them one version."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum


class DamageCapMode(StrEnum):
    """How the two caps of clause G8 combine."""

    SUM = "sum"
    LOWER = "lower"


class SalesPriceBasis(StrEnum):
    """Which price clause G5 compares."""

    PAID = "paid"
    """Price charged for the goods, after coupons, before points; points go back."""
    GROSS = "gross"
    """Gross price; points are not returned."""


class TimestampSource(StrEnum):
    """Which of our two clocks decides. Source: clauses.md section 1.1."""

    EARLIEST = "earliest"
    INTERNALDATE = "internaldate"


class ThirtyDayCount(StrEnum):
    """How clause C12 counts."""

    CALENDAR_DAYS = "calendar_days"
    HOURS_720 = "720_hours"


class RespondCount(StrEnum):
    """How `respond_within` counts. Source: clause C10, switch respond_within."""

    HOURS = "hours"
    """To the second: 168 hours after the mail that completed the set."""
    CALENDAR_DAYS = "calendar_days"
    """To the end of the seventh calendar day in `policy_tz`."""


class LateCountsFrom(StrEnum):
    """What clause C11 takes as receipt of the package."""

    BEST_EVIDENCE = "best_evidence"
    COURIER_SCAN = "courier_scan"


class EarnBase(StrEnum):
    """What clause P2 gives points for."""

    CASH_PAID = "cash_paid"
    PRICE_BEFORE_POINTS = "price_before_points"


class RefundLotOrder(StrEnum):
    """Which lots of points come back first. Source: clauses P13 and P14."""

    LATEST_EXPIRING = "latest_expiring"
    AS_CONSUMED = "as_consumed"
    PRO_RATA = "pro_rata"


class ReturnSequence(StrEnum):
    """Which comes first when an order is returned. Source: clause P15."""

    RESTORE_FIRST = "restore_first"
    DEDUCT_FIRST = "deduct_first"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a category of points is valid: days, or months; both 0 is for ever."""

    days: int = 0
    months: int = 0

    def __str__(self) -> str:
        """Return it as a policy file has it: 7 days, 3 months, never."""
        count, unit = (self.months, "month") if self.months else (self.days, "day")
        return f"{count} {unit}{'' if count == 1 else 's'}" if count else "never"


_QUARTER = Lifetime(months=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Every switch with its default. Source: clauses.md section 0b."""

    version: str = "2026-11"
    damage_cap_mode: DamageCapMode = DamageCapMode.SUM
    cap_includes_shipping: bool = True
    sales_price_basis: SalesPriceBasis = SalesPriceBasis.PAID
    packed_well_rule: bool = True
    late_24h_counts_from: LateCountsFrom = LateCountsFrom.BEST_EVIDENCE
    timestamp_source: TimestampSource = TimestampSource.EARLIEST
    thirty_day_count: ThirtyDayCount = ThirtyDayCount.CALENDAR_DAYS
    respond_within: timedelta = timedelta(hours=168)
    respond_count: RespondCount = RespondCount.HOURS
    documents_due: timedelta = timedelta(days=7)
    documents_reminder: timedelta = timedelta(days=3)
    appeal_window: timedelta = timedelta(days=30)
    reopen_window: timedelta = timedelta(days=30)
    proof_date_tolerance: timedelta = timedelta(days=3)
    policy_tz: str = "UTC"
    two_person_limit_usd: Decimal = Decimal(500)
    weight_flag_percent: Decimal = Decimal(10)
    auto_response: bool = True
    """Whether the worker itself answers at T-2 h when nobody has (DESIGN promise 4)."""
    redeem_step: int = 1
    earn_base: EarnBase = EarnBase.CASH_PAID
    refund_lot_order: RefundLotOrder = RefundLotOrder.LATEST_EXPIRING
    return_sequence: ReturnSequence = ReturnSequence.RESTORE_FIRST
    review_photo_points: int = 5
    daily_points_cap: int | None = None
    """None until the owner sets it: the terms lost the number."""
    points_life_verified: Lifetime = _QUARTER
    points_life_purchase: Lifetime = _QUARTER
    points_life_review: Lifetime = _QUARTER
    points_life_event: Lifetime = Lifetime(days=7)
    points_life_returned: Lifetime = _QUARTER
    """Of points that come back although no lot is known that they came from."""
    points_life_adjusted: Lifetime = _QUARTER


@dataclass(frozen=True, slots=True)
class Switch:
    """What a switch decides, for whoever sets it, and the clauses that leave it open.

    `least` and `most` are in the unit of its value: hours for a length of time.
    """

    clauses: str
    decides: str
    least: int | None = None
    most: int | None = None
    is_acted_on: bool = True
    """False while nothing of the product reads it yet."""


_DAY, _YEAR = 24, 365 * 24

SWITCHES: dict[str, Switch] = {
    "damage_cap_mode": Switch("G8", "how the two limits of a damage combine"),
    "cap_includes_shipping": Switch("G6", "whether 5,000.00 covers the shipping too"),
    "sales_price_basis": Switch("G5, P13", "the price that the package value is under"),
    "packed_well_rule": Switch("G9a", "whether an intact box is put to the reviewer"),
    "late_24h_counts_from": Switch("C11", "what counts as receiving the package"),
    "timestamp_source": Switch("C11", "which of our clocks counts for a mail"),
    "thirty_day_count": Switch("C12", "how the 30 days are counted"),
    "respond_within": Switch("C10", "how soon we answer a complete set", _DAY, 7 * 24),
    "respond_count": Switch("C10", "to the second, or to the end of the last day"),
    "documents_due": Switch("C8", "how long a list of documents waits", _DAY, _YEAR),
    "documents_reminder": Switch("C8", "when it is reminded of, once", 1, _YEAR),
    "appeal_window": Switch("lifecycle T27", "how long an appeal is open", 0, _YEAR),
    "reopen_window": Switch("lifecycle T26", "how long a reply reopens", 0, _YEAR),
    "proof_date_tolerance": Switch(
        "D1", "how far a proof may be off", 0, _YEAR, is_acted_on=False
    ),
    "policy_tz": Switch("C10, C12, P11", "the zone of days without one of their own"),
    "two_person_limit_usd": Switch("lifecycle T21", "above it two decide", 0, 1000000),
    "weight_flag_percent": Switch("C1", "from which weight difference on", 0, 100),
    "auto_response": Switch("C10", "whether we answer 2 hours before the limit"),
    "redeem_step": Switch("P6", "the least number of points spent at once", 1, 100000),
    "earn_base": Switch("P2", "what points are earned on"),
    "refund_lot_order": Switch("P13, P14", "which points come back first"),
    "return_sequence": Switch("P15", "what a return does first"),
    "review_photo_points": Switch("P4", "points of a review with photos", 0, 100000),
    "daily_points_cap": Switch("P11", "most points a day; unset: no limit", 0, 10**9),
    "points_life_verified": Switch("P1, P10", "life of points for an e-mail address"),
    "points_life_purchase": Switch("P2, P10", "life of points of a purchase"),
    "points_life_review": Switch("P4, P10", "life of points of a review"),
    "points_life_event": Switch("P9, P10", "life of points won in an event or a game"),
    "points_life_returned": Switch("P13", "life of returned points of unknown lots"),
    "points_life_adjusted": Switch("P16", "life of points that a person gives"),
}
"""Every switch but the version. Source: clauses.md section 0b."""
