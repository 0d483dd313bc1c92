"""The book of one points account: its lots and entries, while its row is locked.

What an operation does is written under its key. The same key again changes nothing and
answers what was done the first time, so a shop may repeat whatever it is unsure of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.points_entries import (
    Entry,
    Posted,
    claim_of,
    key_reused,
    order_of_another,
    to_entry,
)
from worker.adapters.store.points_schema import (
    PointsAccountRow,
    PointsEntryRow,
    PointsLotRow,
    PointsMoveRow,
    PointsOrderRow,
)
from worker.adapters.store.schema import Base
from worker.domain.claim import SYSTEM
from worker.domain.orders import normal_id
from worker.domain.points import (
    EARNED,
    Category,
    EntryKind,
    Lot,
    Take,
    Used,
    in_order_of_use,
)
from worker.domain.policy import Policy
from worker.domain.settlement import FRESH_LOT

_OF_AN_ORDER = (
    EntryKind.REDEEMED,
    EntryKind.ORDER_CANCELLED,
    EntryKind.RETURNED,
    EntryKind.REFUND_EXPIRED,
)
"""What an order used, and what of it came back or would have."""


@dataclass(slots=True)
class LockedAccount:
    """The account whose row the transaction has locked."""

    id: int
    member_key: str
    site: str
    balance: int


@dataclass(slots=True)
class Book:
    """A locked account within one transaction; what has expired is written off.

    `happened_at` dates what is received; `now` decides what has expired. Entries, lots
    and moves are written by plain statements past the session, which takes its time for
    each: the shop waits for a redemption.
    """

    session: Session
    account: LockedAccount
    now: datetime
    policy: Policy
    happened_at: datetime
    actor: str = SYSTEM
    reason: str = ""
    _connection: sa.Connection = field(init=False, repr=False)
    _lots: dict[int, Lot] = field(default_factory=dict, repr=False)
    _written: list[Entry] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self._connection = self.session.connection()

    def open(self) -> None:
        """Read the lots that have something left; write off what has expired."""
        rows = self._connection.execute(_LOTS, {"account_id": self.account.id})
        self._lots = {row.id: Lot(*row) for row in rows}
        self.write_off_expired()
        self._written.clear()

    def write_off_expired(self) -> None:
        """Write off what lots hold past their end."""
        for lot in in_order_of_use(self.lots()):
            if not lot.is_valid(self.now):
                self._write_off(lot)

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone in which days begin and lots end."""
        return ZoneInfo(self.policy.policy_tz)

    def repeated(self, key: str, asked: Mapping[str, object]) -> Posted | None:
        """Return what the operation of a key did, or None if there was none.

        Raises:
            PointsRefused: `key_reused`: it was for another account, or something else.
        """
        rows = self._connection.execute(_ENTRIES_OF_KEY, {"key": key}).all()
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
    ) -> Entry:
        """Append an entry and return it, with its number."""
        at = self.happened_at if kind in EARNED else self.now
        order_key = None if order is None else normal_id(order)
        values = {
            "account_id": self.account.id,
            "key": key,
            "kind": kind.value,
            "points": points,
            "noted": noted,
            "at": at,
            "day": self._day(at),
            "order_key": order_key,
            "policy_version": self.policy.version,
            "actor": self.actor,
            "reason": self.reason,
            "data": dict(asked or {}),
        }
        number = self._connection.execute(_ADD_ENTRY, values).scalar_one()
        if points:
            self._connection.execute(
                _CHANGE_BALANCE, {"of": self.account.id, "by": points}
            )
            self.account.balance += points
        entry = Entry(
            number,
            kind,
            points,
            noted,
            at.astimezone(UTC),
            order_key,
            self.actor,
            self.reason,
            self.policy.version,
            claim_of(key),
        )
        self._written.append(entry)
        return entry

    def posted(self) -> Posted:
        """Return what was written since the book was opened, expired lots apart."""
        return Posted(tuple(self._written), self.account.balance)

    def open_lot(
        self, entry: Entry, points: int, category: Category, end: datetime | None
    ) -> int:
        """Add a lot with what an entry brought; return its number."""
        values = {
            "account_id": self.account.id,
            "entry_id": entry.entry_id,
            "category": category.value,
            "points": points,
            "left_over": points,
            "earned_at": entry.at,
            "expires_at": end,
        }
        number: int = self._connection.execute(_ADD_LOT, values).scalar_one()
        self._lots[number] = Lot(number, points, entry.at, end)
        self._link(entry, [Take(number, points)])
        return number

    def take(
        self, entry: Entry, takes: Iterable[Take], *, fresh: int | None = None
    ) -> None:
        """Take points out of lots, for an entry; `fresh` is the plan's new lot."""
        self._change(
            entry,
            [
                Take(
                    fresh if one.lot_id == FRESH_LOT and fresh else one.lot_id,
                    -one.points,
                )
                for one in takes
            ],
        )

    def put_back(self, entry: Entry, takes: Iterable[Take]) -> None:
        """Put points back into the lots that they came from, for an entry."""
        self._change(entry, list(takes))

    def note(self, entry: Entry, takes: Iterable[Take]) -> None:
        """Record to which lots points would have come back, had they not expired."""
        self._link(entry, list(takes), is_noted=True)

    def lots(self) -> list[Lot]:
        """Return the lots that have something left."""
        return [lot for lot in self._lots.values() if lot.left > 0]

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
            raise order_of_another()
        return row

    def add_order(
        self, order_number: str, product_cents: int, *, is_told: bool
    ) -> PointsOrderRow:
        """Write an order that was not known; it has used and earned nothing."""
        row = PointsOrderRow(
            site=self.account.site,
            order_key=normal_id(order_number),
            account_id=self.account.id,
            product_cents=product_cents,
            is_told=is_told,
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

    def _change(self, entry: Entry, changes: Sequence[Take]) -> None:
        if not changes:
            return
        rows = [{"of": one.lot_id, "by": one.points} for one in changes]
        self._connection.execute(_CHANGE_LOT, rows)
        for one in changes:
            lot = self._lots.get(one.lot_id) or self._read_lot(one)
            self._lots[one.lot_id] = replace(lot, left=lot.left + one.points)
        self._link(entry, changes)

    def _read_lot(self, change: Take) -> Lot:
        """Return a lot that was empty when the book was opened, as before a change."""
        row = self._connection.execute(_LOT, {"lot_id": change.lot_id}).one()
        return replace(Lot(*row), left=row.left_over - change.points)

    def _link(
        self, entry: Entry, takes: Sequence[Take], *, is_noted: bool = False
    ) -> None:
        rows = [
            {
                "entry_id": entry.entry_id,
                "lot_id": one.lot_id,
                "points": 0 if is_noted else one.points,
                "noted": one.points if is_noted else 0,
            }
            for one in takes
        ]
        if rows:
            self._connection.execute(_ADD_MOVES, rows)


def _table(row: type[Base]) -> sa.Table:
    return cast("sa.Table", row.__table__)


_ENTRIES, _ALL_LOTS = _table(PointsEntryRow), _table(PointsLotRow)
_ACCOUNTS, _MOVES = _table(PointsAccountRow), _table(PointsMoveRow)
_OF_A_LOT = (
    _ALL_LOTS.c.id,
    _ALL_LOTS.c.left_over,
    _ALL_LOTS.c.earned_at,
    _ALL_LOTS.c.expires_at,
)
_LOTS = sa.select(*_OF_A_LOT).where(
    _ALL_LOTS.c.account_id == sa.bindparam("account_id"), _ALL_LOTS.c.left_over > 0
)
_LOT = sa.select(*_OF_A_LOT).where(_ALL_LOTS.c.id == sa.bindparam("lot_id"))
_ENTRIES_OF_KEY = (
    sa.select(_ENTRIES)
    .where(_ENTRIES.c.key == sa.bindparam("key"))
    .order_by(_ENTRIES.c.id)
)
_ADD_ENTRY = sa.insert(_ENTRIES).returning(_ENTRIES.c.id)
_ADD_LOT = sa.insert(_ALL_LOTS).returning(_ALL_LOTS.c.id)
_ADD_MOVES = sa.insert(_MOVES)
_CHANGE_LOT = (
    sa.update(_ALL_LOTS)
    .where(_ALL_LOTS.c.id == sa.bindparam("of"))
    .values(left_over=_ALL_LOTS.c.left_over + sa.bindparam("by"))
)
_CHANGE_BALANCE = (
    sa.update(_ACCOUNTS)
    .where(_ACCOUNTS.c.id == sa.bindparam("of"))
    .values(balance=_ACCOUNTS.c.balance + sa.bindparam("by"))
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


def to_lot(row: PointsLotRow) -> Lot:
    """Return the noun of a lot's row."""
    return Lot(row.id, row.left_over, row.earned_at, row.expires_at)
