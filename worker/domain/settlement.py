"""What a return, or a claim that was paid, does to points: planned before written.

A plan is worked out from an account as it stands, so what a member is told before and
what the ledger writes afterwards come from one place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from worker.domain.amounts import PACKAGE_CAP, Proposal, goods_basis
from worker.domain.claim import Claim, ClaimType
from worker.domain.money import Money, cents
from worker.domain.orders import Order
from worker.domain.points import (
    CENTS_PER_USD,
    Category,
    Lot,
    Take,
    Used,
    deduct,
    due_back,
    earned_to_deduct,
    expires_at,
    give_back,
    lifetime,
)
from worker.domain.policy import Policy, ReturnSequence

FRESH_LOT = 0
"""The number of a lot that is yet to be made, in a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPoints:
    """What an order's points are, and what earlier returns did to them.

    `earned` is what it was given; 0 before its delivery was confirmed.
    """

    product_cents: int
    points_used: int = 0
    earned: int = 0
    returned_cents: int = 0
    points_back: int = 0
    deducted: int = 0
    """Earned points that were taken back, or would have been."""


@dataclass(frozen=True, slots=True)
class ReturnPlan:
    """What a return moves, in lots; `fresh` comes back without a known lot."""

    back: tuple[Take, ...] = ()
    fresh: int = 0
    expired: tuple[Take, ...] = ()
    deducted: tuple[Take, ...] = ()
    shortfall: int = 0

    @property
    def moved(self) -> "PointsMoved":
        """Return the sums, as people are told them."""
        return PointsMoved(
            back=_sum(self.back) + self.fresh,
            expired=_sum(self.expired),
            deducted=_sum(self.deducted),
            shortfall=self.shortfall,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsMoved:
    """What a claim gives back and takes back: the arithmetic for people.

    `back` points come back, `expired` ones would have (P14); `deducted` ones were
    earned with the order, and `shortfall` were too, and are not there any more (P15).
    Where the ledger has the order as another member's, nothing moves.
    """

    back: int = 0
    expired: int = 0
    deducted: int = 0
    shortfall: int = 0
    is_of_another: bool = False

    def __bool__(self) -> bool:
        """Return whether points move, or would have."""
        return any((self.back, self.expired, self.deducted, self.shortfall))


NO_POINTS = PointsMoved()
OF_ANOTHER = PointsMoved(is_of_another=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidCase:
    """What a paid claim means for the points of its order, by the order directory.

    `due` points come back; goods for `returned_cents` count as returned, none where
    the member keeps them. The ledger's own word on the order goes before `order`.
    """

    member_id: str
    order_number: str
    order: OrderPoints
    due: int
    returned_cents: int


def paid_case(
    claim: Claim,
    order: Order,
    proposal: Proposal | None,
    amount: Money | None,
    *,
    before: Money | None = None,
) -> PaidCase | None:
    """Return what paying a claim does to points; None where it is nothing.

    A total loss is refunded in the kind paid, as a return is: the points part comes
    back, and what was earned with the refunded goods is taken back. Damage and partial
    loss are compensated in cash while the member keeps goods and points.

    Args:
        claim: its type, and which package it is about.
        order: with what the directory says of its points.
        proposal: what the terms give, with the points that come back.
        amount: what was decided in cash; less than the terms give counts as a refund
            of so much of the goods. None is the proposal itself.
        before: what earlier rounds of the claim paid, with which its points came back.

    Source: clauses P13 and P15; clauses.md section 2.4.
    """
    is_refund = claim.claim_type is ClaimType.TOTAL_LOSS and order.has_guarantee
    only = order.packages[0] if len(order.packages) == 1 else None
    package = order.package(claim.package_id) or only
    if proposal is None or not is_refund or package is None:
        return None
    points = proposal.points_restored
    cash_before = _in_cents(before.amount) if before else 0
    most = _in_cents(min(goods_basis(package), PACKAGE_CAP))
    goods = most
    if amount is not None:
        goods = min(most, cash_before + _in_cents(amount.amount) + points)
    if cash_before:
        goods -= min(goods, cash_before + points)
    due = 0 if cash_before else points
    found = PaidCase(
        member_id=order.member.member_id,
        order_number=order.order_number,
        order=OrderPoints(
            product_cents=sum(_in_cents(one.sales_price_usd) for one in order.packages),
            points_used=order.points_applied,
            earned=order.points_earned,
        ),
        due=due,
        returned_cents=goods,
    )
    return found if due or goods else None


def plan_return(
    order: OrderPoints,
    *,
    returned_cents: int,
    lots: Iterable[Lot],
    used: Sequence[Used],
    now: datetime,
    policy: Policy,
    due: int | None = None,
) -> ReturnPlan:
    """Return what comes back for a returned part of an order, and what is deducted.

    First the points that paid for it come back, then what was earned with it is taken
    back: with 0 points, an order that used 500 and earned 149 ends at 351 (EX-57).

    Args:
        order: with what earlier returns did.
        returned_cents: the price of what is returned now.
        lots: what the account holds.
        used: what the order used and did not get back, lot by lot.
        now: decides what has expired.
        policy: switches earn_base, refund_lot_order, return_sequence.
        due: how many points come back; None is the share of the price, and with the
            last of the goods all that is left (P13). More than the lots in `used`
            account for comes back as a lot of its own.

    Source: clauses P13 to P15.
    """
    left = order.points_used - order.points_back
    if due is None and order.returned_cents + returned_cents >= order.product_cents:
        due = left
    elif due is None:
        due = due_back(
            order.points_used,
            order.product_cents,
            before_cents=order.returned_cents,
            returned_cents=returned_cents,
        )
    due = max(min(due, left), 0)
    wanted = earned_to_deduct(
        order.earned,
        order.product_cents,
        order.points_used,
        returned_cents=order.returned_cents + returned_cents,
        deducted=order.deducted,
        policy=policy,
    )
    known = min(due, sum(one.points for one in used))
    given = give_back(used, known, now=now, policy=policy)
    held = {lot.lot_id: lot for lot in lots}
    if policy.return_sequence is ReturnSequence.RESTORE_FIRST:
        held = _with_restored(held, used, given.back, due - known, now, policy)
    taken = deduct(held.values(), wanted, now=now)
    return ReturnPlan(
        given.back, due - known, given.expired, taken.takes, taken.shortfall
    )


def _with_restored(
    held: dict[int, Lot],
    used: Sequence[Used],
    back: Iterable[Take],
    fresh: int,
    now: datetime,
    policy: Policy,
) -> dict[int, Lot]:
    lots = {one.lot.lot_id: one.lot for one in used} | held
    restored = dict(held)
    for take in back:
        lot = lots[take.lot_id]
        restored[take.lot_id] = replace(lot, left=lot.left + take.points)
    if fresh:
        restored[FRESH_LOT] = Lot(FRESH_LOT, fresh, now, fresh_end(now, policy))
    return restored


def fresh_end(now: datetime, policy: Policy) -> datetime | None:
    """Return when points expire that come back without a known lot."""
    life = lifetime(Category.RETURNED, policy)
    return expires_at(now, life, ZoneInfo(policy.policy_tz))


def _sum(takes: Iterable[Take]) -> int:
    return sum(take.points for take in takes)


def _in_cents(amount: Decimal) -> int:
    return int(cents(amount) * CENTS_PER_USD)
