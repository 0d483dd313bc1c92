"""Job rows: written with the state they follow from, taken by lease, never lost.

waiting ──release──▶ ready ──take──▶ running ──finish──▶ done
                       ▲                │
                       └── later ◀──────┼── transient, our own failure < 3
                                        └──▶ quarantined
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store import job_taking
from worker.adapters.store.desk_schema import PausedQueueRow
from worker.adapters.store.engine import Database
from worker.adapters.store.job_rows import (
    ALIVE_WORDS,
    READY,
    RUNNING,
    Job,
    is_blocked,
    is_fresh,
    ms,
    one_for_many,
    rowcount,
)
from worker.adapters.store.schema import JobRow
from worker.domain.errors import LeaseLost
from worker.ports import Bell


class Jobs:
    """Takes, finishes and sweeps jobs; each method is one transaction of its own."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._dialect = database.engine.dialect.name

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
        values = job_taking.taking_values(token, self._owner, lease_for)
        with self._database.write() as session:
            connection = session.connection()
            row = connection.execute(
                job_taking.taking(self._dialect), values | {"the_job": job_id}
            ).one_or_none()
            if row is None:
                return [], []
            job = job_taking.taken(row, token)
            room = most_by_kind.get(job.kind, 1) - 1
            if room < 1 or not job.is_fresh:
                return [job], []
            alike = {"the_kind": job.kind, "the_queue": job.queue, "most": room + 1}
            found = connection.execute(job_taking.alike(self._dialect), alike)
            ids = found.scalars().all()
            if not ids:
                return [job], []
            more = connection.execute(
                job_taking.taking_more(self._dialect), values | {"the_jobs": ids[:room]}
            )
            jobs = [job, *(job_taking.taken(row, token) for row in more)]
            return jobs, [Bell(job.queue, one) for one in ids[room:]]

    def take_next(
        self, session: Session, head: job_taking.Head, *, lease_for: timedelta
    ) -> Job | None:
        """Claim the first job of a lane in the transaction that ends the one before.

        None where another has it, its queue rests, or anything ever went wrong with
        it: that one is run on its own.
        """
        token = secrets.token_hex(8)
        values = job_taking.taking_values(token, self._owner, lease_for)
        row = (
            session.connection()
            .execute(
                job_taking.taking_next(self._dialect), values | {"the_job": head.job_id}
            )
            .one_or_none()
        )
        return None if row is None else job_taking.taken(row, token)

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
                .values(lease_until_ms=clock + ms(lease_for))
            )
            if rowcount(done) == 0:
                raise LeaseLost(f"job {job.job_id}")

    def next_in_lanes(self, lanes: Collection[str]) -> list[Bell]:
        """Return the bells of the lanes' first jobs that are ready to run."""
        if not lanes:
            return []
        with self._database.read() as session:
            heads = job_taking.heads(session.connection(), lanes)
        return [Bell(head.queue, head.job_id) for head in heads]

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
            JobRow.state == READY,
            sa.or_(JobRow.lane.is_(None), ~is_blocked()),
            JobRow.run_at_ms <= clock,
        )
        lost = sa.and_(
            JobRow.queue == queue,
            JobRow.state == RUNNING,
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
                        sa.and_(JobRow.state == READY, is_fresh()).label("is_fresh"),
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
        return _bells(queue, rows, most_by_kind or {})

    def mails_to_validate(self, claim_id: int) -> set[int]:
        """Return the mails of a claim whose validation has not ended."""
        begin = f"{claim_id}:mail:"
        with self._database.read() as session:
            lane = {"the_lane": f"claim:{claim_id}"}
            refs = session.connection().execute(_VALIDATIONS, lane).scalars()
            return {
                int(ref.removeprefix(begin)) for ref in refs if ref.startswith(begin)
            }

    def resting(self) -> frozenset[str]:
        """Return the queues that rest."""
        with self._database.read() as session:
            return frozenset(session.connection().execute(_RESTING).scalars())

    def count_alive(self) -> int:
        """Return how many jobs are neither done nor quarantined."""
        with self._database.read() as session:
            return session.execute(
                sa.select(sa.func.count())
                .select_from(JobRow)
                .where(JobRow.state.in_(ALIVE_WORDS))
            ).scalar_one()


_RESTING = sa.select(PausedQueueRow.queue)
_VALIDATIONS = sa.select(JobRow.ref).where(
    JobRow.lane == sa.bindparam("the_lane"),
    JobRow.kind == "validate",
    JobRow.state.in_(ALIVE_WORDS),
)


def _bells(
    queue: str,
    rows: Sequence[sa.Row[int, str, bool, bool]],
    most_by_kind: Mapping[str, int],
) -> list[Bell]:
    """Return a bell for each job, or for so many of a kind that are run together."""
    fresh = [(row.kind, row.id) for row in rows if row.is_fresh]
    ids = [*one_for_many(fresh, most_by_kind), *(r.id for r in rows if not r.is_fresh)]
    return [Bell(queue, job_id) for job_id in sorted(ids)]
