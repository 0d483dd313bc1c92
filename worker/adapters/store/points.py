"""The points ledger: accounts, lots, entries; every write locks its account's row.

What an operation does is written under its key. The same key again changes nothing and
answers what was done the first time, so a shop may repeat whatever it is unsure of.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import exc
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
from worker.domain.points import (
    EARNED,
    Category,
    EntryKind,
    Lot,
    PointsRefused,
    Take,
    Used,
    in_order_of_use,
)
from worker.domain.policy import Policy
from worker.domain.settlement import FRESH_LOT
from worker.ports import Clock

SYSTEM = "system"
_OF_AN_ORDER = (
    EntryKind.REDEEMED,
    EntryKind.ORDER_CANCELLED,
    EntryKind.RETURNED,
    EntryKind.REFUND_EXPIRED,
)
"""What an order used, and what of it came back or would have."""


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


@dataclass(slots=True)
class Book:
    """A locked account within one transaction; what has expired is written off.

    `happened_at` dates what is received; `now` decides what has expired.
    """

    session: Session
    account: PointsAccountRow
    now: datetime
    policy: Policy
    happened_at: datetime
    actor: str = SYSTEM
    reason: str = ""
    _lots: dict[int, PointsLotRow] = field(default_factory=dict, repr=False)
    _written: list[PointsEntryRow] = field(default_factory=list, repr=False)

    def open(self) -> None:
        """Read the lots that have something left; write off what has expired."""
        rows = self.session.scalars(
            sa.select(PointsLotRow)
            .where(
                PointsLotRow.account_id == self.account.id, PointsLotRow.left_over > 0
            )
            .execution_options(populate_existing=True)
        )
        self._lots = {row.id: row for row in rows}
        for lot in in_order_of_use(self.lots()):
            if not lot.is_valid(self.now):
                self._write_off(lot)
        self._written.clear()

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone in which days begin and lots end."""
        return ZoneInfo(self.policy.policy_tz)

    def repeated(self, key: str, asked: Mapping[str, object]) -> Posted | None:
        """Return what the operation of a key did, or None if there was none.

        Raises:
            PointsRefused: `key_reused`: it was for another account, or something else.
        """
        rows = self.session.scalars(
            sa.select(PointsEntryRow)
            .where(PointsEntryRow.key == key)
            .order_by(PointsEntryRow.id)
        ).all()
        if not rows:
            return None
        if rows[0].account_id != self.account.id or rows[0].data != dict(asked):
            raise key_reused()
        return Posted(tuple(map(to_entry, rows)), self.account.balance, is_repeat=True)

    def write(
        self,
        key: str,
        kind: EntryKind,
        *,
        points: int = 0,
        noted: int = 0,
        order: str | None = None,
        asked: Mapping[str, object] | None = None,
    ) -> PointsEntryRow:
        """Append an entry and return its row, with its number."""
        at = self.happened_at if kind in EARNED else self.now
        row = PointsEntryRow(
            account_id=self.account.id,
            key=key,
            kind=kind,
            points=points,
            noted=noted,
            at=at,
            day=self._day(at),
            order_key=None if order is None else normal_id(order),
            policy_version=self.policy.version,
            actor=self.actor,
            reason=self.reason,
            data=dict(asked or {}),
        )
        self.session.add(row)
        self.account.balance += points
        self.session.flush()
        self._written.append(row)
        return row

    def posted(self) -> Posted:
        """Return what was written since the book was opened, expired lots apart."""
        return Posted(tuple(map(to_entry, self._written)), self.account.balance)

    def open_lot(
        self,
        entry: PointsEntryRow,
        points: int,
        category: Category,
        end: datetime | None,
    ) -> int:
        """Add a lot with what an entry brought; return its number."""
        row = PointsLotRow(
            account_id=self.account.id,
            entry_id=entry.id,
            category=category,
            points=points,
            left_over=points,
            earned_at=entry.at,
            expires_at=end,
        )
        self.session.add(row)
        self.session.flush()
        self._lots[row.id] = row
        self._link(entry, Take(row.id, points), 1)
        return row.id

    def take(
        self, entry: PointsEntryRow, takes: Iterable[Take], *, fresh: int | None = None
    ) -> None:
        """Take points out of lots, for an entry; `fresh` is the plan's new lot."""
        for one in takes:
            lot_id = fresh if one.lot_id == FRESH_LOT and fresh else one.lot_id
            self._lot(lot_id).left_over -= one.points
            self._link(entry, Take(lot_id, one.points), -1)

    def put_back(self, entry: PointsEntryRow, takes: Iterable[Take]) -> None:
        """Put points back into the lots that they came from, for an entry."""
        for one in takes:
            self._lot(one.lot_id).left_over += one.points
            self._link(entry, one, 1)

    def note(self, entry: PointsEntryRow, takes: Iterable[Take]) -> None:
        """Record to which lots points would have come back, had they not expired."""
        for one in takes:
            row = PointsMoveRow(
                entry_id=entry.id, lot_id=one.lot_id, noted=one.points, points=0
            )
            self.session.add(row)

    def lots(self) -> list[Lot]:
        """Return the lots that have something left."""
        return [to_lot(row) for row in self._lots.values() if row.left_over > 0]

    def used_by(self, order_number: str) -> list[Used]:
        """Return what an order used of which lots and did not get back, as it was used.

        What had expired when it was due back counts as given back.
        """
        return used_by(self.session, self.account.id, order_number)

    def received_on_that_day(self) -> int:
        """Return what the account was given on the day, for the daily limit (P11)."""
        return self.session.scalars(
            sa.select(sa.func.coalesce(sa.func.sum(PointsEntryRow.points), 0)).where(
                PointsEntryRow.account_id == self.account.id,
                PointsEntryRow.day == self._day(self.happened_at),
                PointsEntryRow.kind.in_(EARNED),
            )
        ).one()

    def order(self, order_number: str) -> PointsOrderRow | None:
        """Return what is known of an order, or None.

        Raises:
            PointsRefused: `order_of_another`: it is another member's.
        """
        key = (self.account.site, normal_id(order_number))
        row = self.session.get(PointsOrderRow, key)
        if row is not None and row.account_id != self.account.id:
            raise PointsRefused(
                "order_of_another", "the order belongs to another member"
            )
        return row

    def add_order(self, order_number: str, product_cents: int) -> PointsOrderRow:
        """Write an order that was not known; it has used and earned nothing."""
        row = PointsOrderRow(
            site=self.account.site,
            order_key=normal_id(order_number),
            account_id=self.account.id,
            product_cents=product_cents,
            points_used=0,
            earned=0,
            returned_cents=0,
            points_back=0,
            deducted=0,
        )
        self.session.add(row)
        return row

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def _write_off(self, lot: Lot) -> None:
        # A lot that was filled again after it had been written off has another.
        key = f"expired:{lot.lot_id}:{self._link_count(lot.lot_id)}"
        entry = self.write(key, EntryKind.EXPIRED, points=-lot.left)
        self.take(entry, [Take(lot.lot_id, lot.left)])

    def _link_count(self, lot_id: int) -> int:
        return self.session.scalars(
            sa.select(sa.func.count())
            .select_from(PointsMoveRow)
            .where(PointsMoveRow.lot_id == lot_id)
        ).one()

    def _lot(self, lot_id: int) -> PointsLotRow:
        if lot_id not in self._lots:
            self._lots[lot_id] = self.session.get_one(
                PointsLotRow, lot_id, populate_existing=True
            )
        return self._lots[lot_id]

    def _link(self, entry: PointsEntryRow, take: Take, sign: int) -> None:
        row = PointsMoveRow(
            entry_id=entry.id, lot_id=take.lot_id, points=sign * take.points, noted=0
        )
        self.session.add(row)


class PointsBooks:
    """Opens accounts for writing; each has one writer at a time.

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
        self,
        holder: Holder,
        *,
        actor: str = SYSTEM,
        reason: str = "",
        at: datetime | None = None,
    ) -> Iterator[Book]:
        """Yield a member's account on a site, locked until the commit.

        It is opened where there is none. What has expired is written off first, so
        the balance is what can be used now.

        Raises:
            PointsRefused: `key_reused`: another account used a key at the same moment.
        """
        try:
            with self._database.write() as session:
                book = self.book(session, holder, at=at)
                book.actor, book.reason = actor, reason
                yield book
        except exc.IntegrityError as error:
            if "points_entries" not in str(error.orig):
                raise
            raise key_reused() from None

    def book(
        self, session: Session, holder: Holder, *, at: datetime | None = None
    ) -> Book:
        """Return the account within a caller's transaction; see `opened`."""
        account = self._locked(session, of_holder(holder))
        if account is None:
            session.execute(
                insert(session, PointsAccountRow)
                .values(
                    member_key=normal_id(holder.member_id),
                    site=holder.site,
                    balance=0,
                    opened_at=self._clock.now(),
                )
                .on_conflict_do_nothing(index_elements=["member_key", "site"])
            )
            account = self._locked(session, of_holder(holder))
        assert account is not None  # noqa: S101 - just inserted, and never deleted
        return self._open(session, account, at)

    def write_off(self, account_ids: Iterable[int]) -> int:
        """Write off what has expired on some accounts; return how many points.

        They are locked in the order of their numbers, so that two sweeps at a time
        never wait for each other in a circle.
        """
        total = 0
        with self._database.write() as session:
            for account_id in sorted(account_ids):
                account = self._locked(session, PointsAccountRow.id == account_id)
                if account is not None:
                    before = account.balance
                    total += before - self._open(session, account, None).account.balance
        return total

    def _open(
        self, session: Session, account: PointsAccountRow, at: datetime | None
    ) -> Book:
        now = self._clock.now()
        book = Book(session, account, now, self._policy, happened_at=at or now)
        book.open()
        return book

    def _locked(
        self, session: Session, which: sa.ColumnElement[bool]
    ) -> PointsAccountRow | None:
        return session.scalars(
            sa.select(PointsAccountRow)
            .where(which)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()


def of_holder(holder: Holder) -> sa.ColumnElement[bool]:
    """Return the condition by which a holder's account is found."""
    return sa.and_(
        PointsAccountRow.member_key == normal_id(holder.member_id),
        PointsAccountRow.site == holder.site,
    )


def used_by(session: Session, account_id: int, order_number: str) -> list[Used]:
    """Return what `Book.used_by` says, also without a lock."""
    used = sa.func.sum(-PointsMoveRow.points - PointsMoveRow.noted)
    first = sa.func.min(PointsMoveRow.entry_id)
    rows = session.execute(
        sa.select(PointsLotRow, used, first)
        .join(PointsMoveRow, PointsMoveRow.lot_id == PointsLotRow.id)
        .join(PointsEntryRow, PointsEntryRow.id == PointsMoveRow.entry_id)
        .where(
            PointsEntryRow.account_id == account_id,
            PointsEntryRow.order_key == normal_id(order_number),
            PointsEntryRow.kind.in_(_OF_AN_ORDER),
        )
        .group_by(PointsLotRow.id)
    )
    found = [(Used(to_lot(lot), points), by) for lot, points, by in rows if points > 0]
    used_at = {one.lot.lot_id: by for one, by in found}
    by_lot = {one.lot.lot_id: one for one, _ in found}
    in_order = in_order_of_use(one.lot for one, _ in found)
    in_order.sort(key=lambda lot: used_at[lot.lot_id])
    return [by_lot[lot.lot_id] for lot in in_order]


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


def to_lot(row: PointsLotRow) -> Lot:
    """Return the noun of a lot's row."""
    return Lot(row.id, row.left_over, row.earned_at, row.expires_at)


def to_entry(row: PointsEntryRow) -> Entry:
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
