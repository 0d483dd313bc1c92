"""What operators look at: depths, ages and counts that cost the same at any size.

Every count stops at MOST_COUNTED rows of an index; a page shows that as "10,000+".
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.desk.dead_letters import MOST_COUNTED
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import (
    NO_DEADLINE,
    ClaimEventRow,
    ClaimRow,
    EmailRow,
    JobRow,
    MailboxRow,
    MailRow,
)
from worker.domain.claim import OPEN_STATES, RUNNING_STATES, Event
from worker.domain.mail import Fate
from worker.ports import Clock

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MOST_FORECAST = 5000
"""Claims of one state whose dates a forecast looks at. Our choice."""
DECIDED = (
    Event.APPROVED,
    Event.APPROVED_PARTIAL,
    Event.REJECTED,
    Event.INELIGIBLE_CONFIRMED,
)
"""Events by which a person has decided a claim."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many jobs of a queue stand where; `oldest_for` is the longest wait."""

    queue: str
    waiting: int
    """Due now, or waiting for the job before them."""
    running: int
    scheduled: int
    """Their time has not come: they wait for a date, or back off."""
    dead: int
    oldest_for: timedelta | None


@dataclass(frozen=True, slots=True)
class NextTry:
    """A job that waits for its time."""

    job_id: int
    kind: str
    queue: str
    due_in: timedelta
    attempts: int
    failures: int
    transients: int
    refused_for: timedelta
    """How long the outside world has been refusing it."""
    reason: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """The mails of a mailbox that have no fate yet."""

    mailbox_id: int
    name: str
    open: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outbound:
    """Where e-mails stand; the last three count what was written in a day."""

    queued: int
    sending: int
    oldest_queued_at: datetime | None
    deferred: int
    """Queued ones that the relay has put off."""
    held: Counter[str]
    """By reason."""
    sent: int
    refused: int
    bounced: int


class Operations:
    """Reads for the operations page and for metrics; every method is one snapshot."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def queues(self, names: Sequence[str]) -> list[QueueState]:
        """Return the state of each queue, in the order given."""
        clock = self._database.now_ms
        with self._database.read() as session:
            running = _grouped(session, JobRow.queue, JobRow.state == "running")
            dead = _grouped(session, JobRow.queue, JobRow.state == "quarantined")
            found = []
            for name in names:
                ready = sa.and_(JobRow.queue == name, JobRow.state == "ready")
                held_back = sa.and_(JobRow.queue == name, JobRow.state == "waiting")
                oldest = (
                    sa.select(sa.func.min(JobRow.run_at_ms))
                    .where(ready, JobRow.run_at_ms <= clock)
                    .scalar_subquery()
                )
                row = session.execute(
                    sa.select(
                        _count(JobRow.id, ready, JobRow.run_at_ms <= clock),
                        _count(JobRow.id, held_back),
                        _count(JobRow.id, ready, JobRow.run_at_ms > clock),
                        clock - oldest,
                    )
                ).one()
                age = None if row[3] is None else timedelta(milliseconds=int(row[3]))
                found.append(
                    QueueState(
                        name,
                        row[0] + row[1],
                        running[name],
                        row[2],
                        dead[name],
                        None if age is None else max(age, timedelta()),
                    )
                )
        return found

    def next_tries(self, names: Sequence[str], *, limit: int) -> list[NextTry]:
        """Return the jobs whose time comes soonest, some of each queue."""
        clock = self._database.now_ms
        found = []
        with self._database.read() as session:
            for name in names:
                rows = session.execute(
                    sa.select(JobRow, clock)
                    .where(
                        JobRow.queue == name,
                        JobRow.state == "ready",
                        JobRow.run_at_ms > clock,
                    )
                    .order_by(JobRow.run_at_ms)
                    .limit(limit)
                )
                found += [_next_try(row, now_ms) for row, now_ms in rows]
        return sorted(found, key=lambda one: one.due_in)[:limit]

    def backlogs(self) -> list[Backlog]:
        """Return what of each mailbox is not dealt with yet."""
        with self._database.read() as session:
            boxes = session.execute(
                sa.select(MailboxRow.id, MailboxRow.name).order_by(MailboxRow.id)
            ).all()
            found = []
            for box_id, name in boxes:
                is_open = sa.and_(MailRow.mailbox_id == box_id, MailRow.fate.is_(None))
                number = session.execute(
                    sa.select(_count(MailRow.id, is_open))
                ).scalar()
                oldest = session.execute(
                    sa.select(MailRow.first_seen_at)
                    .where(is_open)
                    .order_by(MailRow.id)
                    .limit(1)
                ).scalar()
                found.append(Backlog(box_id, name, number or 0, oldest))
        return found

    def fates(self) -> dict[str, int]:
        """Return how many mails got which fate in the last 24 hours."""
        since = self._clock.now() - DAY
        with self._database.read() as session:
            return _each(
                session,
                {
                    fate.value: _count(
                        MailRow.id, MailRow.fate == fate, MailRow.settled_at > since
                    )
                    for fate in Fate
                },
            )

    def outbound(self) -> Outbound:
        """Return where e-mails stand."""
        since = self._clock.now() - DAY
        is_late = sa.and_(JobRow.queue == "send", JobRow.state == "ready")
        status, created_at = EmailRow.status, EmailRow.created_at
        with self._database.read() as session:
            counts = _each(
                session,
                {
                    "queued": _count(EmailRow.id, status == "queued"),
                    "sending": _count(EmailRow.id, status == "sending"),
                    "deferred": _count(JobRow.id, is_late, JobRow.transients > 0),
                    **{
                        name: _count(EmailRow.id, status == name, created_at > since)
                        for name in ("sent", "refused", "bounced")
                    },
                },
            )
            oldest = session.execute(
                sa.select(sa.func.min(created_at)).where(status == "queued")
            ).scalar()
            held = _grouped(session, EmailRow.held_reason, status == "held")
        return Outbound(oldest_queued_at=oldest, held=held, **counts)

    def deadlines(self, until: datetime) -> list[datetime]:
        """Return the dates by which we owe answers, up to an instant, soonest first.

        At most MOST_FORECAST of a state.
        """
        found: list[datetime] = []
        with self._database.read() as session:
            for state in sorted(RUNNING_STATES):
                rows = session.execute(
                    sa.select(ClaimRow.deadline_at)
                    .where(
                        ClaimRow.is_open,
                        ClaimRow.state == state,
                        ClaimRow.deadline_at <= until,
                    )
                    .order_by(ClaimRow.deadline_at, ClaimRow.id)
                    .limit(MOST_FORECAST)
                )
                found += rows.scalars()
        return sorted(found)

    def decided_in_week(self) -> int:
        """Return how many decisions people made in the last seven days."""
        since = self._clock.now() - WEEK
        with self._database.read() as session:
            counts = _each(
                session,
                {
                    event.value: _count(
                        ClaimEventRow.event,
                        ClaimEventRow.event == event,
                        ClaimEventRow.at > since,
                    )
                    for event in DECIDED
                },
            )
        return sum(counts.values())

    def open_claims(self) -> dict[str, int]:
        """Return how many open claims stand in each state."""
        with self._database.read() as session:
            return _each(
                session,
                {
                    state.value: _count(
                        ClaimRow.id, ClaimRow.is_open, ClaimRow.state == state
                    )
                    for state in sorted(OPEN_STATES)
                },
            )

    def open_claims_by_date(self) -> dict[str, int]:
        """Return how many open claims are overdue, due in 24 and 48 hours, later."""
        now = self._clock.now()
        ends = (now, now + DAY, now + 2 * DAY, NO_DEADLINE - DAY)
        names = ("overdue", "due_24h", "due_48h", "later")
        due, since = ClaimRow.deadline_at, datetime.min.replace(tzinfo=now.tzinfo)
        counts = {}
        for name, until in zip(names, ends, strict=True):
            where = (ClaimRow.is_open, due > since, due <= until)
            counts[name] = _count(ClaimRow.id, *where)
            since = until
        counts["no_date"] = _count(ClaimRow.id, ClaimRow.is_open, due > since)
        with self._database.read() as session:
            return _each(session, counts)


def _count(
    column: sa.SQLColumnExpression[int] | sa.SQLColumnExpression[str],
    *where: sa.ColumnExpressionArgument[bool],
) -> sa.ScalarSelect[int]:
    """Return the query of a count that stops at MOST_COUNTED."""
    few = sa.select(column).where(*where).limit(MOST_COUNTED).subquery()
    return sa.select(sa.func.count()).select_from(few).scalar_subquery()


def _each(
    session: Session, counts: "dict[str, sa.ScalarSelect[int]]"
) -> dict[str, int]:
    row = session.execute(
        sa.select(*(count.label(f"n{at}") for at, count in enumerate(counts.values())))
    ).one()
    return dict(zip(counts, map(int, row), strict=True))


def _grouped(
    session: Session,
    column: sa.SQLColumnExpression[str],
    where: "sa.ColumnElement[bool]",
) -> Counter[str]:
    """Return how often each value occurs in the first MOST_COUNTED rows."""
    few = sa.select(column.label("value")).where(where).limit(MOST_COUNTED).subquery()
    rows = session.execute(
        sa.select(few.c.value, sa.func.count()).group_by(few.c.value)
    )
    return Counter({row[0]: row[1] for row in rows})


def _next_try(row: JobRow, now_ms: int) -> NextTry:
    first = row.first_transient_ms
    return NextTry(
        row.id,
        row.kind,
        row.queue,
        timedelta(milliseconds=row.run_at_ms - now_ms),
        row.attempts,
        row.failures,
        row.transients,
        timedelta(milliseconds=now_ms - first if first else 0),
        row.reason,
    )
