"""What each line of the arithmetic is called: a code, its figures, and English words.

The words are sentences of the e-mails' catalogs too, so a member reads the same line
in another language; `worker/replies/values.py` hands them over untranslated.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from worker.domain.money import Money

Figure = Money | Decimal | int | str
"""An amount, a rate of exchange, a count of points, or the code of a currency."""


class LineKind(StrEnum):
    """What one line of the arithmetic stands for."""

    GOODS_LOWER = "goods_lower"
    GOODS_LOWER_FOREIGN = "goods_lower_foreign"
    GOODS_PRICE_ONLY = "goods_price_only"
    GOODS_AUDITED = "goods_audited"
    SHIPPING_ALL = "shipping_all"
    SHIPPING_SHARE = "shipping_share"
    SHIPPING_AUDITED = "shipping_audited"
    SHIPPING_DAMAGE = "shipping_damage"
    PRODUCT_GOODS = "product_goods"
    PRODUCT_LOSS = "product_loss"
    POINTS = "points"
    SMALLER_PART = "smaller_part"
    LIMIT = "limit"
    NOT_BOUGHT = "not_bought"
    CONTENTS_WHOLE = "contents_whole"
    PACKAGING_WHOLE = "packaging_whole"


LABELS: dict[LineKind, str] = {
    LineKind.GOODS_LOWER: (
        "Goods, the lower of value %(value)s and sales price %(price)s"
    ),
    LineKind.GOODS_LOWER_FOREIGN: (
        "Goods, the lower of value %(foreign)s at %(rate)s = %(value)s"
        " and sales price %(price)s"
    ),
    LineKind.GOODS_PRICE_ONLY: (
        "Goods, sales price %(price)s; no rate for %(currency)s"
    ),
    LineKind.GOODS_AUDITED: "Goods, audited, at most %(most)s",
    LineKind.SHIPPING_ALL: "Shipping, 100%% of %(paid)s",
    LineKind.SHIPPING_SHARE: (
        "Shipping, share of %(share)s, optional and not included"
    ),
    LineKind.SHIPPING_AUDITED: "Shipping, as audited",
    LineKind.SHIPPING_DAMAGE: "Shipping, at most 30%% of %(paid)s",
    LineKind.PRODUCT_GOODS: "Product, goods %(loss)s, at most %(most)s",
    LineKind.PRODUCT_LOSS: "Product, audited loss %(loss)s, at most %(most)s",
    LineKind.POINTS: "Part paid with %(points)s points, returned as points",
    LineKind.SMALLER_PART: "Only the smaller part counts",
    LineKind.LIMIT: "Limit of %(most)s a package",
    LineKind.NOT_BOUGHT: "The Logistics Guarantee was not bought",
    LineKind.CONTENTS_WHOLE: "The contents are not damaged",
    LineKind.PACKAGING_WHOLE: "The outer packaging is intact",
}
"""English words of each line; a placeholder for each of its figures."""


def label(kind: LineKind, figures: Mapping[str, Figure]) -> str:
    """Return the English words of a line, for staff and for programs.

    Amounts in USD, the currency of the line itself, go without it: "Shipping, at most
    30% of 62.50", but "HKD 3,900.00 at 7.80 = 500.00".
    """
    return LABELS[kind] % {name: _in_words(figure) for name, figure in figures.items()}


def _in_words(figure: Figure) -> str:
    match figure:
        case Money(amount, "USD"):
            return f"{amount:,.2f}"
        case Money(amount, currency):
            return f"{currency} {amount:,.2f}"
        case int():
            return f"{figure:,}"
        case _:
            return str(figure)
