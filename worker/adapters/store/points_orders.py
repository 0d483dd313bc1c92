"""The orders that the points ledger knows, and the keys of what happens to them."""

from dataclasses import dataclass

from worker.adapters.store.points import Book
from worker.adapters.store.points_schema import PointsOrderRow
from worker.domain.points import PointsRefused
from worker.domain.settlement import OrderPoints


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


def known(book: Book, order_number: str) -> PointsOrderRow:
    """Return the row of an order that was told before.

    Raises:
        PointsRefused: `order_unknown`.
    """
    row = book.order(order_number)
    if row is None:
        raise PointsRefused("order_unknown", "the ledger does not know this order")
    return row


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
