"""`claims serve`: poller, workers and scheduler in one supervised process group.

The supervisor holds no state. A child that dies is started again, its leases are
ended at once by the scheduler; when the supervisor itself dies, the kernel ends its
children.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from worker.adapters import migrations
from worker.adapters.clock import SystemClock
from worker.adapters.processes import die_with_parent
from worker.adapters.store.stats import MailboxHealth
from worker.bootstrap import Parts
from worker.domain.errors import RetryLater, UsageError

log = structlog.get_logger()

ROLES = ("poll", "work", "schedule")
FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=5)
HEALTHY_AFTER = timedelta(seconds=10)
STOP_WITHIN = timedelta(seconds=20)
LOOK_EVERY = timedelta(milliseconds=200)
STDERR = 2
QUIET_LOOKS = 2
"""Idle is what looks idle twice in a row."""
TROUBLE_FOR = timedelta(seconds=20)
"""A mailbox that cannot be opened for this long ends `--until-idle` with a "no"."""


@dataclass(slots=True)
class Child:
    """One supervised process."""

    role: str
    environment: Mapping[str, str]
    output: int | None = None
    """The descriptor for what it prints; None is our own stdout."""
    process: subprocess.Popen[bytes] | None = None
    pause: timedelta = FIRST_PAUSE
    started: float = 0.0
    restart_at: float = 0.0
    restarts: int = field(default=0)

    def tend(self, now: float) -> None:
        """Start the child where it is not running, with a growing pause between."""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            code = self.process.returncode
            log.warning("child_ended", role=self.role, code=code, pid=self.process.pid)
            if now - self.started > HEALTHY_AFTER.total_seconds():
                self.pause = FIRST_PAUSE
            self.restart_at = now + self.pause.total_seconds()
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
            self.restarts += 1
            self.process = None
        if now >= self.restart_at:
            self.started = now
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "worker", self.role],
                env=dict(self.environment),
                stdout=self.output,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no thread holds a lock
            )

    def stop(self) -> None:
        """Ask the child to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for the end, then insist."""
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    """Runs the children of `claims serve`."""

    def __init__(self, parts: Parts, roles: tuple[str, ...] = ROLES) -> None:
        self._parts = parts
        environment = dict(os.environ)
        if parts.settings.clock is not None and parts.settings.clock_anchor is None:
            # One anchor for all children, also for those that are started later.
            anchor = SystemClock().now().isoformat()
            environment["CLAIMS_CLOCK_ANCHOR"] = anchor
        self._children = [Child(role, environment) for role in roles]
        self._began = time.monotonic()
        self._passes: dict[str, int] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Prepare the database and Redis, run the children, stop them at the end."""
        migrations.upgrade(self._parts.database_url)
        self._parts.ensure_redis()
        try:
            yield
        finally:
            for child in self._children:
                child.stop()
            for child in self._children:
                child.wait(STOP_WITHIN.total_seconds())
            if self._parts.embedded_redis is not None:
                self._parts.embedded_redis.stop()

    def tend(self) -> None:
        """Look after every child once."""
        now = time.monotonic()
        for child in self._children:
            child.tend(now)

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set."""
        with self.running():
            while not stop.is_set():
                self.tend()
                stop.wait(LOOK_EVERY.total_seconds())

    def run_until_idle(self, stop: threading.Event) -> dict[str, object]:
        """Serve until mailbox, queues and outbox are empty; return the counts.

        Raises:
            UsageError: the mailbox cannot be opened; says why.
        """
        for child in self._children:
            child.output = STDERR  # stdout is for the one line of counts
        with self.running():
            store = self._parts.store
            self._passes = {box.name: box.passes for box in store.stats.mailboxes()}
            quiet = 0
            while not stop.is_set() and quiet < QUIET_LOOKS:
                self.tend()
                stop.wait(LOOK_EVERY.total_seconds())
                quiet = quiet + 1 if self._is_idle() else 0
                self._check_mailbox()
            return self.counts()

    def counts(self) -> dict[str, object]:
        """Return what `--until-idle` prints as one JSON line."""
        counts = self._parts.store.stats.counts()
        return {
            "mails": counts.mails,
            "fates": counts.fates,
            "claims": counts.claims,
            "emails_sent": counts.emails_by_status.get("sent", 0),
            "emails_held": counts.emails_by_status.get("held", 0),
            "parked": counts.parked,
            "seconds": round(time.monotonic() - self._began, 1),
        }

    def _is_idle(self) -> bool:
        store = self._parts.store
        try:
            mailboxes = store.stats.mailboxes()
            has_passed = bool(mailboxes) and all(map(self._has_passed, mailboxes))
            return has_passed and store.jobs.count_alive() == 0
        except RetryLater:
            return False

    def _has_passed(self, box: MailboxHealth) -> bool:
        """Return whether the mailbox was read to its end since this run began."""
        return box.passes > self._passes.get(box.name, 0) and box.backlog == 0

    def _check_mailbox(self) -> None:
        if time.monotonic() - self._began < TROUBLE_FOR.total_seconds():
            return
        try:
            mailboxes = self._parts.store.stats.mailboxes()
        except RetryLater:
            return
        for box in mailboxes:
            if box.trouble is not None and not self._has_passed(box):
                raise UsageError(
                    f"the mailbox cannot be read ({box.trouble}): check"
                    " CLAIMS_MAILBOX_URL with `claims doctor`"
                )


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; the process then ends cleanly."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop


def one_line(counts: dict[str, object]) -> str:
    """Return the counts as one JSON line."""
    return json.dumps(counts, sort_keys=False)
