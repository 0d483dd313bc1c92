"""Exclusions: what the record hints at, clause by clause; a person judges.

A hint carries its evidence and raises a flag. It refuses nothing and changes no
amount; while it stands, a second person looks at the decision (lifecycle.md T21).
What the record cannot hint at (X10, and the judgement of X9) a person flags.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from worker.domain.clauses import ClauseId
from worker.domain.lexicon import fold
from worker.domain.orders import Package

HISTORY_WINDOW = timedelta(days=365)
MANY_CLAIMS = 3
"""Earlier claims of a member within the window. Our choice."""
MANY_BOUNCES = 2
"""E-mails to the member that came back. Source: clauses.md X6 (at least 2 mails)."""


@dataclass(frozen=True, slots=True)
class History:
    """What the record knows of the member beside this claim.

    `claims` are earlier ones opened within a year, by number; `bounced` counts our
    e-mails about this claim that came back.
    """

    claims: tuple[str, ...] = ()
    bounced: int = 0
    photographs_of_others: tuple[str, ...] = ()
    """Claims of other members in which a photograph of this one was seen."""


NOTHING_KNOWN = History()


@dataclass(frozen=True, slots=True)
class Hint:
    """What speaks for an exclusion: the flag's code, a sentence, and its evidence."""

    clause: ClauseId
    code: str
    text: str
    evidence: str


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """What one code of the column `carrier_events` hints at."""

    clause: ClauseId
    words: str


CARRIER_EVENTS = {
    "weather": CarrierEvent(ClauseId("X2"), "severe weather on the way"),
    "lightning": CarrierEvent(ClauseId("X2"), "lightning on the way"),
    "earthquake": CarrierEvent(ClauseId("X2"), "an earthquake on the way"),
    "flood": CarrierEvent(ClauseId("X2"), "a flood on the way"),
    "tsunami": CarrierEvent(ClauseId("X2"), "a tsunami on the way"),
    "natural_disaster": CarrierEvent(ClauseId("X4"), "a natural disaster on the way"),
    "fire": CarrierEvent(ClauseId("X4"), "a fire on the way"),
    "address_problem": CarrierEvent(ClauseId("X5"), "a wrong or incomplete address"),
    "no_signature": CarrierEvent(ClauseId("X5"), "no signature at delivery"),
    "warehouse_unproven": CarrierEvent(
        ClauseId("X7"), "no proof of delivery to the warehouse"
    ),
    "recipient_fault": CarrierEvent(ClauseId("X9"), "the recipient's fault"),
    "vehicle_accident": CarrierEvent(ClauseId("X11"), "an accident of the vehicle"),
    "strike": CarrierEvent(ClauseId("X11"), "a strike"),
    "riot": CarrierEvent(ClauseId("X11"), "a riot"),
    "war": CarrierEvent(ClauseId("X11"), "war or terror"),
    "radioactive": CarrierEvent(ClauseId("X12"), "radioactive contamination"),
    "sanctions": CarrierEvent(ClauseId("X13"), "a control sanction"),
    "customs_ban": CarrierEvent(ClauseId("X14"), "a ban on import or export"),
}
"""Codes of the directory's column `carrier_events`."""
REFUSED = "refused_damaged"
"""The member refused the package for its damage, which C4 allows: no hint of X5."""
CATEGORIES = {
    "perishable": (ClauseId("X1"), "goods_perishable", "may spoil by themselves"),
    "temperature_sensitive": (
        ClauseId("X3"),
        "goods_temperature",
        "suffer from temperature or humidity",
    ),
}
"""Values of the directory's column `goods_category` that hint at something."""


def hints(package: Package | None, history: History) -> tuple[Hint, ...]:
    """Return what the record hints at, in the order of the clauses.

    Source: clauses X1 to X14.
    """
    rules: tuple[Callable[[Package], Iterator[Hint]], ...] = (
        _goods,
        _carrier,
        _addresses,
    )
    found = (
        [] if package is None else [hint for rule in rules for hint in rule(package)]
    )
    found += _member(history)
    return tuple(sorted(found, key=lambda hint: int(hint.clause[1:])))


def codes() -> frozenset[str]:
    """Return every code that a hint may have."""
    carrier = {f"carrier_{name}" for name in CARRIER_EVENTS}
    goods = {code for _, code, _ in CATEGORIES.values()}
    member = {"many_claims", "mail_bounced", "photo_of_another_member"}
    return frozenset(carrier | goods | member | {"address_differs"})


def _goods(package: Package) -> Iterator[Hint]:
    found = CATEGORIES.get(package.goods_category or "")
    if found is not None:
        clause, code, words = found
        yield Hint(
            clause,
            code,
            f"Goods of this kind {words}; that must be the cause.",
            f"order directory: goods_category {package.goods_category}",
        )


def _carrier(package: Package) -> Iterator[Hint]:
    for name in package.carrier_events:
        event = CARRIER_EVENTS.get(name)
        if event is None:
            continue
        if name == "no_signature" and REFUSED in package.carrier_events:
            continue  # Source: clauses.md X5, C4
        yield Hint(
            event.clause,
            f"carrier_{name}",
            f"The carrier reported {event.words}; that must be the cause.",
            f"order directory: carrier_events {name}",
        )


def _addresses(package: Package) -> Iterator[Hint]:
    ordered, member = package.delivery_address, package.profile_address
    if ordered is None or member is None or _plain(ordered) == _plain(member):
        return
    yield Hint(
        ClauseId("X8"),
        "address_differs",
        "The order's address is not the one that the Member Center had then.",
        "order directory: delivery_address, profile_address",
    )


def _member(history: History) -> Iterator[Hint]:
    clause = ClauseId("X6")
    if len(history.claims) >= MANY_CLAIMS:
        yield Hint(
            clause,
            "many_claims",
            f"The member has {len(history.claims)} earlier claims of the last year.",
            ", ".join(history.claims),
        )
    if history.bounced >= MANY_BOUNCES:
        yield Hint(
            clause,
            "mail_bounced",
            f"{history.bounced} e-mails to the member came back; try another way.",
            f"{history.bounced} bounced",
        )
    if history.photographs_of_others:
        yield Hint(
            clause,
            "photo_of_another_member",
            "A photograph nearly is one that another member sent.",
            ", ".join(history.photographs_of_others),
        )


def _plain(address: str) -> str:
    """Return an address as it is compared: no case, no accents, no punctuation."""
    return "".join(c for c in fold(address) if c.isalnum())
