"""What may happen to an account, one function each: P1 to P16 over a locked book.

Each has a key, writes entries under it, and answers what they were. The second time it
answers the same and writes nothing.
"""

from collections.abc import Mapping
from dataclasses import replace

from worker.adapters.store.points import Book
from worker.adapters.store.points_entries import Posted
from worker.adapters.store.points_orders import (
    Bought,
    known,
    member_key,
    not_cancelled,
    order_row,
    shop_key,
)
from worker.domain.orders import normal_id
from worker.domain.points import (
    FOR_VERIFYING,
    REDEEMABLE_PERCENT,
    Category,
    EntryKind,
    PointsRefused,
    earned_on,
    expires_at,
    for_review,
    granted,
    lifetime,
    spend,
)
from worker.domain.policy import Lifetime

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
    row = book.order(bought.order_number)
    is_repeat = row is not None and row.is_told
    order_row(book, bought)
    return replace(book.posted(), is_repeat=is_repeat)


def confirm(book: Book, order_number: str, product_cents: int | None) -> Posted:
    """Give the points of an order whose delivery was confirmed, once for the order.

    What was returned before earns nothing.

    Source: clauses P2 and P3.
    """
    key = f"confirm:{book.account.site}:{normal_id(order_number)}"
    asked = {"product_cents": product_cents}
    done = book.repeated(key, asked)
    if done is not None:
        return done
    bought = None if product_cents is None else Bought(order_number, product_cents)
    row = order_row(book, bought) if bought else known(book, order_number)
    not_cancelled(row)
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
        asked=asked,
    )
    row.earned += posted.points(EntryKind.ORDER_CONFIRMED)
    return posted


def review(book: Book, order_number: str, line: str, *, has_pictures: bool) -> Posted:
    """Give the points of an approved review, once for each line of a bought order.

    Pictures that a member adds to it later earn nothing more. Source: clause P4.
    """
    key = shop_key(book, "review", normal_id(order_number), normal_id(line))
    done = book.repeated(key, {})
    if done is not None:
        return done
    not_cancelled(known(book, order_number))
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
    key = member_key(book, "grant", event_id)
    asked = {"points": points, "days": None if life is None else life.days}
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
        book.write_off_expired()  # an award may be told long after
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
    key = shop_key(book, "redeem", redemption_id)
    asked = {
        "order": normal_id(bought.order_number),
        "product_cents": bought.product_cents,
        "points": points,
    }
    done = book.repeated(key, asked)
    if done is not None:
        return done
    row = order_row(book, bought)
    not_cancelled(row)
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
    key, asked = member_key(book, "spend", event_id), {"points": points}
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
    key = member_key(book, "adjust", key)
    asked = {"points": points, "by": book.actor, "reason": book.reason}
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
