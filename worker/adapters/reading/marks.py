"""Where a text names what decided: ids, amounts and words, whatever their spelling."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MOST_MARKS = 200
"""Of one text. Our choice."""
MOST_GAPS = 3
"""Characters that are neither letter nor digit between two of an id. Our choice."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something to find: `label` says to people what it is.

    An amount is written as `1234.50`, and found with any separators.
    """

    label: str
    value: str
    is_amount: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text, from `start` to before `end`."""

    start: int
    end: int
    label: str


def find(text: str, wanted: Iterable[Wanted]) -> tuple[Mark, ...]:
    """Return where a text has what is wanted, in order, none inside another.

    `ord 2026 1104-0183` is found for ORD-20261104-0183, `1.234,50` for 1234.50.
    """
    marks: list[Mark] = []
    for one in wanted:
        pattern = _pattern(one)
        if pattern is None:
            continue
        found = re.finditer(pattern, text, re.IGNORECASE)
        marks += [Mark(m.start(), m.end(), one.label) for m in found]
        if len(marks) > MOST_MARKS:
            break
    return tuple(_apart(marks))[:MOST_MARKS]


def _pattern(one: Wanted) -> str | None:
    """Return what an id or an amount may look like; None for what is too short."""
    if one.is_amount:
        whole, _, part = one.value.partition(".")
        if not whole.isdigit():
            return None
        cents = rf"[.,]{part}" if part.strip("0") else rf"(?:[.,]{part or '00'})?"
        least_digits = 3  # a bare 5 means nothing
        if len(whole) < least_digits and not part.strip("0"):
            cents = r"[.,]00"
        grouped = r"[.,' \u00a0]?".join(_in_threes(whole))
        return rf"(?<![\d.,]){grouped}{cents}(?![\d]|[.,]\d)"
    plain = unicodedata.normalize("NFKC", one.value)
    letters = [re.escape(c) for c in plain if c.isalnum()]
    least = 3
    if len(letters) < least:
        return None
    gap = rf"[\W_]{{0,{MOST_GAPS}}}"
    return rf"(?<![^\W_]){gap.join(letters)}(?![^\W_])"


def _in_threes(digits: str) -> list[str]:
    first = len(digits) % 3
    rest = [digits[n : n + 3] for n in range(first, len(digits), 3)]
    return [digits[:first], *rest] if first else rest


def _apart(marks: list[Mark]) -> Iterable[Mark]:
    """Yield the marks in order; of two that overlap the longer one."""
    end = 0
    for mark in sorted(marks, key=lambda m: (m.start, -m.end)):
        if mark.start >= end:
            end = mark.end
            yield mark
