"""The instants of a claim, as rows of a table and as points of a picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.domain.claim import Claim
from worker.domain.deadlines import utc
from worker.domain.documents import DocumentKind
from worker.domain.orders import Order, Precision, When

WIDTH, MARGIN = 1000, 24
LEAST_GAP = 30
"""Between the middles of two points of the picture, so that numbers stay readable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """One instant: `tone` is plain, decides, due or now; `why` says what it decided."""

    label: str
    at: datetime
    source: str
    tone: str = "plain"
    why: str = ""
    until: datetime | None = None
    """The last instant that a date alone may mean."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the picture: its place, and the number of its row."""

    x: int
    number: int
    instant: Instant


def instants(claim: Claim, order: Order | None, *, now: datetime) -> list[Instant]:
    """Return what happened and what is due, oldest first, with the present."""
    found = [*_of_order(claim, order), *_of_claim(claim)]
    found.append(Instant(label="Now", at=now, source="this page", tone="now"))
    return sorted(found, key=lambda one: utc(one.at))


def dots(found: Sequence[Instant]) -> list[Dot]:
    """Return the places of instants on a line, as far apart as they are in time.

    Those that would cover each other are moved apart.
    """
    if not found:
        return []
    begin, end = utc(found[0].at), utc(found[-1].at)
    length = max((end - begin).total_seconds(), 1.0)
    room = WIDTH - 2 * MARGIN
    places = [
        MARGIN + room * (utc(one.at) - begin).total_seconds() / length for one in found
    ]
    gap = min(LEAST_GAP, room / max(len(places) - 1, 1))
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + gap)
    last = float(WIDTH - MARGIN)
    for number in reversed(range(len(places))):
        places[number] = min(places[number], last)
        last = places[number] - gap
    return [
        Dot(round(x), number, one)
        for number, (x, one) in enumerate(zip(places, found, strict=True), start=1)
    ]


def _of_order(claim: Claim, order: Order | None) -> Iterator[Instant]:
    if order is None:
        return
    source = "order directory"
    package = order.package(claim.package_id)
    if package is None and len(order.packages) == 1:
        package = order.packages[0]
    yield from _recorded("Ordered", order.placed, source)
    if package is None:
        return
    yield from _recorded("Arrived", package.arrived, source, "the 30 days begin (C12)")
    delivered, collected = package.delivered, package.collected
    counts = "the 24 hours begin (C11)"
    yield from _recorded("Delivered", delivered, source, counts)
    yield from _recorded("Collected", collected, source, "" if delivered else counts)


def _recorded(
    label: str, when: When | None, source: str, why: str = ""
) -> Iterator[Instant]:
    if when is None:
        return
    yield Instant(
        label=label,
        at=when.earliest_at,
        source=f"{source}, as “{when.written}”",
        tone="decides" if why else "plain",
        why=why,
        until=when.latest_at if when.precision is not Precision.SECOND else None,
    )


def _of_claim(claim: Claim) -> Iterator[Instant]:
    yield Instant(
        label="Claim received",
        at=claim.received_at,
        source="our servers",
        tone="decides",
        why="ends the 24 hours (C11) and the 30 days (C12)",
    )
    rows = (
        ("Sender proven", claim.released_at, "a proven mail, or a person", "", ""),
        ("Documents asked for", claim.documents_asked_at, "our e-mail", "", ""),
        ("Documents due", claim.documents_due_at, "our e-mail", "due", ""),
        (
            "Documents complete",
            claim.docs_complete_at,
            f"receipt of the last of {', '.join(DocumentKind)}",
            "decides",
            "our seven days begin (C10)",
        ),
        ("Next date promised", claim.promised_at, "our e-mail", "", ""),
        ("First answer", claim.responded_at, "the relay's 250", "decides", ""),
        ("Answer due", claim.respond_by, "clause C10", "due", "our seven days end"),
    )
    for label, at, source, tone, why in rows:
        if at is not None:
            yield Instant(
                label=label, at=at, source=source, tone=tone or "plain", why=why
            )
