"""Takes jobs by lease: one that was rung, others like it, and what follows from one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from worker.adapters.store.desk_schema import PausedQueueRow
from worker.adapters.store.engine import clock_of
from worker.adapters.store.job_rows import (
    ALIVE_WORDS,
    ALONE_AFTER_VANISHED,
    READY,
    Job,
    NewJob,
    is_blocked,
    is_fresh,
    ms,
)
from worker.adapters.store.schema import JobRow, table_of

MOST_LANES = 50
"""Lanes that one statement looks at. Our choice."""
_JOBS = table_of(JobRow)


@dataclass(frozen=True, slots=True)
class Head:
    """The first job of a lane that is ready and due."""

    job_id: int
    kind: str
    queue: str
    lane: str


@cache
def taking(dialect: str) -> sa.UpdateBase:
    """Return the statement that takes a job; built once, for it is the busiest one."""
    clock = clock_of(dialect)
    is_due = sa.or_(
        sa.and_(JobRow.state == "ready", JobRow.run_at_ms <= clock),
        sa.and_(JobRow.state == "running", JobRow.lease_until_ms < clock),
    )
    return _take_where(
        clock,
        JobRow.id == sa.bindparam("the_job"),
        is_due,
        sa.or_(JobRow.lane.is_(None), ~is_blocked()),
        ~sa.exists().where(PausedQueueRow.queue == JobRow.queue),
    )


@cache
def alike(dialect: str) -> sa.Select[Any]:
    """Return the statement that finds what may be done together with a job."""
    return (
        sa.select(JobRow.id)
        .where(
            JobRow.queue == sa.bindparam("the_queue"),
            JobRow.kind == sa.bindparam("the_kind"),
            JobRow.state == READY,
            JobRow.run_at_ms <= clock_of(dialect),
            is_fresh(),
            sa.or_(JobRow.lane.is_(None), ~is_blocked()),
        )
        .order_by(JobRow.run_at_ms)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(of=JobRow, skip_locked=True)
    )


@cache
def taking_more(dialect: str) -> sa.UpdateBase:
    """Return the statement that takes several jobs which nobody has."""
    return _take_where(
        clock_of(dialect),
        JobRow.id.in_(sa.bindparam("the_jobs", expanding=True)),
        JobRow.state == "ready",
    )


@cache
def taking_next(dialect: str) -> sa.UpdateBase:
    """Return the statement that takes the first job of a lane, unless its queue rests.

    Where it is taken as the job before it ends, in the same transaction.
    """
    return _take_where(
        clock_of(dialect),
        JobRow.id == sa.bindparam("the_job"),
        JobRow.state == "ready",
        is_fresh(),
        ~sa.exists().where(PausedQueueRow.queue == JobRow.queue),
    )


def heads(connection: sa.Connection, lanes: Collection[str]) -> list[Head]:
    """Return the first jobs of lanes that are ready and due, oldest first."""
    names = sorted(lanes)
    found = []
    for begin in range(0, len(names), MOST_LANES):
        some = names[begin : begin + MOST_LANES]
        values = {f"lane_{number}": lane for number, lane in enumerate(some)}
        statement = _heads(connection.dialect.name, len(some))
        found += [Head(*row) for row in connection.execute(statement, values)]
    return sorted(found, key=lambda head: head.job_id)


@cache
def _heads(dialect: str, count: int) -> sa.Select[Any]:
    """Return the statement for so many lanes: a look into the index for each."""
    earliest = _JOBS.alias()
    firsts = [
        sa.select(sa.func.min(earliest.c.id))
        .where(
            earliest.c.lane == sa.bindparam(f"lane_{number}"),
            earliest.c.state.in_(ALIVE_WORDS),
        )
        .scalar_subquery()
        for number in range(count)
    ]
    return sa.select(_JOBS.c.id, _JOBS.c.kind, _JOBS.c.queue, _JOBS.c.lane).where(
        _JOBS.c.id.in_(firsts),
        _JOBS.c.state == READY,
        _JOBS.c.run_at_ms <= clock_of(dialect),
    )


def taking_values(token: str, owner: str, lease_for: timedelta) -> dict[str, object]:
    """Return what every statement that takes jobs needs."""
    return {"the_token": token, "the_owner": owner, "lease_ms": ms(lease_for)}


def taken(row: sa.Row[Any], token: str) -> Job:
    """Return a row that was taken as the job of this process."""
    since_ms = row.now_ms - row.first_transient_ms if row.first_transient_ms else 0
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
        waited_ms=max(0, row.now_ms - row.run_at_ms),
    )


def ended(job: NewJob, job_id: int) -> Job:
    """Return a job that is done in the transaction that wrote it."""
    return Job(
        job_id=job_id,
        kind=job.kind,
        ref=job.ref,
        queue=job.queue,
        lane=job.lane,
        token="",
        attempts=1,
        failures=0,
        transients=0,
        vanished=0,
        transient_for=timedelta(0),
        must_run_alone=False,
        facts=job.facts,
        is_ended=True,
    )


_TAKEN = tuple(
    _JOBS.c[name]
    for name in (
        "id",
        "kind",
        "ref",
        "queue",
        "lane",
        "attempts",
        "failures",
        "transients",
        "vanished",
        "first_transient_ms",
        "run_at_ms",
    )
)


def _take_where(
    clock: sa.SQLColumnExpression[int], *where: sa.ColumnElement[bool]
) -> sa.UpdateBase:
    return (
        sa.update(_JOBS)
        .where(*where)
        .values(
            state="running",
            token=sa.bindparam("the_token"),
            owner=sa.bindparam("the_owner"),
            attempts=_JOBS.c.attempts + 1,
            vanished=_JOBS.c.vanished
            + sa.case((_JOBS.c.state == "running", 1), else_=0),
            lease_until_ms=clock + sa.bindparam("lease_ms", type_=sa.BigInteger),
            rung_at_ms=0,  # that ring was heard; what comes back needs another
        )
        .returning(*_TAKEN, clock.label("now_ms"))
    )
