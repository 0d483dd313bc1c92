"""What a proof of purchase says that the order was worth, beside the order directory.

Money comes from the directory (clause G5). A paper that clearly says otherwise is
shown to the reviewer, so wherever a sum may mean something else, nothing is compared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from worker.domain.amounts import value_usd
from worker.domain.documents import DocumentKind, Piece
from worker.domain.money import cents
from worker.domain.orders import Order
from worker.domain.papers import Amount, TextReading

TOLERANCE = Decimal("0.25")
"""Of what the directory explains: taxes and rates of exchange. Our choice."""


@dataclass(frozen=True, slots=True)
class Explained:
    """The totals in USD that a paper of an order may show."""

    least: Decimal
    most: Decimal

    def __contains__(self, total: Decimal) -> bool:
        return self.least <= total <= self.most


def explained(order: Order) -> Explained:
    """Return from the cheapest package's goods to the whole order with all its fees.

    A quarter is allowed on either side. Points may have paid for any part of it, so
    with those there is no least.

    Source: clause G5.
    """
    values = [
        (value_usd(package) or package.sales_price_usd, package.sales_price_usd)
        for package in order.packages
    ]
    least = min((min(pair) for pair in values), default=Decimal(0))
    most = sum((max(pair) for pair in values), order.guarantee_fee_usd or Decimal(0))
    most += sum(package.shipping_fee_usd for package in order.packages)
    if order.points_applied:
        least = Decimal(0)
    return Explained(cents(least * (1 - TOLERANCE)), cents(most * (1 + TOLERANCE)))


def total_usd(reading: TextReading, order: Order) -> Decimal | None:
    """Return the total that a paper shows in USD, or None where that is not certain.

    It must name the order and have a total in USD, or in the order's own currency
    with a known rate. Of several totals one that the directory explains is believed;
    another sum that it explains, and no such total, leaves all open.

    Source: clause G5.
    """
    totals = _worths(reading.totals, order)
    if not reading.names_order or not totals:
        return None
    range_ = explained(order)
    fitting = [total for total in totals if total in range_]
    if fitting:
        return max(fitting)
    if any(worth in range_ for worth in _worths(reading.amounts, order)):
        return None
    return max(totals)


def differing(pieces: Iterable[Piece], order: Order) -> tuple[Piece, ...]:
    """Return the proofs of purchase that the directory clearly does not explain.

    None of them where one alone, or all together (an invoice for each item), are
    explained.
    """
    proofs = {
        piece.sha256: piece
        for piece in pieces
        if piece.kind is DocumentKind.PROOF_OF_PURCHASE and piece.why is None
    }
    totals = [p.total_usd for p in proofs.values() if p.total_usd is not None]
    range_ = explained(order)
    if not totals or any(t in range_ for t in (*totals, sum(totals, Decimal(0)))):
        return ()
    return tuple(piece for piece in proofs.values() if piece.total_usd is not None)


# -- private ------------------------------------------------------------------------

_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN"})
_CURRENCIES = {
    "$": _DOLLARS,
    "dollar": _DOLLARS,
    "dollars": _DOLLARS,
    "us$": frozenset({"USD"}),
    "c$": frozenset({"CAD"}),
    "ca$": frozenset({"CAD"}),
    "a$": frozenset({"AUD"}),
    "au$": frozenset({"AUD"}),
    "hk$": frozenset({"HKD"}),
    "nt$": frozenset({"TWD"}),
    "s$": frozenset({"SGD"}),
    "mx$": frozenset({"MXN"}),
    "€": frozenset({"EUR"}),
    "euro": frozenset({"EUR"}),
    "euros": frozenset({"EUR"}),
    "£": frozenset({"GBP"}),
    "¥": frozenset({"CNY", "JPY"}),
    "元": frozenset({"CNY", "TWD"}),
    "円": frozenset({"JPY"}),
    "rmb": frozenset({"CNY"}),
    "₩": frozenset({"KRW"}),
    "원": frozenset({"KRW"}),
    "₹": frozenset({"INR"}),
    "zl": frozenset({"PLN"}),
    "kc": frozenset({"CZK"}),
    "kr": frozenset({"SEK", "NOK", "DKK"}),
}
"""What a sign may stand for. A code of three letters stands for itself."""
_CODE_LETTERS = 3
_MOST = Decimal(100_000_000)
"""More is a number of something else; the column holds ten digits."""


def _worths(amounts: Iterable[Amount], order: Order) -> list[Decimal]:
    rates = {p.currency: p.fx_rate for p in order.packages if p.fx_rate is not None}
    rates["USD"] = Decimal(1)
    found = (_worth(amount, rates) for amount in amounts)
    return [worth for worth in found if worth is not None]


def _worth(amount: Amount, rates: dict[str, Decimal]) -> Decimal | None:
    """The amount in USD, where its sign stands for just one currency of the order."""
    sign = amount.currency or ""
    may_be = _CURRENCIES.get(sign, frozenset())
    if not may_be and len(sign) == _CODE_LETTERS and sign.isascii():
        may_be = frozenset({sign.upper()})
    meant = may_be & rates.keys()
    if len(meant) != 1 or amount.value > _MOST:
        return None
    (currency,) = meant
    return cents(amount.value / rates[currency])
