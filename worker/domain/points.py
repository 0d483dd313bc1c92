"""Bonus points: the arithmetic of clauses P1 to P15, without any record.

Points are whole numbers; one is worth a cent (P6). Prices are in cents. A lot is what
was received at once: it expires as a whole. Of several lots those are used first that
expire first (P8).
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from worker.domain.errors import UsageError
from worker.domain.policy import EarnBase, Lifetime, Policy, RefundLotOrder

REDEEMABLE_PERCENT = 50  # Source: clause P7
CENTS_PER_USD = 100
FOR_VERIFYING = 100  # Source: clause P1
FOR_REVIEW = 5  # Source: clause P4


class PointsRefused(UsageError):
    """The terms, or what the ledger knows, do not allow it; nothing was written.

    `code` is stable, for programs.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class NotEnoughPoints(PointsRefused):
    """The account holds fewer points than are to be taken."""

    def __init__(self) -> None:
        super().__init__("not_enough_points", "the account holds fewer points")


class Category(StrEnum):
    """What a lot was received for, which decides how long it is valid (P10)."""

    VERIFIED = "verified"
    PURCHASE = "purchase"
    REVIEW = "review"
    EVENT = "event"
    RETURNED = "returned"
    ADJUSTED = "adjusted"


class EntryKind(StrEnum):
    """Why points moved, or why they did not."""

    EMAIL_VERIFIED = "email_verified"
    """P1: once for each account."""
    ORDER_CONFIRMED = "order_confirmed"
    """P2 and P3: on Confirm Delivery, once for each order."""
    REVIEW_APPROVED = "review_approved"
    """P4: once for each line of an order."""
    GRANTED = "granted"
    """The prize of an event or a game; counts for the daily limit too."""
    REDEEMED = "redeemed"
    """P7: paid for products with points."""
    SPENT_ON_EVENT = "spent_on_event"
    """P9: a coupon, a game."""
    ORDER_CANCELLED = "order_cancelled"
    """P12: what an unpaid order had used comes back."""
    RETURNED = "returned"
    """P13: what a returned part of an order had used comes back."""
    REFUND_EXPIRED = "refund_expired"
    """P14: what would have come back had expired; moves nothing, and is shown."""
    EARNED_DEDUCTED = "earned_deducted"
    """P15: what a returned order had earned is taken back."""
    SHORTFALL = "shortfall"
    """P15: what could not be taken back; moves nothing."""
    ORDER_OF_ANOTHER = "order_of_another"
    """A claim was paid whose order is another member's here; moves nothing."""
    FORFEITED = "forfeited"
    """P11: what the daily limit cut off; moves nothing."""
    EXPIRED = "expired"
    """P10: the lot's last day is over."""
    ADJUSTED = "adjusted"
    """P16: a person's decision, with a reason."""


EARNED = frozenset(
    {
        EntryKind.EMAIL_VERIFIED,
        EntryKind.ORDER_CONFIRMED,
        EntryKind.REVIEW_APPROVED,
        EntryKind.GRANTED,
    }
)
"""What the daily limit counts; what comes back does not count. Source: clause P11."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Points received at once. `expires_at` is the first instant without them."""

    lot_id: int
    left: int
    earned_at: datetime
    expires_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Return whether the lot can be used at `now`."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Take:
    """So many points of one lot."""

    lot_id: int
    points: int


@dataclass(frozen=True, slots=True)
class Used:
    """What was used of a lot and has not come back yet."""

    lot: Lot
    points: int


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What comes back to which lots, and what cannot since those lots expired."""

    back: tuple[Take, ...]
    expired: tuple[Take, ...]


@dataclass(frozen=True, slots=True)
class Deducted:
    """What was taken back, and what was not there any more."""

    takes: tuple[Take, ...]
    shortfall: int


# -- lifetimes --------------------------------------------------------------------


def lifetime(category: Category, policy: Policy) -> Lifetime:
    """Return how long points of a category are valid, as the policy says.

    Source: clause P10.
    """
    match category:
        case Category.VERIFIED:
            return policy.points_life_verified
        case Category.PURCHASE:
            return policy.points_life_purchase
        case Category.REVIEW:
            return policy.points_life_review
        case Category.EVENT:
            return policy.points_life_event
        case Category.RETURNED:
            return policy.points_life_returned
        case Category.ADJUSTED:
            return policy.points_life_adjusted


def expires_at(earned_at: datetime, life: Lifetime, zone: ZoneInfo) -> datetime | None:
    """Return the first instant at which a lot cannot be used any more, or None.

    Usable through the end of its last day in the site's zone. Months are clamped to
    the end of a shorter month: three months from 30 November 2023 end with 29 February
    2024 (EX-67); seven days from 26 February 2024 end with 4 March (EX-68).

    Source: clause P10.
    """
    if life == Lifetime():
        return None
    day = earned_at.astimezone(zone).date()
    last = _months_later(day, life.months) + timedelta(days=life.days)
    return datetime.combine(last + timedelta(days=1), time(), zone)


def _months_later(day: date, months: int) -> date:
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


# -- earning --------------------------------------------------------------------------


def earned_on(product_cents: int, points_used: int, policy: Policy) -> int:
    """Return the points for an order: one for each whole dollar (P2).

    Args:
        product_cents: the products after coupons; no postage, guarantee or tax.
        points_used: the points that paid for a part of them.
        policy: switch earn_base.
    """
    by_points = points_used if policy.earn_base is EarnBase.CASH_PAID else 0
    return max(product_cents - by_points, 0) // CENTS_PER_USD


def for_review(policy: Policy, *, has_pictures: bool) -> int:
    """Return the points of an approved review. Source: clause P4."""
    return policy.review_photo_points if has_pictures else FOR_REVIEW


def granted(award: int, *, received_today: int, policy: Policy) -> int:
    """Return how much of an award is given; the rest is forfeited.

    Source: clause P11, switch daily_points_cap.
    """
    if policy.daily_points_cap is None:
        return award
    return max(min(award, policy.daily_points_cap - received_today), 0)


# -- spending -------------------------------------------------------------------------


def most_redeemable(product_cents: int, balance: int, policy: Policy) -> int:
    """Return the most points that may pay for products.

    Half of the products after coupons, rounded down, and no more than there are; in
    steps of the switch redeem_step. 33.33 USD gives 1,666 (EX-55).

    Source: clauses P6 and P7.
    """
    most = min(product_cents * REDEEMABLE_PERCENT // 100, balance)
    return most - most % policy.redeem_step


def in_order_of_use(lots: Iterable[Lot]) -> list[Lot]:
    """Return the lots as they are used: what expires first, then what came first.

    Source: clause P8.
    """
    return sorted(
        lots,
        key=lambda lot: (
            lot.expires_at is None,
            lot.expires_at or lot.earned_at,
            lot.earned_at,
            lot.lot_id,
        ),
    )


def spend(lots: Iterable[Lot], points: int, *, now: datetime) -> tuple[Take, ...]:
    """Return what is taken of which lots, in the order of their use.

    Raises:
        NotEnoughPoints: the valid lots hold fewer.
    """
    takes = _take(lots, points, now)
    if sum(take.points for take in takes) < points:
        raise NotEnoughPoints
    return takes


def deduct(lots: Iterable[Lot], points: int, *, now: datetime) -> Deducted:
    """Return what is taken back of which lots; the balance ends at 0 at the lowest.

    Source: clause P15.
    """
    takes = _take(lots, points, now)
    return Deducted(takes, points - sum(take.points for take in takes))


def _take(lots: Iterable[Lot], points: int, now: datetime) -> tuple[Take, ...]:
    takes, wanted = [], points
    for lot in in_order_of_use(lots):
        part = min(lot.left, wanted) if lot.is_valid(now) else 0
        if part > 0:
            takes.append(Take(lot.lot_id, part))
            wanted -= part
    return tuple(takes)


# -- giving back ----------------------------------------------------------------------


def due_back(
    points_used: int, product_cents: int, *, before_cents: int, returned_cents: int
) -> int:
    """Return the points that come back for a part of an order.

    By its share of the price, cumulatively: whatever the parts, all of them together
    give back all that was used (EX-61).

    Args:
        points_used: by the whole order.
        product_cents: the price of all its products, which the points were part of.
        before_cents: the price of what was returned earlier.
        returned_cents: the price of what is returned now.

    Source: clause P13.
    """
    if product_cents <= 0:
        return 0
    after = min(before_cents + returned_cents, product_cents)
    before = min(before_cents, product_cents)
    restored = points_used * after // product_cents
    return restored - points_used * before // product_cents


def give_back(
    used: Sequence[Used], points: int, *, now: datetime, policy: Policy
) -> GivenBack:
    """Return to which lots points come back; those of expired lots do not.

    By default the lots that expire last are filled first, which is kindest (EX-63).

    Args:
        used: what the order used, in the order of use, less what came back already.
        points: how many are due; at most the sum of `used`.
        now: decides what has expired.
        policy: switch refund_lot_order.

    Source: clauses P12 to P14.
    """
    back: list[Take] = []
    expired: list[Take] = []
    for one, share in _shares(used, points, policy):
        if share > 0:
            fitting = back if one.lot.is_valid(now) else expired
            fitting.append(Take(one.lot.lot_id, share))
    return GivenBack(tuple(back), tuple(expired))


def _shares(
    used: Sequence[Used], points: int, policy: Policy
) -> list[tuple[Used, int]]:
    if policy.refund_lot_order is RefundLotOrder.PRO_RATA:
        return _pro_rata(used, points)
    order = list(used)
    if policy.refund_lot_order is RefundLotOrder.LATEST_EXPIRING:
        lots = {one.lot.lot_id: one for one in used}
        by_use = in_order_of_use(one.lot for one in used)
        order = [lots[lot.lot_id] for lot in reversed(by_use)]
    shares, wanted = [], points
    for one in order:
        share = min(one.points, wanted)
        shares.append((one, share))
        wanted -= share
    return shares


def _pro_rata(used: Sequence[Used], points: int) -> list[tuple[Used, int]]:
    """Return each lot's share, cumulatively, so that the sum is exact."""
    total = sum(one.points for one in used)
    shares, seen = [], 0
    for one in used:
        before = points * seen // total
        seen += one.points
        shares.append((one, points * seen // total - before))
    return shares


def earned_to_deduct(
    earned: int,
    product_cents: int,
    points_used: int,
    *,
    returned_cents: int,
    deducted: int,
    policy: Policy,
) -> int:
    """Return the earned points that a return takes back.

    What was earned, less what the rest of the order would have earned, less what was
    taken back before: 149 on 149.99 less an item of 49.99 deducts 49 (EX-65). The
    points that paid for the returned part count as returned with it (EX-66).

    Args:
        earned: with the whole order.
        product_cents: the price of all its products.
        points_used: by the whole order.
        returned_cents: the price of what is returned, now and earlier.
        deducted: what earlier returns took back, or would have.
        policy: switch earn_base.

    Source: clause P15.
    """
    back = due_back(
        points_used, product_cents, before_cents=0, returned_cents=returned_cents
    )
    rest = max(product_cents - returned_cents, 0)
    kept = earned_on(rest, points_used - back, policy)
    return max(earned - deducted - kept, 0)
