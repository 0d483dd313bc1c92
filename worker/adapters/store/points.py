"""The points ledger: accounts, lots, entries; every write locks its account's row.

What an operation does is written under its key. The same key again changes nothing and
answers what was done the first time, so a shop may repeat whatever it is unsure of.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, insert
from worker.adapters.store.points_schema import (
    PointsAccountRow,
    PointsEntryRow,
    PointsLotRow,
    PointsMoveRow,
    PointsOrderRow,
)
from worker.domain.orders import normal_id
from worker.domain.points import EARNED, EntryKind, Lot, Take, Used
from worker.domain.policy import Policy
from worker.ports import Clock

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account's history; see PointsEntryRow."""

    kind: EntryKind
    points: int
    noted: int
    at: datetime
    order_number: str | None
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Posted:
    """What an operation wrote; `is_repeat` if an earlier one with its key did."""

    entries: tuple[Entry, ...]
    balance: int
    is_repeat: bool = False

    def points(self, kind: EntryKind) -> int:
        """Return what moved, or was noted, under a kind."""
        return sum(e.points or e.noted for e in self.entries if e.kind is kind)


@dataclass(slots=True)
class Book:
    """A locked account within one transaction; what has expired is written off."""

    session: Session
    account: PointsAccountRow
    now: datetime
    day: date
    policy: Policy
    actor: str = SYSTEM
    reason: str = ""

    def repeated(self, key: str) -> Posted | None:
        """Return what the operation of a key did, or None if there was none."""
        found = self.session.execute(
            sa.select(PointsEntryRow)
            .where(
                PointsEntryRow.account_id == self.account.id,
                PointsEntryRow.key.in_([key, *(f"{key}:{kind}" for kind in EntryKind)]),
            )
            .order_by(PointsEntryRow.id)
        ).scalars()
        entries = tuple(map(to_entry, found))
        if not entries:
            return None
        return Posted(entries, self.account.balance, is_repeat=True)

    def write(
        self,
        key: str,
        kind: EntryKind,
        *,
        points: int = 0,
        noted: int = 0,
        order: str | None = None,
    ) -> PointsEntryRow:
        """Append an entry and return its row, with its number."""
        row = PointsEntryRow(
            account_id=self.account.id,
            key=key,
            kind=kind,
            points=points,
            noted=noted,
            at=self.now,
            day=self.day,
            order_key=None if order is None else normal_id(order),
            policy_version=self.policy.version,
            actor=self.actor,
            reason=self.reason,
        )
        self.session.add(row)
        self.account.balance += points
        self.session.flush()
        return row

    def open_lot(
        self, entry: PointsEntryRow, points: int, category: str, end: datetime | None
    ) -> None:
        """Add a lot with what an entry brought."""
        lot = PointsLotRow(
            account_id=self.account.id,
            entry_id=entry.id,
            category=category,
            points=points,
            left_over=points,
            earned_at=self.now,
            expires_at=end,
        )
        self.session.add(lot)
        self.session.flush()
        self._link(entry, Take(lot.id, points))

    def take(self, entry: PointsEntryRow, takes: Iterable[Take]) -> None:
        """Take points out of lots, for an entry."""
        for take in takes:
            self._change(take.lot_id, -take.points)
            self._link(entry, replace(take, points=-take.points))

    def put_back(self, entry: PointsEntryRow, takes: Iterable[Take]) -> None:
        """Put points back into the lots that they came from, for an entry."""
        for take in takes:
            self._change(take.lot_id, take.points)
            self._link(entry, take)

    def lots(self) -> list[Lot]:
        """Return the lots that have something left."""
        rows = self.session.execute(
            sa.select(PointsLotRow).where(
                PointsLotRow.account_id == self.account.id, PointsLotRow.left_over > 0
            )
        ).scalars()
        return [to_lot(row) for row in rows]

    def used_by(self, order_number: str) -> list[Used]:
        """Return what an order used of which lots and did not get back, as it was used.

        What had expired when it was due back counts as given back.
        """
        rows = self.session.execute(
            sa.select(PointsLotRow, sa.func.sum(-PointsMoveRow.points))
            .join(PointsMoveRow, PointsMoveRow.lot_id == PointsLotRow.id)
            .join(PointsEntryRow, PointsEntryRow.id == PointsMoveRow.entry_id)
            .where(
                PointsEntryRow.account_id == self.account.id,
                PointsEntryRow.order_key == normal_id(order_number),
                PointsEntryRow.kind.in_(
                    [
                        EntryKind.REDEEMED,
                        EntryKind.ORDER_CANCELLED,
                        EntryKind.RETURNED,
                        EntryKind.REFUND_EXPIRED,
                    ]
                ),
            )
            .group_by(PointsLotRow.id)
            .order_by(sa.func.min(PointsMoveRow.entry_id), PointsLotRow.id)
        )
        return [Used(to_lot(lot), points) for lot, points in rows if points > 0]

    def received_today(self) -> int:
        """Return what the account was given on this day, for the daily limit (P11)."""
        return self.session.execute(
            sa.select(sa.func.coalesce(sa.func.sum(PointsEntryRow.points), 0)).where(
                PointsEntryRow.account_id == self.account.id,
                PointsEntryRow.day == self.day,
                PointsEntryRow.kind.in_(EARNED),
            )
        ).scalar_one()

    def order(self, order_number: str) -> PointsOrderRow | None:
        """Return what is known of an order of this account, or None."""
        row = self.session.get(
            PointsOrderRow, (self.account.site, normal_id(order_number))
        )
        return row if row is not None and row.account_id == self.account.id else None

    def expire(self) -> int:
        """Write off the lots whose last day is over; return the points."""
        rows = self.session.execute(
            sa.select(PointsLotRow).where(
                PointsLotRow.account_id == self.account.id,
                PointsLotRow.left_over > 0,
                PointsLotRow.expires_at <= self.now,
            )
        ).scalars()
        total = 0
        for lot in rows.all():
            left = lot.left_over
            # A lot that was filled again after it had been written off has another.
            written = f"expired:{lot.id}:{self._link_count(lot.id)}"
            entry = self.write(written, EntryKind.EXPIRED, points=-left)
            self.take(entry, [Take(lot.id, left)])
            total += left
        return total

    def _link(self, entry: PointsEntryRow, take: Take) -> None:
        self.session.add(
            PointsMoveRow(entry_id=entry.id, lot_id=take.lot_id, points=take.points)
        )
        self.session.flush()

    def _link_count(self, lot_id: int) -> int:
        return self.session.execute(
            sa.select(sa.func.count())
            .select_from(PointsMoveRow)
            .where(PointsMoveRow.lot_id == lot_id)
        ).scalar_one()

    def _change(self, lot_id: int, points: int) -> None:
        lot = self.session.get_one(PointsLotRow, lot_id)
        lot.left_over += points


class PointsBooks:
    """Opens accounts for writing, and reads them.

    Args:
        database: where they are.
        clock: business time.
        policy: limits, lifetimes, and the zone of a day.
    """

    def __init__(self, database: Database, *, clock: Clock, policy: Policy) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy

    @contextmanager
    def opened(
        self, member_id: str, site: str, *, actor: str = SYSTEM, reason: str = ""
    ) -> Iterator[Book]:
        """Yield a member's account on a site, locked until the commit.

        It is opened where there is none. What has expired is written off first, so
        the balance is what can be used now.
        """
        with self._database.write() as session:
            book = self.book(session, member_id, site)
            book.actor, book.reason = actor, reason
            yield book

    def book(self, session: Session, member_id: str, site: str) -> Book:
        """Return the account within a caller's transaction; see `opened`."""
        now = self._clock.now()
        session.execute(
            insert(session, PointsAccountRow)
            .values(
                member_key=normal_id(member_id), site=site, balance=0, opened_at=now
            )
            .on_conflict_do_nothing(index_elements=["member_key", "site"])
        )
        account = session.execute(
            sa.select(PointsAccountRow)
            .where(
                PointsAccountRow.member_key == normal_id(member_id),
                PointsAccountRow.site == site,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalar_one()
        day = now.astimezone(ZoneInfo(self._policy.policy_tz)).date()
        book = Book(session, account, now, day, self._policy)
        book.expire()
        return book

    def balance(self, member_id: str, site: str) -> int:
        """Return what a member can use now on a site; 0 without an account."""
        now = self._clock.now()
        with self._database.read() as session:
            return session.execute(
                sa.select(sa.func.coalesce(sa.func.sum(PointsLotRow.left_over), 0))
                .join(PointsAccountRow, PointsAccountRow.id == PointsLotRow.account_id)
                .where(
                    PointsAccountRow.member_key == normal_id(member_id),
                    PointsAccountRow.site == site,
                    PointsLotRow.left_over > 0,
                    sa.or_(
                        PointsLotRow.expires_at.is_(None), PointsLotRow.expires_at > now
                    ),
                )
            ).scalar_one()

    def expired(self, *, limit: int) -> list[tuple[str, str]]:
        """Return (member key, site) of accounts with lots to write off, oldest first.

        The cost depends on what has expired, not on what exists.
        """
        with self._database.read() as session:
            rows = session.execute(
                sa.select(PointsAccountRow.member_key, PointsAccountRow.site)
                .join(PointsLotRow, PointsLotRow.account_id == PointsAccountRow.id)
                .where(
                    PointsLotRow.left_over > 0,
                    PointsLotRow.expires_at <= self._clock.now(),
                )
                .order_by(PointsLotRow.expires_at, PointsLotRow.id)
                .limit(limit)
            )
            return list(dict.fromkeys((row.member_key, row.site) for row in rows))


def to_lot(row: PointsLotRow) -> Lot:
    """Return the noun of a lot's row."""
    return Lot(row.id, row.left_over, row.earned_at, row.expires_at)


def to_entry(row: PointsEntryRow) -> Entry:
    """Return the noun of an entry's row."""
    return Entry(
        EntryKind(row.kind),
        row.points,
        row.noted,
        row.at,
        row.order_key,
        row.actor,
        row.reason,
    )
