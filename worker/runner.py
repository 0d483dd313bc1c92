"""Runs one job by its id: takes the row, runs its step, sorts what was raised.

Three kinds of failure are counted apart (DESIGN section 2, Jobs):

    transient   RetryLater: backs off for up to the kind's patience, then quarantine
    failure     our own exception, or a death of the reader child: quarantine at 3
    vanished    the process died with the job: costs no attempt; after five the job
                runs alone once, and is quarantined if that kills it too
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Generic

import structlog

from worker.adapters.store import Job, Work
from worker.adapters.store.job_figures import Ending
from worker.adapters.store.job_rows import ALONE_AFTER_VANISHED, Chain
from worker.domain.errors import GiveUp, LeaseLost, RetryLater, StaleClaim
from worker.faults import Point, reach
from worker.holding import LEASE_FOR, Along, Gate, LeaseKeeper
from worker.kinds import JobKind, P, Patience, most_by_kind
from worker.ports import READER_CRASHED, Bell, ReadFailed

log = structlog.get_logger()

UNKNOWN_KIND = "unknown_kind"
UNKNOWN_PAUSE = timedelta(minutes=1)
STALE_PAUSE = timedelta(milliseconds=50)
ALERT_AFTER = timedelta(minutes=15)
"""A job that the outside world refuses for so long is told to a person, once a day, if
what refuses it has an alert. Our choice."""
MOST_CHAINED = 16
"""Jobs that one ring leads to; who ends a process waits for the last. Our choice."""
FAILURES_TO_QUARANTINE = 3
"""Source: DESIGN section 2, Jobs; Mailman's MAX_BAK_COUNT."""


class Runner(Generic[P]):
    """Runs jobs of the kinds it was given; one per process, for all its threads.

    Args:
        parts: what their steps need.
        kinds: the map.
        at_once: that steps which touch nothing but the record (`JobKind.at_once`) may
            be one transaction with those that they go on with. For a database with one
            writer, and where no lookup leaves the machine.
    """

    def __init__(
        self, parts: P, kinds: dict[str, JobKind[P]], *, at_once: bool = False
    ) -> None:
        self._parts = parts
        self._at_once = at_once
        self._store = parts.store
        self._kinds = kinds
        self._most_by_kind = most_by_kind(kinds)
        self._along = Along()
        self._gate = Gate()
        self.leases = LeaseKeeper(parts.store)

    def run(self, job_id: int) -> None:
        """Take the job if it is due, run its step, and record how that ended.

        Others of its kind may be done with it; their own rings then lead to nothing.
        """
        reach(Point.JOB_HEARD)
        if self._along.take_out(job_id):
            return
        try:
            jobs, bells = self._store.jobs.take_group(
                job_id, lease_for=LEASE_FOR, most_by_kind=self._most_by_kind
            )
        except RetryLater as error:
            log.warning("job_not_taken", job_id=job_id, reason=error.reason)
            return
        if not jobs:
            return
        self._store.ring(bells)
        self._do(jobs)
        reach(Point.JOB_ENDED)

    def _do(self, jobs: Sequence[Job]) -> None:
        """Do what was taken, and what its end makes due in the same thread."""
        facts: dict[int, object] = {}
        for number in range(MOST_CHAINED):
            reach(Point.JOB_TAKEN)
            if self._is_done_at_once(jobs, facts, most=MOST_CHAINED - number):
                return
            chain = Chain(frozenset(), LEASE_FOR, facts=facts)
            job = self._do_taken(jobs, chain, is_last=number == MOST_CHAINED - 1)
            facts = chain.facts
            if job is None:
                return
            jobs = [job]

    def _is_done_at_once(
        self, jobs: Sequence[Job], facts: dict[int, object], *, most: int
    ) -> bool:
        """Do a job and what follows in one transaction, where all of them allow it.

        When one raises, the whole is undone and done again without that one, which is
        rung and then done on its own, where what it raises is sorted. False where the
        first is that one. Who finds that all was committed after all loses the lease.
        """
        job, kind = jobs[0], self._kinds.get(jobs[0].kind)
        is_right = self._at_once and len(jobs) == 1 and job.is_fresh
        if not is_right or kind is None or not kind.at_once:
            return False
        while most:
            ended: list[tuple[Job, float]] = []
            try:
                with (
                    self.leases.keep(job),
                    self._gate.enter(alone=False),
                    self._store.together(),
                ):
                    self._do_at_once(job, facts, ended, most=most)
            except Exception as error:  # noqa: BLE001 - raised again, and sorted there
                name = type(error).__name__
                log.debug("not_at_once", job_id=job.job_id, exc_type=name)
                most = min(most - 1, len(ended))
            else:
                for one, took_ms in ended:
                    self._count(one, Ending.DONE, took_ms)
                return True
        return False

    def _do_at_once(
        self,
        first: Job,
        facts: dict[int, object],
        ended: list[tuple[Job, float]],
        *,
        most: int,
    ) -> None:
        """Do a job and what follows, the nearest first: a claim before another mail."""
        waiting = [first]
        while waiting:
            job = waiting.pop(0)
            began = time.monotonic()
            kind = self._kinds[job.kind]
            kinds = frozenset(name for name in kind.goes_on if self._may_join(name))
            room = most - len(ended) - len(waiting) - 1
            chain = Chain(kinds, LEASE_FOR, room=room, facts=facts)
            kind.step(self._parts, replace(job, chain=chain))
            facts = chain.facts
            ended.append((job, (time.monotonic() - began) * 1000))
            waiting = chain.next_jobs + waiting

    def _may_join(self, name: str) -> bool:
        kind = self._kinds.get(name)
        return kind is not None and kind.at_once

    def _do_taken(
        self, jobs: Sequence[Job], chain: Chain, *, is_last: bool
    ) -> Job | None:
        """Do what was taken; return the job that was taken as this one ended."""
        job = jobs[0]
        kind = self._kinds.get(job.kind)
        if kind is None:
            self._leave_for_newer(job)
        elif job.vanished > ALONE_AFTER_VANISHED:
            self._quarantine(job, "kills_its_worker", kind)
        else:
            # Kept while it waits, too: a lease that runs out counts as a death.
            with self.leases.keep(*jobs), self._gate.enter(alone=job.must_run_alone):
                chain.kinds = frozenset() if is_last else kind.goes_on
                jobs = [replace(one, chain=chain) for one in jobs]
                if len(jobs) > 1:
                    return self._run_group(kind, jobs, chain)
                is_done = self._run_step(kind, jobs[0]) is Ending.DONE
                return chain.next_job if is_done else None
        return None

    def _run_group(
        self, kind: JobKind[P], jobs: Sequence[Job], chain: Chain
    ) -> Job | None:
        left = self._run_together(kind, jobs, chain)
        after = chain.next_job
        with self.leases.keep(*([] if after is None else [after])):
            for one in left:
                self._along.take_out(one.job_id)  # it may be put back, and rung again
                self._run_step(kind, replace(one, chain=None))
        return after

    def _leave_for_newer(self, job: Job) -> None:
        """Put back a job of a kind that a newer version wrote: one will come by.

        It costs no attempt. After as long as the outside world is waited for it is a
        dead letter, which a person may requeue.
        """
        if job.transient_for >= Patience().give_up_after:
            self._quarantine(job, UNKNOWN_KIND, None)
        else:
            self._put_back(job, UNKNOWN_KIND, UNKNOWN_PAUSE)

    def _run_together(
        self, kind: JobKind[P], jobs: Sequence[Job], chain: Chain
    ) -> Sequence[Job]:
        """Do jobs at once; return those that are left to be run on their own."""
        if kind.together is None:
            return jobs
        self._along.put(jobs[1:])
        began = time.monotonic()
        try:
            end = kind.together(self._parts, jobs)
        except Exception as error:  # noqa: BLE001 - sorted as that of a single job
            chain.next_jobs.clear()  # they may not have been committed
            ends = {job: self._after(kind, job, error) for job in jobs}
            left: Sequence[Job] = ()
        else:
            ends = dict.fromkeys(end.done, Ending.DONE)
            for job in jobs:
                if job.job_id in end.refused:
                    refusal = end.refused[job.job_id]
                    ends[job] = self._after(kind, job, refusal)
            left = end.left
        each_ms = (time.monotonic() - began) * 1000 / max(1, len(ends))
        for job, how in ends.items():
            self._count(job, how, each_ms)
            if how is not Ending.DONE:
                self._along.take_out(job.job_id)  # it will be rung again
        return left

    def _run_step(self, kind: JobKind[P], job: Job) -> Ending | None:
        began = time.monotonic()
        how = self._try(kind, job)
        self._count(job, how, (time.monotonic() - began) * 1000)
        return how

    def _count(self, job: Job, how: Ending | None, took_ms: float) -> None:
        if how is Ending.DONE:
            log.debug(
                "job_done", job_id=job.job_id, kind=job.kind, duration_ms=round(took_ms)
            )
        if how is not None:
            self._store.job_figures.tally.ended(
                job.kind, job.queue, how, took_ms=took_ms, waited_ms=job.waited_ms
            )

    def _try(self, kind: JobKind[P], job: Job) -> Ending | None:
        """Run the step and record what was raised; None where another has the job."""
        try:
            kind.step(self._parts, job)
        except Exception as error:  # noqa: BLE001 - the one place that sorts bugs
            return self._after(kind, job, error)
        return Ending.DONE

    def _after(self, kind: JobKind[P], job: Job, error: Exception) -> Ending | None:
        """Record what was raised; None where another has the job."""
        match error:
            case LeaseLost():
                log.warning("lease_lost", job_id=job.job_id, kind=job.kind)
                return None
            case StaleClaim():
                self._put_back(job, "stale_claim", STALE_PAUSE)
                return Ending.PUT_BACK
            case RetryLater():
                self._after_refusal(kind, job, error)
                return Ending.PUT_BACK
            case GiveUp():
                self._quarantine(job, error.reason, kind)
            case ReadFailed() if error.code == READER_CRASHED and job.failures == 0:
                self._after_crash(job)
            case ReadFailed() if error.died:
                self._after_failure(kind, job, f"reader_{error.code}")
            case ReadFailed():
                self._quarantine(job, f"reader_{error.code}", kind)
            case _:
                self._after_failure(kind, job, type(error).__name__, error)
        return Ending.FAILED

    def _after_refusal(self, kind: JobKind[P], job: Job, error: RetryLater) -> None:
        if job.transient_for >= kind.patience.give_up_after:
            self._quarantine(job, f"gave_up_after_{error.reason}", kind)
            return
        delay = error.retry_after
        if delay is None:
            delay = kind.patience.delay(job.transients)
        log.warning(
            "job_deferred", job_id=job.job_id, kind=job.kind, reason=error.reason
        )
        with self._recording(job) as work:
            if error.alert is not None and job.transient_for >= ALERT_AFTER:
                work.raise_alert(error.alert, f"{error.alert}:{work.at:%Y-%m-%d}")
            work.put_back(
                job, reason=error.reason, delay=delay, leaves_lane=error.is_own
            )

    def _after_failure(
        self, kind: JobKind[P], job: Job, reason: str, error: Exception | None = None
    ) -> None:
        where = place_of(error)
        log.error(
            "job_failed", job_id=job.job_id, kind=job.kind, reason=reason, where=where
        )
        if job.failures + 1 >= FAILURES_TO_QUARANTINE:
            self._quarantine(job, f"{reason} {where}".strip(), kind)
            return
        delay = kind.patience.delay(job.failures)
        with self._recording(job) as work:
            kind.on_failure(work, job, reason)
            work.put_back_failed(job, reason=reason, delay=delay)

    def _after_crash(self, job: Job) -> None:
        """Read again at once, in the same order: the child may have been killed.

        Only a second death says that it was the mail; then others pass it.
        """
        log.warning("reader_crashed", job_id=job.job_id, kind=job.kind)
        with self._recording(job) as work:
            work.put_back_failed(job, reason="reader_crashed", delay=timedelta())
        self._store.ring([Bell(job.queue, job.job_id)], first=True)

    def _put_back(self, job: Job, reason: str, delay: timedelta) -> None:
        with self._recording(job) as work:
            work.put_back(job, reason=reason, delay=delay)

    def _quarantine(self, job: Job, reason: str, kind: JobKind[P] | None) -> None:
        log.error("job_quarantined", job_id=job.job_id, kind=job.kind, reason=reason)
        with self._recording(job) as work:
            if kind is not None:
                kind.on_quarantine(work, job, reason)
            work.quarantine(job, reason)

    @contextmanager
    def _recording(self, job: Job) -> Iterator[Work]:
        """Yield a transaction that records how a job ended.

        Where it cannot be written the lease runs out and the sweep rings again.
        """
        try:
            with self._store.transaction() as work:
                yield work
        except LeaseLost:
            log.warning("lease_lost", job_id=job.job_id, kind=job.kind)
        except RetryLater as error:
            log.warning("job_not_recorded", job_id=job.job_id, reason=error.reason)


def place_of(error: Exception | None) -> str:
    """Return the innermost place of ours in the traceback: file and line, no text."""
    place = ""
    traceback = error.__traceback__ if error else None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if "/worker/" in code.co_filename:
            name = code.co_filename.rsplit("/worker/", 1)[1]
            place = f"{name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
