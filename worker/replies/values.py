"""Values of facts that read differently in each language, as plain data.

The renderer turns them into words of the member's language; see
`worker/adapters/languages.py`.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from worker.domain.amount_labels import LABELS, Figure
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


def amount_line(line: AmountLine) -> dict[str, Any]:
    """Return a line of the arithmetic; its label is a sentence with figures."""
    figures = {name: _figure(figure) for name, figure in line.figures.items()}
    return {
        "label": {"sentence": LABELS[line.kind], "figures": figures},
        "money": money(line.amount),
        "clause": line.clause,
    }


def _figure(figure: Figure) -> Value | str:
    """Return a figure of a label; USD, the line's own currency, is not named again."""
    match figure:
        case Money(amount, "USD"):
            return {"amount_of": f"{amount:.2f}", "currency": None}
        case Money():
            return money(figure)
        case Decimal() | int():
            return {"digits": str(figure)}
        case str():
            return figure
