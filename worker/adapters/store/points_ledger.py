"""The points ledger for the rest of the program: one method, one transaction.

Source: bonus-points.txt, clauses P1 to P16.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store import points_deeds as deeds
from worker.adapters.store import points_returns as returns
from worker.adapters.store.engine import Database
from worker.adapters.store.points import to_lot, used_by
from worker.adapters.store.points_books import PointsBooks, of_holder
from worker.adapters.store.points_entries import (
    Entry,
    Holder,
    Posted,
    claim_key,
    to_entry,
)
from worker.adapters.store.points_orders import Bought, is_of_another, site_of
from worker.adapters.store.points_schema import (
    PointsAccountRow,
    PointsEntryRow,
    PointsLotRow,
    PointsOrderRow,
)
from worker.domain.orders import normal_id
from worker.domain.points import (
    Category,
    EntryKind,
    Lot,
    in_order_of_use,
    most_redeemable,
)
from worker.domain.policy import Lifetime, Policy
from worker.domain.settlement import OF_ANOTHER, PaidCase, PointsMoved
from worker.ports import Clock

SWEPT_AT_ONCE = 20
"""Lots in one transaction of the sweep, so that no redemption waits for long. Ours."""

MOST_ROUNDS = 10
"""A claim is appealed once; more than enough."""


@dataclass(frozen=True, slots=True)
class Quote:
    """How many points may pay for an order's products now."""

    balance: int
    most: int


@dataclass(frozen=True, slots=True)
class PointsAccount:
    """An account as people see it; `member_key` is how ids are compared."""

    account_id: int
    member_key: str
    site: str
    balance: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class ShownLot:
    """A lot that has something left, and what it was received for."""

    lot: Lot
    category: Category
    received: int


class PointsLedger:
    """Everything that earns, spends, gives back, shows or sweeps points."""

    def __init__(self, database: Database, *, clock: Clock, policy: Policy) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._books = PointsBooks(database, clock=clock, policy=policy)

    # -- receiving --
    def verify(self, holder: Holder, *, at: datetime | None = None) -> Posted:
        """Give the points of a verified e-mail address (P1)."""
        with self._books.opened(holder, at=at) as book:
            return deeds.verify(book)

    def place(self, holder: Holder, bought: Bought) -> Posted:
        """Note that an order was placed."""
        with self._books.opened(holder) as book:
            return deeds.place(book, bought)

    def confirm(
        self,
        holder: Holder,
        order_number: str,
        product_cents: int | None = None,
        *,
        at: datetime | None = None,
    ) -> Posted:
        """Give the points of a confirmed delivery (P2, P3)."""
        with self._books.opened(holder, at=at) as book:
            return deeds.confirm(book, order_number, product_cents)

    def review(
        self,
        holder: Holder,
        order_number: str,
        line: str,
        *,
        has_pictures: bool = False,
        at: datetime | None = None,
    ) -> Posted:
        """Give the points of an approved review (P4)."""
        with self._books.opened(holder, at=at) as book:
            return deeds.review(book, order_number, line, has_pictures=has_pictures)

    def grant(
        self,
        holder: Holder,
        event_id: str,
        points: int,
        *,
        life: Lifetime | None = None,
        at: datetime | None = None,
    ) -> Posted:
        """Give what was won in an event or a game."""
        with self._books.opened(holder, at=at) as book:
            return deeds.grant(book, event_id, points, life=life)

    # -- spending --
    def quote(self, holder: Holder, product_cents: int) -> Quote:
        """Return how many points may pay for products (P6, P7); reads only."""
        balance = self.balance(holder)
        return Quote(balance, most_redeemable(product_cents, balance, self._policy))

    def redeem(
        self, holder: Holder, redemption_id: str, bought: Bought, points: int
    ) -> Posted:
        """Pay for a part of an order with points (P6 to P8)."""
        with self._books.opened(holder) as book:
            return deeds.redeem(book, redemption_id, bought, points)

    def spend_on(self, holder: Holder, event_id: str, points: int) -> Posted:
        """Take the points of a coupon or a game (P9)."""
        with self._books.opened(holder) as book:
            return deeds.spend_on(book, event_id, points)

    def adjust(
        self, holder: Holder, key: str, points: int, *, by: str, reason: str
    ) -> Posted:
        """Give or take points by a person's decision (P16)."""
        with self._books.opened(holder, actor=by, reason=reason) as book:
            return deeds.adjust(book, key, points)

    # -- giving back --
    def cancel(self, holder: Holder, order_number: str) -> Posted:
        """Give back what an unpaid order had used (P12)."""
        with self._books.opened(holder) as book:
            return returns.cancel(book, order_number)

    def give_back(
        self, holder: Holder, return_id: str, order_number: str, returned_cents: int
    ) -> Posted:
        """Give back and take back for a returned part of an order (P13 to P15)."""
        with self._books.opened(holder) as book:
            return returns.give_back_part(book, return_id, order_number, returned_cents)

    # -- claims --
    def settle(
        self, session: Session, key: str, case: PaidCase, *, site: str, by: str
    ) -> PointsMoved:
        """Do what a paid claim does to points, in the caller's transaction.

        On the site where the ledger knows the member's order, else on `site`.
        """
        holder = Holder(case.member_id, site_of(session, case) or site)
        book = self._books.book(session, holder)
        book.actor = by
        return moved_by(returns.settle(book, key, case))

    def foresee(self, case: PaidCase, *, site: str) -> PointsMoved:
        """Return what settling a claim would do now; reads only."""
        now = self._clock.now()
        with self._database.read() as session:
            holder = Holder(case.member_id, site_of(session, case) or site)
            account = session.scalars(
                sa.select(PointsAccountRow).where(of_holder(holder))
            ).one_or_none()
            number = None if account is None else account.id
            if is_of_another(session, case, holder.site, number):
                return OF_ANOTHER
            if account is None:
                row, lots, used = None, [], []
            else:
                key = (holder.site, normal_id(case.order_number))
                row = session.get(PointsOrderRow, key)
                lots = [one.lot for one in _lots(session, account.id, now)]
                used = used_by(session, account.id, case.order_number)
            plan = returns.settlement_plan(
                row, case, lots=lots, used=used, now=now, policy=self._policy
            )
        return plan.moved

    def settled(self, claim_id: int) -> tuple[int | None, PointsMoved]:
        """Return the account and the sums of what settling a claim did, all rounds."""
        keys = [claim_key(claim_id, number) for number in range(1, MOST_ROUNDS + 1)]
        with self._database.read() as session:
            rows = session.scalars(
                sa.select(PointsEntryRow)
                .where(PointsEntryRow.key.in_(keys))
                .order_by(PointsEntryRow.id)
            ).all()
            entries = tuple(map(to_entry, rows))
            account = rows[0].account_id if rows else None
        return account, moved_by(Posted(entries, 0))

    # -- expiry --
    def sweep(self, *, limit: int = SWEPT_AT_ONCE) -> int:
        """Write off what has expired on some accounts; return how many accounts.

        The first to end come first: at most `limit` lots, and what else their accounts
        hold past its end. The cost depends on what has expired, not on what exists: an
        index holds the lots with something left by their end.
        """
        with self._database.read() as session:
            found = session.scalars(
                sa.select(PointsLotRow.account_id)
                .where(
                    PointsLotRow.left_over > 0,
                    PointsLotRow.expires_at.is_not(None),
                    PointsLotRow.expires_at <= self._clock.now(),
                )
                .order_by(PointsLotRow.expires_at, PointsLotRow.id)
                .limit(limit)
            ).all()
        accounts = set(found)
        self._books.write_off(accounts)
        return len(accounts)

    # -- reading --
    def balance(self, holder: Holder) -> int:
        """Return what a member can use now on a site; 0 without an account."""
        given = {
            "member_key": normal_id(holder.member_id),
            "site": holder.site,
            "now": self._clock.now(),
        }
        with self._database.read() as session:
            found: int = session.execute(_BALANCE, given).scalar_one()
            return found

    def accounts_of(self, member_id: str) -> list[PointsAccount]:
        """Return a member's accounts, one a site, by the site's name."""
        return self._accounts(PointsAccountRow.member_key == normal_id(member_id))

    def account(self, account_id: int) -> PointsAccount | None:
        """Return an account by its number, or None."""
        found = self._accounts(PointsAccountRow.id == account_id)
        return found[0] if found else None

    def lots(self, account_id: int) -> list[ShownLot]:
        """Return the lots that can be used now, in the order of their use (P8)."""
        with self._database.read() as session:
            return _lots(session, account_id, self._clock.now())

    def history(
        self, account_id: int, *, limit: int, before: int | None = None
    ) -> list[Entry]:
        """Return entries, the newest first; `before` is where a page ended."""
        older = () if before is None else (PointsEntryRow.id < before,)
        with self._database.read() as session:
            rows = session.scalars(
                sa.select(PointsEntryRow)
                .where(PointsEntryRow.account_id == account_id, *older)
                .order_by(PointsEntryRow.id.desc())
                .limit(limit)
            )
            return [to_entry(row) for row in rows]

    def _accounts(self, where: sa.ColumnElement[bool]) -> list[PointsAccount]:
        now = self._clock.now()
        with self._database.read() as session:
            rows = session.execute(
                sa.select(
                    PointsAccountRow,
                    sa.func.coalesce(sa.func.sum(PointsLotRow.left_over), 0),
                )
                .outerjoin(
                    PointsLotRow,
                    sa.and_(
                        PointsLotRow.account_id == PointsAccountRow.id, *_usable(now)
                    ),
                )
                .where(where)
                .group_by(PointsAccountRow.id)
                .order_by(PointsAccountRow.site)
            )
            return [
                PointsAccount(row.id, row.member_key, row.site, balance, row.opened_at)
                for row, balance in rows
            ]


def moved_by(posted: Posted) -> PointsMoved:
    """Return the sums of what settling a claim wrote."""
    return PointsMoved(
        back=posted.points(EntryKind.RETURNED),
        expired=posted.points(EntryKind.REFUND_EXPIRED),
        deducted=posted.points(EntryKind.EARNED_DEDUCTED),
        shortfall=posted.points(EntryKind.SHORTFALL),
        is_of_another=any(
            one.kind is EntryKind.ORDER_OF_ANOTHER for one in posted.entries
        ),
    )


def _usable(now: datetime) -> Sequence[sa.ColumnElement[bool]]:
    end = PointsLotRow.expires_at
    return (PointsLotRow.left_over > 0, sa.or_(end.is_(None), end > now))


_BALANCE = (
    sa.select(sa.func.coalesce(sa.func.sum(PointsLotRow.left_over), 0))
    .join(PointsAccountRow, PointsAccountRow.id == PointsLotRow.account_id)
    .where(
        PointsAccountRow.member_key == sa.bindparam("member_key"),
        PointsAccountRow.site == sa.bindparam("site"),
        PointsLotRow.left_over > 0,
        sa.or_(
            PointsLotRow.expires_at.is_(None),
            PointsLotRow.expires_at > sa.bindparam("now"),
        ),
    )
)
"""Made once: the shop waits for a quote."""


def _lots(session: Session, account_id: int, now: datetime) -> list[ShownLot]:
    rows = session.scalars(
        sa.select(PointsLotRow).where(
            PointsLotRow.account_id == account_id, *_usable(now)
        )
    )
    found = {row.id: row for row in rows}
    return [
        ShownLot(lot, Category(found[lot.lot_id].category), found[lot.lot_id].points)
        for lot in in_order_of_use(to_lot(row) for row in found.values())
    ]
