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
