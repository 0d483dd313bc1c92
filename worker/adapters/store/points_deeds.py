"""What may happen to an account, one function each: P1 to P16 over a locked book.

Each has a key, writes entries under it, and answers what they were. The second time it
answers the same and writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from worker.adapters.store.points import Book, Posted
from worker.adapters.store.points_schema import PointsOrderRow
from worker.domain.orders import normal_id
from worker.domain.points import (
    FOR_VERIFYING,
    REDEEMABLE_PERCENT,
    Category,
    EntryKind,
    Lot,
    PointsRefused,
    Used,
    earned_on,
    expires_at,
    for_review,
    give_back,
    granted,
    lifetime,
    spend,
)
from worker.domain.policy import Lifetime, Policy
from worker.domain.settlement import OrderPoints, PaidCase, ReturnPlan, plan_return


@dataclass(frozen=True, slots=True)
class Bought:
    """An order as the shop names it; the products after coupons, in cents."""

    order_number: str
    product_cents: int


# -- receiving ------------------------------------------------------------------------


def verify(book: Book) -> Posted:
    """Give the points of a verified e-mail address, once for the account.

    Source: clause P1.
    """
    key = f"verify:{book.account.member_key}:{book.account.site}"
    return book.repeated(key, {}) or _receive(
        book, key, EntryKind.EMAIL_VERIFIED, FOR_VERIFYING, Category.VERIFIED
    )


def place(book: Book, bought: Bought) -> Posted:
    """Note that an order was placed, so that its products can be reviewed."""
    is_repeat = book.order(bought.order_number) is not None
    _order(book, bought)
    return replace(book.posted(), is_repeat=is_repeat)


def confirm(book: Book, order_number: str, product_cents: int | None) -> Posted:
    """Give the points of an order whose delivery was confirmed, once for the order.

    What was returned before earns nothing.

    Source: clauses P2 and P3.
    """
    key = f"confirm:{book.account.site}:{normal_id(order_number)}"
    done = book.repeated(key, {})
    if done is not None:
        return done
    bought = None if product_cents is None else Bought(order_number, product_cents)
    row = _order(book, bought) if bought else _known(book, order_number)
    _not_cancelled(row)
    row.confirmed_at = book.happened_at
    left = row.points_used - row.points_back
    award = earned_on(row.product_cents - row.returned_cents, left, book.policy)
    if row.earned:  # the order directory had counted them before
        award = 0
    posted = _receive(
        book,
        key,
        EntryKind.ORDER_CONFIRMED,
        award,
        Category.PURCHASE,
        order=order_number,
    )
    row.earned += posted.points(EntryKind.ORDER_CONFIRMED)
    return posted


def review(book: Book, order_number: str, line: str, *, has_pictures: bool) -> Posted:
    """Give the points of an approved review, once for each line of a bought order.

    Source: clause P4.
    """
    key = f"review:{book.account.site}:{normal_id(order_number)}:{normal_id(line)}"
    done = book.repeated(key, {})
    if done is not None:
        return done
    _not_cancelled(_known(book, order_number))
    award = for_review(book.policy, has_pictures=has_pictures)
    return _receive(
        book,
        key,
        EntryKind.REVIEW_APPROVED,
        award,
        Category.REVIEW,
        order=order_number,
    )


def grant(
    book: Book, event_id: str, points: int, *, life: Lifetime | None = None
) -> Posted:
    """Give what was won in an event or a game, for as long as its terms say.

    Source: clauses P9 to P11.
    """
    key, asked = _member_key(book, "grant", event_id), {"points": points}
    return book.repeated(key, asked) or _receive(
        book,
        key,
        EntryKind.GRANTED,
        points,
        Category.EVENT,
        asked=asked,
        life=life,
    )


def _receive(  # noqa: PLR0913 - what one award is
    book: Book,
    key: str,
    kind: EntryKind,
    award: int,
    category: Category,
    *,
    order: str | None = None,
    asked: Mapping[str, object] | None = None,
    life: Lifetime | None = None,
) -> Posted:
    """Give an award as far as the daily limit allows; note the rest (P11)."""
    today = book.received_on_that_day() if book.policy.daily_points_cap else 0
    given = granted(award, received_today=today, policy=book.policy)
    entry = book.write(key, kind, points=given, order=order, asked=asked)
    if given:
        life = life if life is not None else lifetime(category, book.policy)
        end = expires_at(book.happened_at, life, book.zone)
        book.open_lot(entry, given, category, end)
    if given < award:
        book.write(
            key, EntryKind.FORFEITED, noted=award - given, order=order, asked=asked
        )
    return book.posted()


# -- spending -------------------------------------------------------------------------


def redeem(book: Book, redemption_id: str, bought: Bought, points: int) -> Posted:
    """Pay for up to half of an order's products with points.

    Raises:
        PointsRefused: `not_enough_points`, `over_half` or `wrong_step`.

    Source: clauses P6 to P8.
    """
    key = _shop_key(book, "redeem", redemption_id)
    asked = {
        "order": normal_id(bought.order_number),
        "product_cents": bought.product_cents,
        "points": points,
    }
    done = book.repeated(key, asked)
    if done is not None:
        return done
    row = _order(book, bought)
    _not_cancelled(row)
    if row.confirmed_at is not None or row.returned_cents:
        raise PointsRefused("order_over", "the order was confirmed or returned before")
    if points % book.policy.redeem_step:
        step = book.policy.redeem_step
        raise PointsRefused("wrong_step", f"points are spent in steps of {step}")
    most = row.product_cents * REDEEMABLE_PERCENT // 100 - row.points_used
    if points > most:
        raise PointsRefused(
            "over_half", f"at most {max(most, 0)} points may pay for these products"
        )
    row.points_used += points
    return _pay(book, key, EntryKind.REDEEMED, points, asked, order=bought.order_number)


def spend_on(book: Book, event_id: str, points: int) -> Posted:
    """Take the points of a coupon or a game. Source: clause P9."""
    key, asked = _member_key(book, "spend", event_id), {"points": points}
    return book.repeated(key, asked) or _pay(
        book, key, EntryKind.SPENT_ON_EVENT, points, asked
    )


def _pay(
    book: Book,
    key: str,
    kind: EntryKind,
    points: int,
    asked: Mapping[str, object],
    order: str | None = None,
) -> Posted:
    takes = spend(book.lots(), points, now=book.now)
    entry = book.write(key, kind, points=-points, order=order, asked=asked)
    book.take(entry, takes)
    return book.posted()


def adjust(book: Book, key: str, points: int) -> Posted:
    """Give or take points by a person's decision; the book knows who, and why.

    Raises:
        PointsRefused: `not_enough_points`: it would end below zero.

    Source: clause P16.
    """
    key, asked = _member_key(book, "adjust", key), {"points": points}
    done = book.repeated(key, asked)
    if done is not None:
        return done
    if points < 0:
        return _pay(book, key, EntryKind.ADJUSTED, -points, asked)
    entry = book.write(key, EntryKind.ADJUSTED, points=points, asked=asked)
    life = lifetime(Category.ADJUSTED, book.policy)
    end = expires_at(book.now, life, book.zone)
    book.open_lot(entry, points, Category.ADJUSTED, end)
    return book.posted()


# -- giving back ----------------------------------------------------------------------


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
    row = _known(book, order_number)
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
    key = _shop_key(book, "return", return_id)
    asked = {"order": normal_id(order_number), "returned_cents": returned_cents}
    done = book.repeated(key, asked)
    if done is not None:
        return done
    row = _known(book, order_number)
    _not_cancelled(row)
    left = row.product_cents - row.returned_cents
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
    down, so that a second claim on the order finds it.

    Source: clauses P13 to P15; clauses.md section 2.4.
    """
    done = book.repeated(key, {})
    if done is not None:
        return done
    row = book.order(case.order_number)
    if row is None:
        row = book.add_order(case.order_number, case.order.product_cents)
        row.earned = case.order.earned
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


def facts_of(row: PointsOrderRow) -> OrderPoints:
    """Return what the ledger knows of an order, for a plan."""
    return OrderPoints(
        product_cents=row.product_cents,
        points_used=row.points_used,
        earned=row.earned,
        returned_cents=row.returned_cents,
        points_back=row.points_back,
    )


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
        life = lifetime(Category.RETURNED, book.policy)
        end = expires_at(book.now, life, book.zone)
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


# -- orders ---------------------------------------------------------------------------


def _order(book: Book, bought: Bought) -> PointsOrderRow:
    """Return the row of an order, written where it was not known.

    Raises:
        PointsRefused: `order_differs`: it was told with another price before.
    """
    row = book.order(bought.order_number)
    if row is None:
        return book.add_order(bought.order_number, bought.product_cents)
    if row.product_cents != bought.product_cents:
        raise PointsRefused(
            "order_differs", "the order was told with another price of its products"
        )
    return row


def _known(book: Book, order_number: str) -> PointsOrderRow:
    row = book.order(order_number)
    if row is None:
        raise PointsRefused("order_unknown", "the ledger does not know this order")
    return row


def _not_cancelled(row: PointsOrderRow) -> None:
    if row.cancelled_at is not None:
        raise PointsRefused("order_cancelled", "the order was cancelled")


def _shop_key(book: Book, what: str, number: str) -> str:
    """Return the key of what the shop, or a person, calls by an id of their own."""
    return f"{what}:{book.account.site}:{normal_id(number)}"


def _member_key(book: Book, what: str, number: str) -> str:
    """Return the same where one id, such as a campaign's, may be many members'."""
    return _shop_key(book, what, f"{book.account.member_key}:{number}")
