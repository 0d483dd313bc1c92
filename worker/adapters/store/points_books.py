"""Opens the accounts of the points ledger: one writer at a time for each of them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, insert
from worker.adapters.store.points import Book, LockedAccount
from worker.adapters.store.points_entries import (
    Holder,
    key_reused,
    order_of_another,
)
from worker.adapters.store.points_schema import PointsAccountRow
from worker.domain.claim import SYSTEM
from worker.domain.orders import normal_id
from worker.domain.points import PointsRefused
from worker.domain.policy import Policy
from worker.ports import Clock


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
            PointsRefused: `key_reused` or `order_of_another`: another account used a
                key, or named an order, at the same moment.
        """
        try:
            with self._database.write() as session:
                book = self.book(session, holder, at=at)
                book.actor, book.reason = actor, reason
                yield book
        except exc.IntegrityError as error:
            refused = _refused(str(error.orig))
            if refused is None:
                raise
            raise refused from None

    def book(
        self, session: Session, holder: Holder, *, at: datetime | None = None
    ) -> Book:
        """Return the account within a caller's transaction; see `opened`."""
        account = self._locked(session, _BY_HOLDER, _named(holder))
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
            account = self._locked(session, _BY_HOLDER, _named(holder))
        assert account is not None  # noqa: S101 - just inserted
        return self._open(session, account, at)

    def write_off(self, account_ids: Iterable[int]) -> int:
        """Write off what has expired on some accounts; return how many points.

        They are locked in the order of their numbers, so that two sweeps at a time
        never wait for each other in a circle.
        """
        total = 0
        with self._database.write() as session:
            for account_id in sorted(account_ids):
                account = self._locked(session, _BY_ID, {"account_id": account_id})
                if account is not None:
                    before = account.balance
                    total += before - self._open(session, account, None).account.balance
        return total

    def _open(
        self, session: Session, account: LockedAccount, at: datetime | None
    ) -> Book:
        now = self._clock.now()
        book = Book(session, account, now, self._policy, happened_at=at or now)
        book.open()
        return book

    def _locked(
        self,
        session: Session,
        which: sa.Executable,
        named: Mapping[str, object],
    ) -> LockedAccount | None:
        row = session.connection().execute(which, named).one_or_none()
        if row is None:
            return None
        return LockedAccount(row.id, row.member_key, row.site, row.balance)


_LOCKED = sa.select(
    PointsAccountRow.id,
    PointsAccountRow.member_key,
    PointsAccountRow.site,
    PointsAccountRow.balance,
).with_for_update()
_BY_HOLDER = _LOCKED.where(
    PointsAccountRow.member_key == sa.bindparam("member_key"),
    PointsAccountRow.site == sa.bindparam("site"),
)
_BY_ID = _LOCKED.where(PointsAccountRow.id == sa.bindparam("account_id"))


def _refused(told: str) -> PointsRefused | None:
    """Return what a broken rule of the database means; None for any but these two.

    PostgreSQL tells the rule's name, SQLite its columns.
    """
    if "uq_points_entries_key" in told or "points_entries.key" in told:
        return key_reused()
    if "pk_points_orders" in told or "points_orders.order_key" in told:
        return order_of_another()
    return None


def _named(holder: Holder) -> dict[str, object]:
    return {"member_key": normal_id(holder.member_id), "site": holder.site}


def of_holder(holder: Holder) -> sa.ColumnElement[bool]:
    """Return the condition by which a holder's account is found."""
    return sa.and_(
        PointsAccountRow.member_key == normal_id(holder.member_id),
        PointsAccountRow.site == holder.site,
    )
