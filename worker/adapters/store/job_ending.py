"""Ends the run of a job in the transaction of its effects, fenced by its token."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import clock_of, dialect_of
from worker.adapters.store.job_rows import REASON_LENGTH, Job, ms, rowcount
from worker.adapters.store.schema import JobRow, table_of
from worker.domain.errors import LeaseLost

_JOBS = table_of(JobRow)
_ENDING = (
    sa.update(_JOBS)
    .where(
        _JOBS.c.id == sa.bindparam("the_job"),
        _JOBS.c.token == sa.bindparam("the_token"),
        _JOBS.c.state == "running",
    )
    .values(
        state=sa.bindparam("the_end"),
        token=None,
        finished_at=sa.bindparam("the_time"),
        reason=sa.bindparam("the_reason"),
    )
)


def assert_held(session: Session, job: Job) -> None:
    """Make sure that this process still has the job, before an effect outside.

    Raises:
        LeaseLost: another worker has it.
    """
    if not held_of(session, [job]):
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
        .where(*_are_ours(jobs))
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
        sa.select(JobRow.id).where(*_are_ours(jobs)).with_for_update()
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
        run_at_ms=_clock(session) + ms(delay),
        transients=JobRow.transients + 1,
        first_transient_ms=sa.func.coalesce(JobRow.first_transient_ms, _clock(session)),
        lane=None if leaves_lane else job.lane,
    )


def put_back_failed(
    session: Session, job: Job, *, reason: str, delay: timedelta
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
        run_at_ms=_clock(session) + ms(delay),
        failures=JobRow.failures + 1,
        lane=None,
    )


def _make_ready(session: Session, job: Job, **values: object) -> None:
    done = session.execute(
        sa.update(JobRow)
        .where(*_are_ours([job]))
        .values(state="ready", token=None, rung_at_ms=0, **values)
        .execution_options(synchronize_session=False)
    )
    if rowcount(done) == 0:
        raise LeaseLost(f"job {job.job_id}")


def _end(session: Session, job: Job, *, state: str, at: datetime, reason: str) -> None:
    values = {
        "the_job": job.job_id,
        "the_token": job.token,
        "the_end": state,
        "the_time": at,
        "the_reason": reason[:REASON_LENGTH],
    }
    if rowcount(session.connection().execute(_ENDING, values)) == 0:
        raise LeaseLost(f"job {job.job_id}")


def _are_ours(jobs: Sequence[Job]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for jobs taken together that nobody has taken since."""
    return (
        JobRow.id.in_([job.job_id for job in jobs]),
        JobRow.token == jobs[0].token,
        JobRow.state == "running",
    )


def _clock(session: Session) -> sa.SQLColumnExpression[int]:
    return clock_of(dialect_of(session))
