"""What the watchdogs ask, the incidents that they open and close, and who was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.alerts import WATCHED, stands
from worker.adapters.store.engine import Database, insert
from worker.adapters.store.schema import AlertRow, EmailRow, JobRow, ProcessRow
from worker.adapters.store.slots import fire
from worker.adapters.store.upkeep_schema import NoticeRow

MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """An alert that a channel has not been told of."""

    alert_id: int
    code: str
    ref: str
    raised_at: datetime


class Watches:
    """Reads and writes what watchdogs need; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def living_roles(self, *, heard_within: timedelta) -> set[str]:
        """Return the roles of which a process was heard of lately."""
        since = self._database.now_ms - round(heard_within.total_seconds() * 1000)
        with self._database.read() as session:
            return set(
                session.execute(
                    sa.select(ProcessRow.role)
                    .where(ProcessRow.alive_at_ms >= since)
                    .distinct()
                ).scalars()
            )

    def is_relay_silent(self, *, for_at_least: timedelta) -> bool:
        """Return whether e-mails wait that the relay defers, and it takes none.

        One recipient who is deferred is no fault of the relay: others get through, and
        an e-mail that came after them is deferred only where the relay is at fault.
        """
        before = self._database.now_ms - round(for_at_least.total_seconds() * 1000)
        with self._database.read() as session:
            first, created = session.execute(
                sa.select(
                    sa.func.min(JobRow.first_transient_ms),
                    sa.func.max(JobRow.created_at),
                ).where(
                    JobRow.kind == "send",
                    JobRow.state.in_(("ready", "running")),
                    JobRow.reason.like("smtp_%"),
                    JobRow.first_transient_ms < before,
                )
            ).one()
            if first is None:
                return False
            newest = session.execute(
                sa.select(sa.func.max(EmailRow.sent_at)).where(
                    EmailRow.status == "sent"
                )
            ).scalar()
            return newest is None or newest < created

    def open_incident(self, name: str, code: str, *, at: datetime) -> bool:
        """Raise the alert of a fault unless it stands; True where it is new."""
        with self._database.write() as session:
            # Several processes watch: one of them opens the incident.
            if not fire(session, WATCHED + name, f"{at:%Y%m%dT%H%M}", at=at):
                return False
            if _standing(session, name):
                return False
            session.add(
                AlertRow(
                    code=WATCHED + name,
                    ref=f"{name}:{code}:{at:%Y%m%dT%H%M%S}"[:200],
                    raised_at=at,
                )
            )
        return True

    def close_incidents(self, names: Sequence[str], *, at: datetime) -> int:
        """Take alerts off the list whose faults are gone; return how many."""
        codes = [WATCHED + name for name in names]
        with self._database.read() as session:
            is_any = session.execute(
                sa.select(
                    sa.exists().where(
                        AlertRow.code.in_(codes), AlertRow.told_at.is_(None)
                    )
                )
            ).scalar_one()
        if not is_any:
            return 0
        with self._database.write() as session:
            gone = session.execute(
                sa.update(AlertRow)
                .where(AlertRow.code.in_(codes), AlertRow.told_at.is_(None))
                .values(told_at=at)
                .returning(AlertRow.id)
                .execution_options(synchronize_session=False)
            ).scalars()
            return len(list(gone))

    # -- who was told --

    def take_untold(self, channel: str, *, hold_for: timedelta) -> Untold | None:
        """Return an alert to be told over a channel; nobody else tells it meanwhile."""
        until = self._database.now_ms + round(hold_for.total_seconds() * 1000)
        with self._database.read() as session:
            waiting = _untold(session, channel, self._database.now_ms)
        if not waiting:
            return None
        with self._database.write() as session:
            now_ms = session.execute(sa.select(self._database.now_ms)).scalar_one()
            until_ms = session.execute(sa.select(until)).scalar_one()
            for one in _untold(session, channel, sa.literal(now_ms)):
                won = session.execute(
                    insert(session, NoticeRow)
                    .values(
                        alert_id=one.alert_id,
                        channel=channel,
                        tries=1,
                        again_at_ms=until_ms,
                    )
                    .on_conflict_do_update(
                        index_elements=["alert_id", "channel"],
                        set_={
                            "tries": NoticeRow.tries + 1,
                            "again_at_ms": until_ms,
                        },
                        where=sa.and_(
                            NoticeRow.done_at.is_(None),
                            NoticeRow.again_at_ms < now_ms,
                        ),
                    )
                    .returning(NoticeRow.alert_id)
                ).scalar()
                if won is not None:
                    return one
        return None

    def mark_told(self, alert_id: int, channel: str, *, at: datetime) -> None:
        """Record that an alert was told over a channel: it is never told again."""
        with self._database.write() as session:
            mark_told(session, alert_id, channel, at=at)


def mark_told(session: Session, alert_id: int, channel: str, *, at: datetime) -> None:
    """Record that an alert was told over a channel."""
    session.execute(
        sa.update(NoticeRow)
        .where(NoticeRow.alert_id == alert_id, NoticeRow.channel == channel)
        .values(done_at=at)
        .execution_options(synchronize_session=False)
    )


def _standing(session: Session, name: str) -> bool:
    return session.execute(
        sa.select(
            sa.exists().where(
                AlertRow.code == WATCHED + name, AlertRow.told_at.is_(None)
            )
        )
    ).scalar_one()


def _untold(
    session: Session, channel: str, now_ms: sa.SQLColumnExpression[int]
) -> list[Untold]:
    is_told = sa.exists().where(
        NoticeRow.alert_id == AlertRow.id,
        NoticeRow.channel == channel,
        sa.or_(NoticeRow.done_at.is_not(None), NoticeRow.again_at_ms >= now_ms),
    )
    rows = session.execute(
        sa.select(AlertRow)
        .where(stands(), ~is_told)
        .order_by(AlertRow.id)
        .limit(MOST_TOLD)
    ).scalars()
    return [
        Untold(alert_id=row.id, code=row.code, ref=row.ref, raised_at=row.raised_at)
        for row in rows
    ]
