"""What a draft says after staff have edited and sent it: the amount, the clauses.

Read for certain or not at all: every alternative of the body must say the same, and
where it does not, a person is asked. The places where to look come from the draft.

Source: lifecycle.md section 8, point 9.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.money import Money
from worker.domain.reply import gaps

AMOUNT_GAP = "[amount]"
CONTEXT_CHARS = 16
"""Words before the amount by which its place is known again. Our choice."""
_NOISE = re.compile(r"[\s\u00a0\u202f*_>|#=:\uff1a-]+")
_MONEY = re.compile(
    r" ?(?:USD|US\$|\$)? ?(\d+(?:[.,'\u2019]\d+)*)(?![.,']?\d| \d)"
    r"(?: ?(USD|US\$|\$|[A-Z]{3}\b|[€£¥]))?"
)
_IN_DOLLARS = re.compile(
    r"(?:USD|US\$|\$)\s?(\d+(?:[.,'\u2019]\d+)*)"
    r"|(\d+(?:[.,'\u2019]\d+)*)\s?"
    r"(?:USD|US\$|\$|US-Dollar|[Dd]ollars?\b|[Dd]ólares|美元)"
)
_DOLLARS = frozenset({None, "USD", "US$", "$"})
_CLAUSE = re.compile(r"\b([CGXP]\d{1,2}[ab]?)\b")


def open_gaps(draft: tuple[str, ...], sent: tuple[str, ...]) -> tuple[str, ...]:
    """Return the placeholders of the draft that still stand in what was sent."""
    wanted = {gap for text in draft for gap in gaps(text)}
    return tuple(sorted(gap for gap in wanted if any(gap in text for text in sent)))


def read_amount(draft: tuple[str, ...], sent: tuple[str, ...]) -> Money | None:
    """Return the amount that a sent approval names, or None where that is in doubt.

    Args:
        draft: text and HTML of the draft, with AMOUNT_GAP where the amount belongs.
        sent: each alternative of the body that was sent.
    """
    places = {place for text in draft for place in _places(_flat(text))}
    found: set[Money | None] = set()
    for text in sent:
        amounts = set(_amounts(_flat(text), places))
        found |= amounts or {None}
    return found.pop() if len(found) == 1 else None


def amounts_in(text: str) -> frozenset[Money | None]:
    """Return the dollar amounts that a text names; None for one in doubt."""
    found = (_number(before or behind) for before, behind in _IN_DOLLARS.findall(text))
    return frozenset(None if one is None else Money(one) for one in found)


def read_clauses(text: str) -> frozenset[ClauseId]:
    """Return the clauses that a text names and quotes in full."""
    flat = _flat(text)
    named = set(_CLAUSE.findall(flat))
    return frozenset(
        number
        for number, clause in CLAUSES.items()
        if number in named and _flat(clause.text) in flat
    )


def cited(
    draft: tuple[str, ...], sent: tuple[str, ...], relied_on: tuple[ClauseId, ...]
) -> tuple[ClauseId, ...]:
    """Return the clauses on which a sent rejection rests; none: in doubt.

    What the draft quotes besides, for the reader's understanding, is none of them.

    Args:
        draft: text and HTML of the draft.
        sent: each alternative of the body that was sent.
        relied_on: the clauses of the failed checks, which the draft rejects by.
    """
    readings = {read_clauses(text) for text in sent}
    if len(readings) != 1:
        return ()
    said = readings.pop()
    besides = frozenset[ClauseId]().union(*map(read_clauses, draft)) - set(relied_on)
    return tuple(sorted(said - besides))


def _flat(text: str) -> str:
    return _NOISE.sub(" ", text)


def _places(flat: str) -> Iterator[str]:
    """Yield the words before each gap."""
    before = 0
    while (at := flat.find(AMOUNT_GAP, before)) >= 0:
        yield flat[max(before, at - CONTEXT_CHARS) : at].rstrip()
        before = at + len(AMOUNT_GAP)


def _amounts(flat: str, places: set[str]) -> Iterator[Money | None]:
    for place in places:
        for match in re.finditer(re.escape(place), flat):
            yield _money(flat, match.end())


def _money(flat: str, position: int) -> Money | None:
    match = _MONEY.match(flat, position)
    if match is None or match[2] not in _DOLLARS:
        return None
    number = _number(match[1])
    return None if number is None else Money(number)


def _number(text: str) -> Decimal | None:
    """Return a number in any usual writing; "1,234" may be two, so it is none."""
    whole, mark, cents = text, "", "00"
    decimals = re.fullmatch(r"(.*\d)([.,])(\d\d)", text)
    if decimals is not None:
        whole, mark, cents = decimals.groups()
    groups = re.split(r"[.,'\u2019]", whole)
    marks = set(re.findall(r"[.,'\u2019]", whole))
    is_grouped = all(len(group) == 3 for group in groups[1:])  # noqa: PLR2004 - thousands
    if len(marks) > 1 or mark in marks or not is_grouped or len(groups[0]) > 10:  # noqa: PLR2004 - NUMERIC(12,2)
        return None
    if len(groups) == 2 and decimals is None:  # noqa: PLR2004 - one mark alone
        return None
    return Decimal(f"{''.join(groups)}.{cents}")
