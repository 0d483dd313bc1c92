"""SQLAlchemy: every table behind one facade; nothing of the library leaves it."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from worker.adapters.store.alerts import Alerts
from worker.adapters.store.auditing import Audits
from worker.adapters.store.claims import Claims
from worker.adapters.store.directory import SqlOrders
from worker.adapters.store.engine import Database, make_engine
from worker.adapters.store.flags import Flags
from worker.adapters.store.holds import Holds
from worker.adapters.store.job_figures import JobFigures
from worker.adapters.store.job_rows import Job, NewJob
from worker.adapters.store.jobs import Jobs
from worker.adapters.store.ledger import SqlLedger
from worker.adapters.store.mail_changes import Settled
from worker.adapters.store.mails import Mails
from worker.adapters.store.notes import Notes
from worker.adapters.store.outbox import NewEmail, Outbox
from worker.adapters.store.photographs import Photographs
from worker.adapters.store.processes import Processes
from worker.adapters.store.recoveries import Recoveries
from worker.adapters.store.schema import Base
from worker.adapters.store.sent import Sent
from worker.adapters.store.stats import Stats
from worker.adapters.store.watches import Watches
from worker.adapters.store.work import Work
from worker.domain.errors import RetryLater
from worker.faults import Point, reach
from worker.ports import Bell, Clock, Queue


def _next_number() -> None:
    """Leave it to the database which number a new claim gets."""


@dataclass(slots=True)
class _Rings:
    """What is rung after a commit, and the lanes in which nobody was rung.

    `resting` are queues that rest as long as it is not committed.
    """

    bells: list[Bell] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    resting: frozenset[str] = frozenset()


class Store:
    """The record. One instance per process; safe to share between threads.

    `number_claim` is asked for the number of each claim that is opened; a record that
    is made once more gives its claims the numbers that they had.
    """

    def __init__(self, url: str, *, owner: str, clock: Clock, queue: Queue) -> None:
        self.database = Database(make_engine(url))
        self.owner = owner
        self._clock = clock
        self._queue = queue
        self._thread = threading.local()
        self.number_claim: Callable[[], int | None] = _next_number
        self.jobs = Jobs(self.database, owner=owner)
        self.job_figures = JobFigures(self.database, owner=owner, clock=clock)
        self.mails = Mails(self.database)
        self.claims = Claims(self.database)
        self.outbox = Outbox(self.database)
        self.photographs = Photographs(self.database)
        self.flags = Flags(self.database)
        self.notes = Notes(self.database)
        self.sent = Sent(self.database)
        self.orders = SqlOrders(self.database)
        self.processes = Processes(self.database)
        self.stats = Stats(self.database)
        self.alerts = Alerts(self.database)
        self.audits = Audits(self.database)
        self.holds = Holds(self.database)
        self.recoveries = Recoveries(self.database)
        self.watches = Watches(self.database)

    def ledger(
        self,
        *,
        jobs_for: Callable[[int, int], list[NewJob]],
        go_live_at: datetime | None,
        most_by_kind: Mapping[str, int] | None = None,
    ) -> SqlLedger:
        """Return the mailbox ledger for a poller."""
        return SqlLedger(
            self.database,
            jobs_for=jobs_for,
            ring=self._queue.ring,
            go_live_at=go_live_at,
            now=self._clock.now,
            most_by_kind=most_by_kind,
        )

    def reading(self) -> AbstractContextManager[None]:
        """Let all that this thread looks up within be one transaction and snapshot."""
        return self.database.reading()

    @contextmanager
    def transaction(self) -> Iterator[Work]:
        """Yield one writing transaction; rings what it added after the commit."""
        with self.database.write() as session:
            work = Work(
                session,
                self._clock.now(),
                self.number_claim,
                self.jobs,
                resting=None if self._together is None else self._together.resting,
            )
            yield work
            silent = work.pass_on()
            reach(Point.WORK_WRITTEN)
        whole = self._together
        if whole is None:
            self._ring_committed(_Rings(work.bells, silent))
        else:
            whole.bells += work.bells
            whole.silent |= silent

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let all transactions of this thread within be one: see `Database.together`.

        The bells of all are rung after the commit.
        """
        with self.database.together():
            rings = _Rings(resting=self.jobs.resting())
            self._thread.together = rings
            try:
                yield
            finally:
                self._thread.together = None
        self._ring_committed(rings)

    @property
    def is_together(self) -> bool:
        """Return whether this thread is in a `together`."""
        return self._together is not None

    @property
    def _together(self) -> "_Rings | None":
        """What this thread's `together` has to ring."""
        found: _Rings | None = getattr(self._thread, "together", None)
        return found

    def _ring_committed(self, rings: "_Rings") -> None:
        reach(Point.WORK_COMMITTED)
        bells = rings.bells
        if not self.database.has_one_writer:
            # Two that end at the same time see nothing of each other. What is committed
            # stays done: a bell that is missed here, the sweep rings.
            with contextlib.suppress(RetryLater):
                bells += self.jobs.next_in_lanes(rings.silent)
        self._queue.ring(bells)

    def ring(self, bells: Sequence[Bell], *, first: bool = False) -> None:
        """Ring jobs outside a transaction (the sweep)."""
        self._queue.ring(bells, first=first)

    def create_tables(self) -> None:
        """Create every table at once; for dry runs in memory, never for real data."""
        Base.metadata.create_all(self.database.engine)

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()


__all__ = ["Job", "NewEmail", "NewJob", "Settled", "Store", "Work"]
