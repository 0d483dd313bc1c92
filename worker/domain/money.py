"""Money: an exact decimal amount and its currency, rounded in one place only."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

CENT = Decimal("0.01")
_TYPED = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?")
"""What NUMERIC(12,2) holds."""


def cents(amount: Decimal) -> Decimal:
    """Return the amount rounded to two decimals, halves away from zero.

    30.005 gives 30.01, where half-even would give 30.00 (EX-03).

    Source: clauses.md section 0, rule 4.
    """
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def typed(text: str) -> Decimal | None:
    """Return an amount as a person types it, such as 124.50; None where it is none."""
    return Decimal(text.strip()) if _TYPED.fullmatch(text.strip()) else None


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in one currency; operations on two currencies raise ValueError."""

    amount: Decimal
    currency: str = "USD"

    @classmethod
    def of(cls, text: str | int | Decimal, currency: str = "USD") -> Self:
        """Return the amount rounded to cents."""
        return cls(cents(Decimal(text)), currency)

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __str__(self) -> str:
        return f"{cents(self.amount):,.2f} {self.currency}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            message = f"cannot combine {self.currency} with {other.currency}"
            raise ValueError(message)
