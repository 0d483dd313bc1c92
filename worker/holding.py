"""What a process holds while it runs jobs: leases, turns of threads, and rings."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import structlog

from worker.adapters.store import Job, Store
from worker.domain.errors import LeaseLost, RetryLater
from worker.faults import Point, reach

log = structlog.get_logger()

LEASE_FOR = timedelta(seconds=30)
RENEW_EVERY = timedelta(seconds=10)


class Gate:
    """Lets jobs run together, or one alone."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._running = 0
        self._is_alone = False
        self._want_alone = 0

    @contextmanager
    def enter(self, *, alone: bool) -> Iterator[None]:
        """Wait until this job may run, and hold the place while it does.

        Who comes after one that waits to be alone waits behind it; otherwise a busy
        worker would never run that one.
        """
        with self._condition:
            self._want_alone += alone
            self._condition.wait_for(lambda: self._may_enter(alone=alone))
            self._want_alone -= alone
            self._running += 1
            self._is_alone = alone
        try:
            yield
        finally:
            with self._condition:
                self._running -= 1
                self._is_alone = False
                self._condition.notify_all()

    def _may_enter(self, *, alone: bool) -> bool:
        if self._is_alone:
            return False
        return self._running == 0 if alone else self._want_alone == 0


class LeaseKeeper:
    """Renews the leases of the jobs that this process is running."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs: dict[int, Job] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def stop(self) -> None:
        """Renew no more; returns when a renewal that is under way has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(RENEW_EVERY.total_seconds())

    @contextmanager
    def keep(self, *jobs: Job) -> Iterator[None]:
        """Keep the leases of jobs while their steps run."""
        with self._lock:
            self._jobs |= {id(job): job for job in jobs}
        try:
            yield
        finally:
            with self._lock:
                for job in jobs:
                    del self._jobs[id(job)]

    def _keeps(self, job: Job) -> bool:
        with self._lock:
            return id(job) in self._jobs

    def _run(self) -> None:
        while not self._stop.wait(RENEW_EVERY.total_seconds()):
            with self._lock:
                jobs = list(self._jobs.values())
            for job in jobs:
                try:
                    reach(Point.JOB_RENEWING)
                    self._store.jobs.renew(job, lease_for=LEASE_FOR)
                except LeaseLost:
                    if self._keeps(job):  # it may have ended meanwhile
                        log.warning("lease_lost", job_id=job.job_id, kind=job.kind)
                except RetryLater as error:
                    log.warning("lease_not_renewed", reason=error.reason)
                except Exception as error:  # noqa: BLE001 - a bug must not end all leases
                    # Without its text, which may quote what is in a row.
                    log.warning("lease_not_renewed", reason=type(error).__name__)


class Along:
    """Jobs that were taken along with another, and whose own rings lead to nothing.

    Never over `most`; what is forgotten costs a look into the record.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._ids: dict[int, None] = {}
        self._lock = threading.Lock()

    def put(self, jobs: Sequence[Job]) -> None:
        """Remember jobs that were taken."""
        with self._lock:
            self._ids |= {job.job_id: None for job in jobs}
            while len(self._ids) > self._most:
                del self._ids[next(iter(self._ids))]

    def take_out(self, job_id: int) -> bool:
        """Return whether the job is one of them, and forget it."""
        with self._lock:
            is_known = job_id in self._ids
            self._ids.pop(job_id, None)
            return is_known
