"""Job rows: written with the state they follow from, taken by lease, never lost.

waiting ──release──▶ ready ──take──▶ running ──finish──▶ done
                       ▲                │
                       └── later ◀──────┼── transient, our own failure < 3
                                        └──▶ quarantined
"""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from worker.adapters.store.desk_schema import PausedQueueRow
from worker.adapters.store.engine import Database, insert
from worker.adapters.store.job_figures import note_added
from worker.adapters.store.schema import JobRow
from worker.domain.errors import LeaseLost
from worker.ports import Bell

ALIVE = ("waiting", "ready", "running")
_ALIVE_WORDS: list[sa.ColumnElement[str]] = [
    sa.literal_column(f"'{state}'") for state in ALIVE
]
"""As the index `ix_jobs_lane` has them: SQLite uses it for no list of parameters, and
reads every job for each one in a lane."""
_READY: sa.ColumnElement[str] = sa.literal_column("'ready'")
_RUNNING: sa.ColumnElement[str] = sa.literal_column("'running'")
"""The same for `ix_jobs_due` and `ix_jobs_leases`."""
"""A ring that led to nothing is repeated by the sweep after this long."""
REASON_LENGTH = 200
CANCELLED = "cancelled"
_EARLIER = sa.orm.aliased(JobRow)
ALONE_AFTER_VANISHED = 5
"""Source: DESIGN section 2, Jobs."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be written. `ref` makes it unique within its kind.

    A job with `is_waiting` stays until it is released; jobs of one `lane` run one
    at a time in the order in which they were written.
    """

    kind: str
    ref: str
    queue: str
    lane: str | None = None
    is_waiting: bool = False
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that this process has taken; `token` fences its finish."""

    job_id: int
    kind: str
    ref: str
    queue: str
    lane: str | None
    token: str
    attempts: int
    failures: int
    transients: int
    vanished: int
    transient_for: timedelta
    """How long the outside world has been refusing this job."""
    must_run_alone: bool
    waited_ms: int = 0
    """How long it had been due when it was taken."""


def add_jobs(
    session: Session, jobs: Sequence[NewJob], *, at: datetime, now_ms: int
) -> list[Bell]:
    """Write job rows in the caller's transaction; return the bells of those due.

    A (kind, ref) that exists already is left as it is and rings nothing.
    """
    if not jobs:
        return []
    rows = [
        {
            "kind": job.kind,
            "ref": job.ref,
            "queue": job.queue,
            "lane": job.lane,
            "state": "waiting" if job.is_waiting else "ready",
            "run_at_ms": now_ms + _ms(job.delay),
            "rung_at_ms": now_ms,
            "created_at": at,
        }
        for job in jobs
    ]
    statement = insert(session, JobRow).on_conflict_do_nothing(
        index_elements=["kind", "ref"]
    )
    added = session.connection().execute(
        statement.returning(JobRow.id, JobRow.kind, JobRow.ref), rows
    )
    ids = {(row.kind, row.ref): row.id for row in added}
    bells = []
    for job in jobs:
        job_id = ids.pop((job.kind, job.ref), None)
        if job_id is not None:
            note_added(session, job.kind, job.queue)
        if job_id is not None and not job.is_waiting and not job.delay:
            bells.append(Bell(job.queue, job_id))
    return bells


class Jobs:
    """Takes, finishes and sweeps jobs; each method is one transaction of its own."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._taking = _taking(database.now_ms)
        self._alike = _alike(database.now_ms)
        self._taking_more = _taking_more(database.now_ms)

    def take(self, job_id: int, *, lease_for: timedelta) -> Job | None:
        """Claim one due job; see `take_group`."""
        jobs, _next = self.take_group(job_id, lease_for=lease_for, most_by_kind={})
        return jobs[0] if jobs else None

    def take_group(
        self, job_id: int, *, lease_for: timedelta, most_by_kind: Mapping[str, int]
    ) -> tuple[list[Job], list[Bell]]:
        """Claim one due job: lease, token, attempt + 1, committed before any work.

        Nothing when it is not due, held by a living worker, done, or not the first of
        its lane, or its queue rests. A row whose lease ran out counts as vanished once
        more.

        Of a kind in `most_by_kind` others that are due come with it, so many in all,
        but none that anything ever went wrong with: those are run on their own. Where
        there are still more, the bell of the next one is returned too.
        """
        token = secrets.token_hex(8)
        values = {
            "the_job": job_id,
            "the_token": token,
            "the_owner": self._owner,
            "lease_ms": _ms(lease_for),
        }
        with self._database.write() as session:
            found = session.execute(self._taking, values).one_or_none()
            if found is None:
                return [], []
            row, now_ms = found
            job = _taken(row, token, now_ms)
            room = most_by_kind.get(job.kind, 1) - 1
            if room < 1 or job.failures or job.transients or job.vanished:
                return [job], []
            alike = {"the_kind": job.kind, "the_queue": job.queue, "most": room + 1}
            ids = session.execute(self._alike, alike).scalars().all()
            if not ids:
                return [job], []
            along = values | {"the_jobs": ids[:room]}
            more = session.execute(self._taking_more, along)
            jobs = [job, *(_taken(row, token, now_ms) for row, now_ms in more)]
            return jobs, [Bell(job.queue, one) for one in ids[room:]]

    def renew(self, job: Job, *, lease_for: timedelta) -> None:
        """Extend the lease of a long job.

        Raises:
            LeaseLost: another worker has taken it.
        """
        clock = self._database.now_ms
        with self._database.write() as session:
            done = session.execute(
                sa.update(JobRow)
                .where(JobRow.id == job.job_id, JobRow.token == job.token)
                .values(lease_until_ms=clock + _ms(lease_for))
            )
            if _rowcount(done) == 0:
                raise LeaseLost(f"job {job.job_id}")

    def next_in_lanes(self, lanes: Collection[str]) -> list[Bell]:
        """Return the bells of the lanes' first jobs that are ready to run."""
        if not lanes:
            return []
        with self._database.read() as session:
            rows = session.execute(
                sa.select(JobRow.lane, JobRow.id, JobRow.queue, JobRow.state)
                .where(
                    JobRow.lane.in_(lanes),
                    JobRow.state.in_(_ALIVE_WORDS),
                    ~_is_blocked(),
                )
                .order_by(JobRow.id)
            ).all()
        return [Bell(row.queue, row.id) for row in rows if row.state == "ready"]

    def due(
        self,
        queue: str,
        *,
        limit: int,
        quiet_for: timedelta,
        most_by_kind: Mapping[str, int] | None = None,
    ) -> list[Bell]:
        """Return jobs of a queue to ring: due or past their lease, and not rung lately.

        Of the `limit` oldest of either those whose last ring is `quiet_for` ago; none
        of a queue that rests. Marks them as rung. Of a kind in `most_by_kind` one bell
        stands for so many. The cost depends on what is due, not on what exists.
        """
        clock = self._database.now_ms
        ready = sa.and_(
            JobRow.queue == queue,
            JobRow.state == _READY,
            sa.or_(JobRow.lane.is_(None), ~_is_blocked()),
            JobRow.run_at_ms <= clock,
        )
        lost = sa.and_(
            JobRow.queue == queue,
            JobRow.state == _RUNNING,
            JobRow.lease_until_ms < clock,
        )
        is_quiet = JobRow.rung_at_ms <= clock - round(quiet_for.total_seconds() * 1000)
        with self._database.read() as session:
            if session.get(PausedQueueRow, queue) is not None:
                return []
            rows = [
                row
                for where in (ready, lost)
                for row in session.execute(
                    sa.select(
                        JobRow.id,
                        JobRow.kind,
                        is_quiet.label("is_quiet"),
                        sa.and_(JobRow.state == _READY, _is_fresh()).label("is_fresh"),
                    )
                    .where(where)
                    .order_by(JobRow.id)
                    .limit(limit)
                )
                if row.is_quiet
            ]
        if not rows:
            return []
        with self._database.write() as session:
            session.execute(
                sa.update(JobRow)
                .where(JobRow.id.in_([row.id for row in rows]))
                .values(rung_at_ms=clock)
                .execution_options(synchronize_session=False)
            )
        alike: Counter[str] = Counter()
        ids = []
        for row in rows:
            most = (most_by_kind or {}).get(row.kind, 1) if row.is_fresh else 1
            if most == 1 or alike[row.kind] % most == 0:
                ids.append(row.id)
            alike[row.kind] += most > 1
        return [Bell(queue, job_id) for job_id in sorted(ids)]

    def mails_to_validate(self, claim_id: int) -> set[int]:
        """Return the mails of a claim whose validation has not ended."""
        begin = f"{claim_id}:mail:"
        with self._database.read() as session:
            refs = session.execute(
                sa.select(JobRow.ref).where(
                    JobRow.lane == f"claim:{claim_id}",
                    JobRow.kind == "validate",
                    JobRow.ref.startswith(begin, autoescape=True),
                    JobRow.state.in_(_ALIVE_WORDS),
                )
            ).scalars()
            return {int(ref.removeprefix(begin)) for ref in refs}

    def count_alive(self) -> int:
        """Return how many jobs are neither done nor quarantined."""
        with self._database.read() as session:
            return session.execute(
                sa.select(sa.func.count())
                .select_from(JobRow)
                .where(JobRow.state.in_(_ALIVE_WORDS))
            ).scalar_one()


def assert_held(session: Session, job: Job) -> None:
    """Make sure that this process still has the job, before an effect outside.

    Raises:
        LeaseLost: another worker has it.
    """
    held = session.execute(
        sa.select(JobRow.id)
        .where(
            JobRow.id == job.job_id,
            JobRow.token == job.token,
            JobRow.state == "running",
        )
        .with_for_update()
    ).scalar()
    if held is None:
        raise LeaseLost(f"job {job.job_id}")


def finish(session: Session, job: Job, *, at: datetime) -> None:
    """Mark the job done in the transaction of its effects.

    Raises:
        LeaseLost: another worker has the job; everything is rolled back.
    """
    _end(session, job, state="done", at=at, reason="")


def finish_all(session: Session, jobs: Sequence[Job], *, at: datetime) -> list[Job]:
    """Mark jobs done that were taken together; return those that are ours still.

    The others have another worker by now, and nothing may be written for them.
    """
    if not jobs:
        return []
    ids = session.execute(
        sa.update(JobRow)
        .where(
            JobRow.id.in_([job.job_id for job in jobs]),
            JobRow.token == jobs[0].token,
            JobRow.state == "running",
        )
        .values(state="done", token=None, finished_at=at, reason="")
        .returning(JobRow.id)
        .execution_options(synchronize_session=False)
    ).scalars()
    done = set(ids)
    return [job for job in jobs if job.job_id in done]


def held_of(session: Session, jobs: Sequence[Job]) -> list[Job]:
    """Return those of jobs taken together that this process still has."""
    if not jobs:
        return []
    ids = session.execute(
        sa.select(JobRow.id)
        .where(
            JobRow.id.in_([job.job_id for job in jobs]),
            JobRow.token == jobs[0].token,
            JobRow.state == "running",
        )
        .with_for_update()
    ).scalars()
    held = set(ids)
    return [job for job in jobs if job.job_id in held]


def quarantine(session: Session, job: Job, *, at: datetime, reason: str) -> None:
    """Make the job a dead letter with its reason code.

    Raises:
        LeaseLost: another worker has the job.
    """
    _end(session, job, state="quarantined", at=at, reason=reason)


def put_back(
    session: Session,
    job: Job,
    *,
    reason: str,
    delay: timedelta,
    now_ms: int,
    leaves_lane: bool = False,
) -> None:
    """Make a refused job ready again after `delay`; it keeps its lane by default.

    Raises:
        LeaseLost: another worker has the job.
    """
    _make_ready(
        session,
        job,
        reason=reason[:REASON_LENGTH],
        run_at_ms=now_ms + _ms(delay),
        transients=JobRow.transients + 1,
        first_transient_ms=sa.func.coalesce(JobRow.first_transient_ms, now_ms),
        lane=None if leaves_lane else job.lane,
    )


def put_back_failed(
    session: Session, job: Job, *, reason: str, delay: timedelta, now_ms: int
) -> None:
    """Make a failed job ready again after `delay`, out of its lane.

    So it is tried apart from the others and never stops the next mail.

    Raises:
        LeaseLost: another worker has the job.
    """
    _make_ready(
        session,
        job,
        reason=reason[:REASON_LENGTH],
        run_at_ms=now_ms + _ms(delay),
        failures=JobRow.failures + 1,
        lane=None,
    )


def leave_lane(session: Session, *, kind: str, ref: str) -> str | None:
    """Take a waiting job out of its lane, whose others then pass it by.

    Returns the lane that it left.
    """
    is_it = sa.and_(JobRow.kind == kind, JobRow.ref == ref)
    lane: str | None = session.execute(sa.select(JobRow.lane).where(is_it)).scalar()
    session.execute(
        sa.update(JobRow)
        .where(is_it)
        .values(lane=None)
        .execution_options(synchronize_session=False)
    )
    return lane


def _make_ready(session: Session, job: Job, **values: object) -> None:
    done = session.execute(
        sa.update(JobRow)
        .where(
            JobRow.id == job.job_id,
            JobRow.token == job.token,
            JobRow.state == "running",
        )
        .values(state="ready", token=None, rung_at_ms=0, **values)
        .execution_options(synchronize_session=False)
    )
    if _rowcount(done) == 0:
        raise LeaseLost(f"job {job.job_id}")


def _ms(length: timedelta) -> int:
    return int(length.total_seconds() * 1000)


def _end(session: Session, job: Job, *, state: str, at: datetime, reason: str) -> None:
    done = session.execute(
        sa.update(JobRow)
        .where(
            JobRow.id == job.job_id,
            JobRow.token == job.token,
            JobRow.state == "running",
        )
        .values(state=state, token=None, finished_at=at, reason=reason[:REASON_LENGTH])
        .execution_options(synchronize_session=False)
    )
    if _rowcount(done) == 0:
        raise LeaseLost(f"job {job.job_id}")


def release(session: Session, *, kind: str, ref: str, now_ms: int) -> list[Bell]:
    """Make a waiting job ready in the caller's transaction; return its bell."""
    row = session.execute(
        sa.update(JobRow)
        .where(JobRow.kind == kind, JobRow.ref == ref, JobRow.state == "waiting")
        .values(state="ready", run_at_ms=now_ms, rung_at_ms=now_ms)
        .returning(JobRow.id, JobRow.queue)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return [Bell(row.queue, row.id)] if row else []


def hurry(session: Session, *, kind: str, ref: str, now_ms: int) -> list[Bell]:
    """Let a job that waits for its time run now; nothing where it has begun."""
    row = session.execute(
        sa.update(JobRow)
        .where(JobRow.kind == kind, JobRow.ref == ref, JobRow.state == "ready")
        .values(run_at_ms=now_ms, rung_at_ms=now_ms)
        .returning(JobRow.id, JobRow.queue)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return [Bell(row.queue, row.id)] if row else []


def cancel_waiting(session: Session, *, kind: str, ref: str, at: datetime) -> None:
    """End a waiting job that will never be released."""
    session.execute(
        sa.update(JobRow)
        .where(JobRow.kind == kind, JobRow.ref == ref, JobRow.state == "waiting")
        .values(state="done", finished_at=at, reason=CANCELLED)
        .execution_options(synchronize_session=False)
    )


def restore_cancelled(session: Session, *, kind: str, ref: str) -> None:
    """Let a cancelled job wait for its release once more; one that ran stays done."""
    session.execute(
        sa.update(JobRow)
        .where(
            JobRow.kind == kind,
            JobRow.ref == ref,
            JobRow.state == "done",
            JobRow.reason == CANCELLED,
        )
        .values(state="waiting", finished_at=None, reason="")
        .execution_options(synchronize_session=False)
    )


def _taking(clock: sa.SQLColumnExpression[int]) -> ReturningUpdate[JobRow, int]:
    """Return the statement that takes a job; built once, for it is the busiest one."""
    is_due = sa.or_(
        sa.and_(JobRow.state == "ready", JobRow.run_at_ms <= clock),
        sa.and_(JobRow.state == "running", JobRow.lease_until_ms < clock),
    )
    return _take_where(
        clock,
        JobRow.id == sa.bindparam("the_job"),
        is_due,
        sa.or_(JobRow.lane.is_(None), ~_is_blocked()),
        ~sa.exists().where(PausedQueueRow.queue == JobRow.queue),
    )


def _alike(clock: sa.SQLColumnExpression[int]) -> sa.Select[int]:
    """Return the statement that finds what may be done together with a job."""
    return (
        sa.select(JobRow.id)
        .where(
            JobRow.queue == sa.bindparam("the_queue"),
            JobRow.kind == sa.bindparam("the_kind"),
            JobRow.state == _READY,
            JobRow.run_at_ms <= clock,
            _is_fresh(),
            sa.or_(JobRow.lane.is_(None), ~_is_blocked()),
        )
        .order_by(JobRow.run_at_ms)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(of=JobRow, skip_locked=True)
    )


def _taking_more(clock: sa.SQLColumnExpression[int]) -> ReturningUpdate[JobRow, int]:
    return _take_where(
        clock,
        JobRow.id.in_(sa.bindparam("the_jobs", expanding=True)),
        JobRow.state == "ready",
    )


def _take_where(
    clock: sa.SQLColumnExpression[int], *where: sa.ColumnElement[bool]
) -> ReturningUpdate[JobRow, int]:
    return (
        sa.update(JobRow)
        .where(*where)
        .values(
            state="running",
            token=sa.bindparam("the_token"),
            owner=sa.bindparam("the_owner"),
            attempts=JobRow.attempts + 1,
            vanished=JobRow.vanished + sa.case((JobRow.state == "running", 1), else_=0),
            lease_until_ms=clock + sa.bindparam("lease_ms", type_=sa.BigInteger),
            rung_at_ms=0,  # that ring was heard; what comes back needs another
        )
        .returning(JobRow, clock)
        .execution_options(synchronize_session=False)
    )


def _is_fresh() -> sa.ColumnElement[bool]:
    """Return the condition for jobs with which nothing ever went wrong."""
    return sa.and_(JobRow.failures == 0, JobRow.transients == 0, JobRow.vanished == 0)


def _is_blocked() -> sa.ColumnElement[bool]:
    return (
        sa.exists()
        .where(
            _EARLIER.lane == JobRow.lane,
            _EARLIER.id < JobRow.id,
            _EARLIER.state.in_(_ALIVE_WORDS),
        )
        .correlate(JobRow)
    )


def _bells(where: sa.ColumnElement[bool], limit: int) -> sa.Select[int, str]:
    return (
        sa.select(JobRow.id, JobRow.queue).where(where).order_by(JobRow.id).limit(limit)
    )


def _rowcount(result: object) -> int:
    return int(getattr(result, "rowcount", 0))


def _taken(row: JobRow, token: str, now_ms: int) -> Job:
    since_ms = now_ms - row.first_transient_ms if row.first_transient_ms else 0
    return Job(
        job_id=row.id,
        kind=row.kind,
        ref=row.ref,
        queue=row.queue,
        lane=row.lane,
        token=token,
        attempts=row.attempts,
        failures=row.failures,
        transients=row.transients,
        vanished=row.vanished,
        transient_for=timedelta(milliseconds=since_ms),
        must_run_alone=row.vanished >= ALONE_AFTER_VANISHED,
        waited_ms=max(0, now_ms - row.run_at_ms),
    )
