"""The ledger of the mailbox: leases, cursors, and one row for every UID.

See ports.MailLedger for the contract.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.alerts import raise_alert
from worker.adapters.store.engine import Database, dialect_of, insert
from worker.adapters.store.job_adding import add_jobs, bells_of
from worker.adapters.store.job_rows import NewJob
from worker.adapters.store.many_rows import ManyRows
from worker.adapters.store.schema import MailboxRow, MailRow, table_of
from worker.domain.errors import LeaseLost
from worker.domain.mail import Fate
from worker.faults import Point, reach
from worker.ports import Bell, MailboxLease, NewMail

# Made once: an alias costs more than the query.
_NEW, _OLD, _TAKEN = (sa.orm.aliased(MailRow) for _ in range(3))


class SqlLedger:
    """See ports.MailLedger.

    Args:
        database: where the rows live.
        jobs_for: the jobs of a new mail, by mail id and mailbox id (the map of
            actors.py decides, so that the ledger knows no job kinds).
        ring: called with the bells after each commit.
        go_live_at: mail received before is stored and its answers are held; None
            means the instant of the first connect.
        now: the clock.
        most_by_kind: how many jobs of a kind one bell stands for, if more than one.
    """

    def __init__(
        self,
        database: Database,
        *,
        jobs_for: Callable[[int, int], list[NewJob]],
        ring: Callable[[Sequence[Bell]], None],
        go_live_at: datetime | None = None,
        now: Callable[[], datetime],
        most_by_kind: Mapping[str, int] | None = None,
    ) -> None:
        self._database = database
        self._most_by_kind = most_by_kind or {}
        self._jobs_for = jobs_for
        self._ring = ring
        self._go_live_at = go_live_at
        self._now = now
        self._renewed = (-1, 0.0)
        """The token of the last renewed lease, and when, by the monotonic clock."""

    def take_lease(
        self, name: str, *, owner: str, lease_for: timedelta
    ) -> MailboxLease | None:
        """See ports.MailLedger."""
        clock = self._database.now_ms
        with self._database.write() as session:
            session.execute(
                insert(session, MailboxRow)
                .values(
                    name=name,
                    last_uid=0,
                    token=0,
                    backlog=0,
                    passes=0,
                    lease_until_ms=0,
                    go_live_at=self._go_live_at or self._now(),
                )
                .on_conflict_do_nothing(index_elements=["name"])
            )
            row = session.execute(
                sa.update(MailboxRow)
                .where(
                    MailboxRow.name == name,
                    sa.or_(
                        MailboxRow.lease_until_ms < clock,
                        MailboxRow.lease_owner == owner,
                    ),
                )
                .values(
                    lease_owner=owner,
                    lease_until_ms=clock + _ms(lease_for),
                    token=MailboxRow.token + 1,
                )
                .returning(MailboxRow)
                .execution_options(synchronize_session=False)
            ).scalar_one_or_none()
            return None if row is None else _lease(row)

    def renew_lease(self, lease: MailboxLease, *, lease_for: timedelta) -> None:
        """See ports.MailLedger. Before a sixth of the time is over nothing is done."""
        token, renewed_at = self._renewed
        now = time.monotonic()
        if token == lease.token and now < renewed_at + lease_for.total_seconds() / 6:
            return
        with self._database.write() as session:
            until = self._database.now_ms + _ms(lease_for)
            _update_fenced(session, lease, lease_until_ms=until)
        self._renewed = (lease.token, now)

    def release_lease(self, lease: MailboxLease) -> None:
        """See ports.MailLedger."""
        with self._database.write() as session:
            session.execute(
                sa.update(MailboxRow)
                .where(_is_held(lease))
                .values(lease_until_ms=0, lease_owner=None)
            )

    def begin_epoch(self, lease: MailboxLease, uidvalidity: int) -> MailboxLease:
        """See ports.MailLedger."""
        if lease.uidvalidity == uidvalidity:
            return lease
        with self._database.write() as session:
            _update_fenced(session, lease, uidvalidity=uidvalidity, last_uid=0)
            if lease.uidvalidity is not None:
                raise_alert(
                    session,
                    "uidvalidity_changed",
                    f"mailbox:{lease.mailbox_id}:{uidvalidity}",
                    at=self._now(),
                )
        return MailboxLease(lease.mailbox_id, lease.name, lease.token, uidvalidity, 0)

    def known_uids(
        self, lease: MailboxLease, first_uid: int, last_uid: int
    ) -> set[int]:
        """See ports.MailLedger."""
        with self._database.read() as session:
            return set(
                session.execute(
                    sa.select(MailRow.uid).where(
                        MailRow.mailbox_id == lease.mailbox_id,
                        MailRow.uidvalidity == lease.uidvalidity,
                        MailRow.uid.between(first_uid, last_uid),
                    )
                ).scalars()
            )

    def add_mails(
        self, lease: MailboxLease, mails: Sequence[NewMail], *, last_uid: int
    ) -> int:
        """See ports.MailLedger."""
        jobs: list[NewJob] = []
        with self._database.write() as session:
            _update_fenced(
                session,
                lease,
                last_uid=sa.case(
                    (MailboxRow.last_uid < last_uid, last_uid),
                    else_=MailboxRow.last_uid,
                ),
            )
            ids = self._add_rows(session, lease, mails)
            has_earlier = _has_earlier(session, lease, mails)
            for mail in mails:
                mail_id = ids.get(mail.uid)
                if mail_id is None:
                    continue
                if mail.sha256 is None:
                    ref = f"mail:{mail_id}"
                    raise_alert(session, "fetch_failed", ref, at=mail.first_seen_at)
                elif not (has_earlier and _settle_alias(session, lease, mail_id)):
                    jobs += self._jobs_for(mail_id, lease.mailbox_id)
            bells = bells_of(
                add_jobs(session, jobs, at=self._now()), self._most_by_kind
            )
            reach(Point.LEDGER_WRITTEN)
        reach(Point.LEDGER_COMMITTED)
        self._ring(bells)
        return len(ids)

    def _add_rows(
        self, session: Session, lease: MailboxLease, mails: Sequence[NewMail]
    ) -> dict[int, int]:
        """Insert the rows of mails; return the new ones' numbers by UID."""
        rows: list[dict[str, object]] = [
            {
                "mailbox_id": lease.mailbox_id,
                "uidvalidity": lease.uidvalidity,
                "uid": mail.uid,
                "sha256": mail.sha256,
                "size_bytes": mail.size_bytes,
                "internaldate_at": mail.internaldate_at,
                "first_seen_at": mail.first_seen_at,
                "trouble": mail.trouble,
                "fate": Fate.PARKED if mail.sha256 is None else None,
                "settled_at": mail.first_seen_at if mail.sha256 is None else None,
                "signal": "could not be fetched" if mail.sha256 is None else "",
            }
            for mail in mails
        ]
        if not rows:
            return {}
        many, statement = _adding(dialect_of(session))
        added = session.connection().execute(statement, many.given(rows))
        return {row.uid: row.id for row in added}

    def note_pass(self, lease: MailboxLease, *, at: datetime, backlog: int) -> None:
        """See ports.MailLedger."""
        with self._database.write() as session:
            _update_fenced(
                session,
                lease,
                passes=MailboxRow.passes + 1,
                passed_at=at,
                backlog=backlog,
                trouble=None,
            )

    def note_trouble(
        self, lease: MailboxLease, code: str, *, at: datetime, is_lasting: bool
    ) -> None:
        """See ports.MailLedger."""
        with self._database.write() as session:
            _update_fenced(session, lease, trouble=code, trouble_at=at)
            if is_lasting:
                ref = f"mailbox:{lease.mailbox_id}:{code}:{at:%Y-%m-%d}"
                raise_alert(session, "mailbox_lost", ref, at=at)


@cache
def _adding(dialect: str) -> tuple[ManyRows, sa.Insert]:
    """Return the statement that writes the rows of mails."""
    names = (
        "mailbox_id",
        "uidvalidity",
        "uid",
        "sha256",
        "size_bytes",
        "internaldate_at",
        "first_seen_at",
        "trouble",
        "fate",
        "settled_at",
        "signal",
    )
    many = ManyRows(dialect, table_of(MailRow), names)
    statement = (
        many.insert()
        .on_conflict_do_nothing(index_elements=["mailbox_id", "uidvalidity", "uid"])
        .returning(MailRow.id, MailRow.uid)
    )
    return many, statement


def _has_earlier(
    session: Session, lease: MailboxLease, mails: Sequence[NewMail]
) -> bool:
    """Return whether an older epoch has the bytes of any of these mails."""
    digests = [mail.sha256 for mail in mails if mail.sha256 is not None]
    return session.execute(
        sa.select(
            sa.exists().where(
                MailRow.sha256.in_(digests),
                MailRow.mailbox_id == lease.mailbox_id,
                MailRow.uidvalidity != lease.uidvalidity,
            )
        )
    ).scalar_one()


def _settle_alias(session: Session, lease: MailboxLease, mail_id: int) -> bool:
    """Settle a mail of a new epoch whose bytes an older epoch holds already.

    Count-based: two identical mails before stay two after; each old row is matched
    by one new row at most (reliability.md 2.3).
    """
    new, old, taken = _NEW, _OLD, _TAKEN
    found = session.execute(
        sa.select(old.id, new.first_seen_at, old.erased_at)
        .join(new, sa.and_(new.id == mail_id, new.sha256 == old.sha256))
        .where(
            old.mailbox_id == lease.mailbox_id,
            old.uidvalidity != lease.uidvalidity,
            old.alias_of.is_(None),
            ~sa.exists().where(
                taken.alias_of == old.id, taken.uidvalidity == lease.uidvalidity
            ),
        )
        .order_by(old.id)
        .limit(1)
    ).one_or_none()
    if found is None:
        return False
    session.execute(
        sa.update(MailRow)
        .where(MailRow.id == mail_id)
        .values(
            alias_of=found.id,
            fate=Fate.DUPLICATE,
            settled_at=found.first_seen_at,
            signal="same mail under an earlier UIDVALIDITY",
            erased_at=found.erased_at,
        )
        .execution_options(synchronize_session=False)
    )
    return True


def _update_fenced(session: Session, lease: MailboxLease, **values: object) -> None:
    done = session.execute(
        sa.update(MailboxRow)
        .where(_is_held(lease))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if getattr(done, "rowcount", 0) == 0:
        raise LeaseLost(f"mailbox {lease.mailbox_id}")


def _is_held(lease: MailboxLease) -> sa.ColumnElement[bool]:
    return sa.and_(MailboxRow.id == lease.mailbox_id, MailboxRow.token == lease.token)


def _lease(row: MailboxRow) -> MailboxLease:
    return MailboxLease(row.id, row.name, row.token, row.uidvalidity, row.last_uid)


def _ms(length: timedelta) -> int:
    return int(length.total_seconds() * 1000)
