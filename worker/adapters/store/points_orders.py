"""The orders that the points ledger knows, and the keys of what happens to them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.points import Book
from worker.adapters.store.points_schema import PointsAccountRow, PointsOrderRow
from worker.domain.orders import normal_id
from worker.domain.points import PointsRefused
from worker.domain.settlement import OrderPoints, PaidCase


@dataclass(frozen=True, slots=True)
class Bought:
    """An order as the shop names it; the products after coupons, in cents."""

    order_number: str
    product_cents: int


def facts_of(row: PointsOrderRow) -> OrderPoints:
    """Return what the ledger knows of an order, for a plan."""
    return OrderPoints(
        product_cents=row.product_cents,
        points_used=row.points_used,
        earned=row.earned,
        returned_cents=row.returned_cents,
        points_back=row.points_back,
        deducted=row.deducted,
    )


def order_row(book: Book, bought: Bought) -> PointsOrderRow:
    """Return the row of an order that the shop tells, written where it was not known.

    A price that a claim had brought gives way to the shop's; what was settled stays.

    Raises:
        PointsRefused: `order_differs`: it was told with another price before.
    """
    row = book.order(bought.order_number)
    if row is None:
        return book.add_order(bought.order_number, bought.product_cents, is_told=True)
    if not row.is_told:
        row.product_cents, row.is_told = bought.product_cents, True
    if row.product_cents != bought.product_cents:
        raise PointsRefused(
            "order_differs", "the order was told with another price of its products"
        )
    return row


def known(book: Book, order_number: str) -> PointsOrderRow:
    """Return the row of an order that was told before.

    Raises:
        PointsRefused: `order_unknown`.
    """
    row = book.order(order_number)
    if row is None:
        raise PointsRefused("order_unknown", "the ledger does not know this order")
    return row


def is_of_another(
    session: Session, case: PaidCase, site: str, account_id: int | None
) -> bool:
    """Return whether the ledger has a claim's order under another member."""
    row = session.get(PointsOrderRow, (site, normal_id(case.order_number)))
    return row is not None and row.account_id != account_id


def site_of(session: Session, case: PaidCase) -> str | None:
    """Return the site on which the ledger knows the member's order, or None."""
    return session.scalars(
        sa.select(PointsOrderRow.site)
        .join(PointsAccountRow, PointsAccountRow.id == PointsOrderRow.account_id)
        .where(
            PointsOrderRow.order_key == normal_id(case.order_number),
            PointsAccountRow.member_key == normal_id(case.member_id),
        )
        .order_by(PointsOrderRow.points_used.desc(), PointsOrderRow.site)
        .limit(1)
    ).first()


def not_cancelled(row: PointsOrderRow) -> None:
    """Make sure that an order was not cancelled.

    Raises:
        PointsRefused: `order_cancelled`.
    """
    if row.cancelled_at is not None:
        raise PointsRefused("order_cancelled", "the order was cancelled")


def shop_key(book: Book, what: str, *ids: str) -> str:
    """Return the key of what the shop, or a person, calls by ids of their own.

    An id stands as it was told: `aB3` and `Ab3` may be two grants. All but the last
    have their length before them, since an id may hold the colon.
    """
    *first, last = ids
    parts = [f"{len(one)}.{one}" for one in first]
    return ":".join((what, book.account.site, *parts, last))


def member_key(book: Book, what: str, number: str) -> str:
    """Return the same where one id, such as a campaign's, may be many members'."""
    return shop_key(book, what, book.account.member_key, number)
