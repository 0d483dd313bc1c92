"""What a job row is to those who write, take and end it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import sqlalchemy as sa

from worker.adapters.store.schema import JobRow

ALIVE = ("waiting", "ready", "running")
ALIVE_WORDS: list[sa.ColumnElement[str]] = [
    sa.literal_column(f"'{state}'") for state in ALIVE
]
"""As the index `ix_jobs_lane` has them: SQLite uses it for no list of parameters, and
reads every job for each one in a lane."""
READY: sa.ColumnElement[str] = sa.literal_column("'ready'")
RUNNING: sa.ColumnElement[str] = sa.literal_column("'running'")
"""The same for `ix_jobs_due` and `ix_jobs_leases`."""
REASON_LENGTH = 200
T = TypeVar("T")
CANCELLED = "cancelled"
ALONE_AFTER_VANISHED = 5
"""Source: DESIGN section 2, Jobs."""
_EARLIER = sa.orm.aliased(JobRow)


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
    is_alone: bool = False
    """That its writer knows: no other job is in its lane once the writer's own ended.

    So it is rung without a look at the lane; where its writer's thread does it in the
    same transaction, its row says from the start that it is done.
    """
    facts: object | None = field(default=None, compare=False)
    """What its writer has at hand, for who goes on with it at once; never stored."""


@dataclass(slots=True)
class Chain:
    """What a thread may go on with when its job ends, and what that turned out to be.

    `next_jobs` were taken in the transaction that ended the last one, and count once
    that is committed; there is room for so many.
    """

    kinds: frozenset[str]
    lease_for: timedelta
    room: int = 1
    next_jobs: "list[Job]" = field(default_factory=list)
    facts: dict[int, object] = field(default_factory=dict)
    """By job what an earlier one of the chain had at hand for it."""

    @property
    def next_job(self) -> "Job | None":
        """Return the job that was taken, where there is room for one."""
        return self.next_jobs[0] if self.next_jobs else None


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
    chain: Chain | None = field(default=None, compare=False)
    """Where its end says what this thread goes on with."""
    facts: object | None = field(default=None, compare=False)
    """What the step before had at hand; None where it is to be looked up."""
    is_ended: bool = False
    """That its row says so: it is done in the transaction that wrote it, or never."""

    @property
    def is_fresh(self) -> bool:
        """Return whether nothing ever went wrong with it; see the condition below."""
        return not (self.failures or self.transients or self.vanished)


def is_fresh() -> sa.ColumnElement[bool]:
    """Return the condition for jobs with which nothing ever went wrong."""
    return sa.and_(JobRow.failures == 0, JobRow.transients == 0, JobRow.vanished == 0)


def is_blocked() -> sa.ColumnElement[bool]:
    """Return the condition for jobs that an earlier one of their lane holds up."""
    return (
        sa.exists()
        .where(
            _EARLIER.lane == JobRow.lane,
            _EARLIER.id < JobRow.id,
            _EARLIER.state.in_(ALIVE_WORDS),
        )
        .correlate(JobRow)
    )


def one_for_many(
    jobs: Iterable[tuple[str, T]], most_by_kind: Mapping[str, int]
) -> list[T]:
    """Return what to ring of jobs by kind: of some kinds one in so many."""
    alike, rung = Counter[str](), []
    for kind, job in jobs:
        if alike[kind] % most_by_kind.get(kind, 1) == 0:
            rung.append(job)
        alike[kind] += 1
    return rung


def ms(length: timedelta) -> int:
    """Return a length in the milliseconds of the database's clock."""
    return int(length.total_seconds() * 1000)


def rowcount(result: object) -> int:
    """Return how many rows a statement changed."""
    return int(getattr(result, "rowcount", 0))
