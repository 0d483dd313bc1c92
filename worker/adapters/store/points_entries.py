"""What the points ledger writes: entries under a key, and what an operation answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from worker.adapters.store.points_schema import PointsEntryRow
from worker.domain.points import EntryKind, PointsRefused


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose points, and on which site (P5)."""

    member_id: str
    site: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account's history; see PointsEntryRow."""

    entry_id: int
    kind: EntryKind
    points: int
    noted: int
    at: datetime
    order_key: str | None
    actor: str
    reason: str
    policy_version: str
    claim_id: int | None = None
    """The claim that was paid, where that moved the points."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What an operation wrote; `is_repeat` if an earlier one with its key did."""

    entries: tuple[Entry, ...]
    balance: int
    is_repeat: bool = False

    def points(self, kind: EntryKind) -> int:
        """Return what moved, or was noted, under a kind; never negative."""
        found = sum(e.points or e.noted for e in self.entries if e.kind is kind)
        return abs(found)


def claim_key(claim_id: int, number: int) -> str:
    """Return the key under which a claim's round is settled: claim:12:1."""
    return f"claim:{claim_id}:{number}"


def claim_of(key: str) -> int | None:
    """Return the claim of a key that `claim_key` made; None of any other."""
    what, _, rest = key.partition(":")
    return int(rest.partition(":")[0]) if what == "claim" else None


def key_reused() -> PointsRefused:
    """Return the refusal of a key that was used for something else before."""
    return PointsRefused("key_reused", "this id was used before, for something else")


def order_of_another() -> PointsRefused:
    """Return the refusal of an order that the ledger has as another member's."""
    return PointsRefused("order_of_another", "the order belongs to another member")


def to_entry(row: PointsEntryRow | sa.Row[Any]) -> Entry:
    """Return the noun of an entry's row."""
    return Entry(
        row.id,
        EntryKind(row.kind),
        row.points,
        row.noted,
        row.at,
        row.order_key,
        row.actor,
        row.reason,
        row.policy_version,
        claim_of(row.key),
    )
