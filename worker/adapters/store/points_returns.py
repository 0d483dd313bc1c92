"""What gives points back, and takes back what was earned: P12 to P15, a locked book.

As in `points_deeds`: each has a key, and the second time it changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from worker.adapters.store.points import Book
from worker.adapters.store.points_entries import Posted
from worker.adapters.store.points_orders import (
    facts_of,
    is_of_another,
    known,
    not_cancelled,
    shop_key,
)
from worker.adapters.store.points_schema import PointsOrderRow
from worker.domain.orders import normal_id
from worker.domain.points import (
    Category,
    EntryKind,
    Lot,
    PointsRefused,
    Used,
    give_back,
)
from worker.domain.policy import Policy
from worker.domain.settlement import (
    OrderPoints,
    PaidCase,
    ReturnPlan,
    fresh_end,
    plan_return,
)


def cancel(book: Book, order_number: str) -> Posted:
    """Give back at once what an unpaid order had used, to the same lots.

    Raises:
        PointsRefused: `order_over`: it was confirmed, so it was paid.

    Source: clauses P12 and P14.
    """
    key = f"cancel:{book.account.site}:{normal_id(order_number)}"
    done = book.repeated(key, {})
    if done is not None:
        return done
    row = known(book, order_number)
    if row.confirmed_at is not None:
        raise PointsRefused("order_over", "the order was confirmed, so it was paid")
    used = book.used_by(order_number)
    due = sum(one.points for one in used)
    given = give_back(used, due, now=book.now, policy=book.policy)
    row.cancelled_at = book.now
    row.points_back += due
    plan = ReturnPlan(back=given.back, expired=given.expired)
    return _carry_out(book, key, plan, order_number, {}, EntryKind.ORDER_CANCELLED)


def give_back_part(
    book: Book, return_id: str, order_number: str, returned_cents: int
) -> Posted:
    """Give back the points of a returned part, and take back what it had earned.

    Raises:
        PointsRefused: `over_returned`: more comes back than was bought.

    Source: clauses P13 to P15.
    """
    key = shop_key(book, "return", return_id)
    asked = {"order": normal_id(order_number), "returned_cents": returned_cents}
    done = book.repeated(key, asked)
    if done is not None:
        return done
    row = known(book, order_number)
    not_cancelled(row)
    left = max(row.product_cents - row.returned_cents, 0)
    if returned_cents > left:
        raise PointsRefused(
            "over_returned", f"only products for {left / 100:.2f} are left to return"
        )
    plan = plan_return(
        facts_of(row),
        returned_cents=returned_cents,
        lots=book.lots(),
        used=book.used_by(order_number),
        now=book.now,
        policy=book.policy,
    )
    return _returned(book, key, row, plan, order_number, returned_cents, asked)


def settle(book: Book, key: str, case: PaidCase) -> Posted:
    """Do what a paid claim does to points, once for its key.

    What the order directory said of an order that the ledger did not know is written
    down, so that a second claim on the order finds it. Where the ledger has the order
    as another member's, that is written and nothing moves: the payment was made.

    Source: clauses P13 to P15; clauses.md section 2.4.
    """
    done = book.repeated(key, {})
    if done is not None:
        return done
    if is_of_another(book.session, case, book.account.site, book.account.id):
        book.write(key, EntryKind.ORDER_OF_ANOTHER, order=case.order_number)
        return book.posted()
    row = book.order(case.order_number)
    if row is None:
        told = case.order
        row = book.add_order(case.order_number, told.product_cents, is_told=False)
        row.earned = told.earned
        row.confirmed_at = book.now if row.earned else None
    row.points_used = max(row.points_used, case.order.points_used)
    used = book.used_by(case.order_number)
    plan = settlement_plan(
        row, case, lots=book.lots(), used=used, now=book.now, policy=book.policy
    )
    returned = _still_returned(facts_of(row), case)
    return _returned(book, key, row, plan, case.order_number, returned, {})


def settlement_plan(
    row: PointsOrderRow | None,
    case: PaidCase,
    *,
    lots: Sequence[Lot],
    used: Sequence[Used],
    now: datetime,
    policy: Policy,
) -> ReturnPlan:
    """Return what `settle` does to an account that stands so."""
    order = case.order
    if row is not None:
        known = facts_of(row)
        order = replace(
            known, points_used=max(known.points_used, case.order.points_used)
        )
    is_cancelled = row is not None and row.cancelled_at is not None
    return plan_return(
        order,
        returned_cents=_still_returned(order, case),
        lots=lots,
        used=used,
        now=now,
        policy=policy,
        due=0 if is_cancelled else case.due,
    )


def _still_returned(order: OrderPoints, case: PaidCase) -> int:
    """Return for how much of the goods no earlier return counted."""
    return max(min(case.returned_cents, order.product_cents - order.returned_cents), 0)


def _returned(
    book: Book,
    key: str,
    row: PointsOrderRow,
    plan: ReturnPlan,
    order_number: str,
    returned_cents: int,
    asked: Mapping[str, object],
) -> Posted:
    row.returned_cents += returned_cents
    row.points_back += plan.moved.back + plan.moved.expired
    row.deducted += plan.moved.deducted + plan.shortfall
    return _carry_out(book, key, plan, order_number, asked, EntryKind.RETURNED)


def _carry_out(
    book: Book,
    key: str,
    plan: ReturnPlan,
    order: str,
    asked: Mapping[str, object],
    kind: EntryKind,
) -> Posted:
    """Write a plan: always one entry of its kind, the others where they say a thing."""
    moved, fresh = plan.moved, None
    entry = book.write(key, kind, points=moved.back, order=order, asked=asked)
    book.put_back(entry, plan.back)
    if plan.fresh:
        end = fresh_end(book.now, book.policy)
        fresh = book.open_lot(entry, plan.fresh, Category.RETURNED, end)
    if moved.expired:
        noted = EntryKind.REFUND_EXPIRED
        entry = book.write(key, noted, noted=moved.expired, order=order, asked=asked)
        book.note(entry, plan.expired)
    if moved.deducted:
        taken = EntryKind.EARNED_DEDUCTED
        entry = book.write(key, taken, points=-moved.deducted, order=order, asked=asked)
        book.take(entry, plan.deducted, fresh=fresh)
    if moved.shortfall:
        short = EntryKind.SHORTFALL
        book.write(key, short, noted=moved.shortfall, order=order, asked=asked)
    return book.posted()
