"""Values of facts that read differently in each language, as plain data.

The renderer turns them into words of the member's language; see
`worker/adapters/languages.py`.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from worker.domain.amounts import AmountLine
from worker.domain.money import Money
from worker.domain.orders import Precision, When

Value = dict[str, Any]


def instant(at: datetime, zone: str | None = None, *, is_exact: bool = False) -> Value:
    """Return an instant, told in UTC and in the destination's zone.

    Args:
        at: the instant (aware).
        zone: an IANA name; an unknown one is left out, as is UTC itself.
        is_exact: whether seconds other than zero are shown.

    Source: lifecycle.md section 7 (times with zone name).
    """
    return {"instant": at.isoformat(), "zone": zone, "is_exact": is_exact}


def recorded(when: When, zone: str | None = None) -> Value:
    """Return a directory time, told as exactly as it was written and no more."""
    if when.precision is Precision.DAY:
        return {"day_from": when.earliest_at.isoformat(), "zone": zone}
    return instant(when.earliest_at, zone, is_exact=True)


def span(length: timedelta) -> Value:
    """Return a length of time, told without its sign."""
    return {"span_s": int(length.total_seconds())}


def money(amount: Money) -> Value:
    """Return an amount with its currency."""
    return {"amount_of": f"{amount.amount:.2f}", "currency": amount.currency}


_N = r"([\d,]+(?:\.\d+)?)"
_LABELS = {
    "goods_lower": rf"Goods: the lower of value {_N} and sales price {_N}",
    "goods_lower_foreign": rf"Goods: the lower of value ([A-Z]{{3}}) {_N} at (\S+)"
    rf" = {_N} and sales price {_N}",
    "goods_price_only": rf"Goods: sales price {_N}; no rate for ([A-Z]{{3}})",
    "goods_audited": rf"Goods: audited, at most {_N}",
    "shipping_all": "Shipping: 100%",
    "shipping_share": rf"Shipping: share of {_N}, optional and not included",
    "shipping_audited": "Shipping: as audited",
    "shipping_damage": rf"Shipping: at most 30% of {_N}",
    "product_goods": rf"Product: goods {_N}, at most {_N}",
    "product_loss": rf"Product: audited loss {_N}, at most {_N}",
    "points": rf"Part paid with {_N} points, returned as points",
    "smaller_part": "Only the smaller part counts",
    "limit": rf"Limit of {_N} a package",
    "not_bought": "The Logistics Guarantee was not bought",
    "contents_whole": "The contents are not damaged",
    "packaging_whole": "The outer packaging is intact",
}
"""The labels of `domain/amounts.py`, by the code that templates have words for."""


def amount_line(line: AmountLine) -> dict[str, Any]:
    """Return a line of the arithmetic: its label by code, with the figures in it.

    A label that is not known, such as one that staff wrote, is told as it stands.
    """
    about = {"clause": line.clause, "money": money(line.amount)}
    for code, pattern in _LABELS.items():
        if found := re.fullmatch(pattern, line.label):
            return about | {"label": code, "figures": [*map(_figure, found.groups())]}
    words = " ".join("".join(c if c.isprintable() else " " for c in line.label).split())
    return about | {"label": "other", "figures": [words]}


def _figure(text: str) -> Value | str:
    """Return an amount with two decimals as a value, everything else as it stands."""
    if not re.fullmatch(r"[\d,]+\.\d\d", text):
        return text
    return {"amount_of": text.replace(",", ""), "currency": None}
