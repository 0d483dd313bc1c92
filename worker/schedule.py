"""What is due: jobs to ring again, deadlines of claims, leases of the dead.

A sweep reads columns; nothing here is ever a delayed message. Its cost depends on
what is due, not on what exists. Several schedulers side by side are harmless: jobs
are unique by (kind, ref) and every firing of a deadline has a slot of its own.
"""

import threading
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from worker.actors import (
    MOST_BY_KIND,
    QUEUES,
    audit_job,
    digest_job,
    reminder,
    retain_job,
)
from worker.adapters import processes
from worker.bootstrap import Parts
from worker.domain.errors import RetryLater
from worker.faults import Point, reach

log = structlog.get_logger()

NIGHTLY = "nightly"
SWEEP_EVERY = timedelta(seconds=1)
DEADLINES_EVERY = timedelta(seconds=5)
BURY_EVERY = timedelta(seconds=5)
FORGET_EVERY = timedelta(hours=1)
NIGHTLY_EVERY = timedelta(minutes=1)
NIGHTLY_AT = timedelta(hours=3)
"""After midnight of the policy's time zone: nobody waits for the server then. Ours."""
DEEP_ON = 6
"""The weekday whose audit reads all bytes: Sunday."""
EXPIRE_EVERY = timedelta(seconds=5)
SWEEP_FOR_S = 0.5
"""Of one expiry sweep: at a midnight of many lots the other work goes on too. Ours."""
SILENT_FOR = timedelta(days=1)
"""A process of another machine that was not heard of for so long is forgotten."""
DEEP = 200
"""Of a queue with this many rings most jobs wait only for their turn. Our choice."""
MOST_RUNG, RING_AGAIN_AFTER = 500, timedelta(seconds=3)
MOST_RUNG_DEEP, RING_DEEP_AGAIN_AFTER = 10, timedelta(seconds=60)
"""Which jobs a sweep rings: so many of the oldest, if they were not rung for so long.
In a deep queue that is few, for those whose rings were lost while all others wait for
them. Our choice: a lost ring costs at most a minute there."""


class Scheduler:
    """Sweeps until it is stopped."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._is_failing = False

    def run(self, stop: threading.Event) -> None:
        """Sweep every second until `stop` is set."""
        elapsed = timedelta(0)
        self.bury_the_dead()
        while not stop.wait(SWEEP_EVERY.total_seconds()):
            elapsed += SWEEP_EVERY
            reach(Point.SCHEDULE_TICK)
            try:
                self.ring_due()
                if elapsed % DEADLINES_EVERY == timedelta(0):
                    self.enqueue_deadlines(self._parts.clock.now())
                if elapsed % BURY_EVERY == timedelta(0):
                    self.bury_the_dead()
                if elapsed % NIGHTLY_EVERY == timedelta(0):
                    self.enqueue_nightly(self._parts.clock.now())
                if elapsed % EXPIRE_EVERY == timedelta(0):
                    self.expire_points()
                if elapsed % FORGET_EVERY == timedelta(0):
                    self.forget_old()
            except RetryLater as error:
                if not self._is_failing:
                    log.warning("sweep_failed", reason=error.reason)
                self._is_failing = True
            else:
                self._is_failing = False

    def ring_due(self) -> int:
        """Ring jobs that are due and were not rung lately, queue by queue.

        They are heard first: they have waited longest, and in a lane all others wait
        for them.
        """
        rung = 0
        for queue in QUEUES:
            depth = self._parts.queue_depth(queue)
            if depth is None:
                continue
            limit, quiet_for = MOST_RUNG, RING_AGAIN_AFTER
            if depth >= DEEP:
                limit, quiet_for = MOST_RUNG_DEEP, RING_DEEP_AGAIN_AFTER
            bells = self._store.jobs.due(
                queue, limit=limit, quiet_for=quiet_for, most_by_kind=MOST_BY_KIND
            )
            if bells:
                reach(Point.SCHEDULE_RINGING)
            self._store.ring(bells, first=True)
            rung += len(bells)
        return rung

    def enqueue_deadlines(self, now: datetime) -> int:
        """Write a job for every claim whose next deadline has come."""
        due = self._store.claims.due(now)
        if due:
            with self._store.transaction() as work:
                work.add_jobs(*(reminder(*one) for one in due))
        return len(due)

    def enqueue_nightly(self, now: datetime) -> bool:
        """Write the jobs of the newest night, once; True where that was now.

        Of several nights that were missed only the last one is made up for. The night
        in which a record begins has nothing to compare.
        """
        zone = ZoneInfo(self._parts.policy.policy_tz)
        night = (now.astimezone(zone).replace(tzinfo=None) - NIGHTLY_AT).date()
        with self._store.transaction() as work:
            is_first = not work.has_slots(NIGHTLY)
            if not work.fire_slot(NIGHTLY, night.isoformat()) or is_first:
                return False
            is_deep = night.weekday() == DEEP_ON
            jobs = [audit_job(night.isoformat(), is_deep=is_deep)]
            if self._parts.settings.retention is not None:
                jobs.insert(0, retain_job(night.isoformat()))
            if self._parts.settings.alert_address is not None:
                jobs.append(digest_job(night.isoformat()))
            work.add_jobs(*jobs)
        return True

    def bury_the_dead(self) -> None:
        """End the leases of processes of this machine that are certainly gone."""
        for owner, pid, ticks in self._store.processes.on_host(processes.host()):
            is_gone = not processes.is_alive(pid, ticks)
            if is_gone and self._store.processes.bury(owner):
                log.info("process_buried", owner=owner)

    def expire_points(self) -> int:
        """Write off points whose last day is over; return how many accounts had some.

        An account that nobody writes to expires here; the others before each write.
        """
        total, until = 0, time.monotonic() + SWEEP_FOR_S
        while time.monotonic() < until:
            swept = self._parts.points.sweep()
            total += swept
            if not swept:
                break
        return total

    def forget_old(self) -> None:
        """Delete figures that no chart shows any more, and processes long silent."""
        self._store.job_figures.forget_old()
        for owner in self._store.processes.silent(SILENT_FOR):
            self._store.processes.bury(owner)
