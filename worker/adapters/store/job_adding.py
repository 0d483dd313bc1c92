"""Writes job rows with the state that they follow from, and lets waiting ones go."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import clock_of, dialect_of
from worker.adapters.store.job_figures import note_added
from worker.adapters.store.job_rows import CANCELLED, NewJob, ms, one_for_many
from worker.adapters.store.many_rows import ManyRows
from worker.adapters.store.schema import JobRow, table_of
from worker.ports import Bell

_JOBS = table_of(JobRow)


def add_jobs(
    session: Session,
    jobs: Sequence[NewJob],
    *,
    at: datetime,
    done: Collection[NewJob] = (),
) -> list[tuple[NewJob, int]]:
    """Write job rows in the caller's transaction; return the new ones' numbers.

    A (kind, ref) that exists already is left as it is. Those that are `done` in this
    transaction are written so.
    """
    if not jobs:
        return []
    rows = [
        {
            "kind": job.kind,
            "ref": job.ref,
            "queue": job.queue,
            "lane": job.lane,
            "state": _state(job, done),
            "attempts": int(job in done),
            "finished_at": at if job in done else None,
            "delay_ms": ms(job.delay),
            "created_at": at,
        }
        for job in jobs
    ]
    many, statement = _adding(dialect_of(session))
    added = session.connection().execute(statement, many.given(rows))
    ids = {(row.kind, row.ref): row.id for row in added}
    found = []
    for job in jobs:
        job_id = ids.pop((job.kind, job.ref), None)
        if job_id is not None:
            note_added(session, job.kind, job.queue)
            found.append((job, job_id))
    return found


def _state(job: NewJob, done: Collection[NewJob]) -> str:
    if job in done:
        return "done"
    return "waiting" if job.is_waiting else "ready"


def bells_of(
    added: Sequence[tuple[NewJob, int]], most_by_kind: Mapping[str, int] | None = None
) -> list[Bell]:
    """Return the bells of those among new jobs that are due.

    Of a kind in `most_by_kind` one stands for so many, which are done together.
    """
    due = (
        (job.kind, Bell(job.queue, job_id))
        for job, job_id in added
        if not job.is_waiting and not job.delay
    )
    return one_for_many(due, most_by_kind or {})


@cache
def _adding(dialect: str) -> tuple[ManyRows, sa.Insert]:
    """Return the statement that writes jobs; building it costs more than running it."""
    clock = clock_of(dialect)
    names = (
        "kind",
        "ref",
        "queue",
        "lane",
        "state",
        "attempts",
        "finished_at",
        "created_at",
    )
    many = ManyRows(dialect, _JOBS, names, {"delay_ms": sa.BigInteger()})
    statement = (
        many.insert(run_at_ms=clock + many.value("delay_ms"), rung_at_ms=clock)
        .on_conflict_do_nothing(index_elements=["kind", "ref"])
        .returning(_JOBS.c.id, _JOBS.c.kind, _JOBS.c.ref)
    )
    return many, statement


def release(
    session: Session, *, kind: str, refs: Collection[str]
) -> list[tuple[str, Bell, str | None]]:
    """Make waiting jobs ready; return the reference, the bell and the lane of each."""
    which = {"the_kind": kind, "the_refs": list(refs)}
    rows = session.connection().execute(_releasing(dialect_of(session)), which)
    return [(row.ref, Bell(row.queue, row.id), row.lane) for row in rows]


@cache
def _releasing(dialect: str) -> sa.UpdateBase:
    clock = clock_of(dialect)
    return (
        sa.update(_JOBS)
        .where(
            _JOBS.c.kind == sa.bindparam("the_kind"),
            _JOBS.c.ref.in_(sa.bindparam("the_refs", expanding=True)),
            _JOBS.c.state == "waiting",
        )
        .values(state="ready", run_at_ms=clock, rung_at_ms=clock)
        .returning(_JOBS.c.id, _JOBS.c.ref, _JOBS.c.queue, _JOBS.c.lane)
    )


def hurry(session: Session, *, kind: str, ref: str) -> list[Bell]:
    """Let a job that waits for its time run now; nothing where it has begun."""
    clock = clock_of(dialect_of(session))
    row = session.execute(
        sa.update(JobRow)
        .where(JobRow.kind == kind, JobRow.ref == ref, JobRow.state == "ready")
        .values(run_at_ms=clock, rung_at_ms=clock)
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
