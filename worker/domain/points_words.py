"""The history of an account in words, for whoever reads it."""

from worker.domain.points import Category, EntryKind

_TOLD: dict[EntryKind, tuple[str, str]] = {
    EntryKind.EMAIL_VERIFIED: ("E-mail address verified", ""),
    EntryKind.ORDER_CONFIRMED: ("Delivery confirmed", "of order"),
    EntryKind.REVIEW_APPROVED: ("Review approved", "of order"),
    EntryKind.GRANTED: ("Won in an event or a game", ""),
    EntryKind.REDEEMED: ("Paid for products", "of order"),
    EntryKind.SPENT_ON_EVENT: ("Spent on a coupon or a game", ""),
    EntryKind.ORDER_CANCELLED: ("Came back: unpaid order cancelled", "order"),
    EntryKind.RETURNED: ("Came back: goods refunded", "order"),
    EntryKind.REFUND_EXPIRED: ("Had expired, so it did not come back", "order"),
    EntryKind.EARNED_DEDUCTED: ("Taken back: earned with goods refunded", "order"),
    EntryKind.SHORTFALL: ("Not taken back: the account held no more", "order"),
    EntryKind.ORDER_OF_ANOTHER: ("Moved nothing: another member's here", "order"),
    EntryKind.FORFEITED: ("Not given: over the daily limit", "order"),
    EntryKind.EXPIRED: ("Expired unused", ""),
    EntryKind.ADJUSTED: ("Adjusted by a person", ""),
}
OF_ANOTHER_MEMBER = (
    "The ledger knows this order under another member: paying moves no points."
)
"""Of a claim, for staff."""
CATEGORIES = {
    Category.VERIFIED: "E-mail address verified",
    Category.PURCHASE: "Purchase",
    Category.REVIEW: "Review",
    Category.EVENT: "Event or game",
    Category.RETURNED: "Came back, lot unknown",
    Category.ADJUSTED: "Given by a person",
}
"""What a lot was received for."""


def in_words(kind: EntryKind, order_key: str | None) -> str:
    """Return what happened: `Delivery confirmed of order ORD-1`."""
    what, about = _TOLD[kind]
    if order_key is None or not about:
        return what
    comma = "" if about.startswith("of") else ","
    return f"{what}{comma} {about} {order_key.upper()}"
