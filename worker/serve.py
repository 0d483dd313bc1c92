"""When all is done (`claims serve --until-idle`), and the demo's `claims serve`."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import structlog

from worker.adapters import migrations
from worker.adapters.processes import die_with_parent
from worker.adapters.store.stats import MailboxHealth
from worker.bootstrap import Parts
from worker.children import LONGEST_PAUSE, STOP_WITHIN, stop_on_signals
from worker.domain.errors import RetryLater, UsageError

__all__ = ["IdleWatch", "Supervisor", "one_line", "stop_on_signals"]

log = structlog.get_logger()

LOOK_EVERY = timedelta(milliseconds=200)
QUIET_LOOKS = 2
"""Idle is what looks idle twice in a row."""
TROUBLE_FOR = timedelta(seconds=20)
"""A mailbox that cannot be opened for this long ends `--until-idle` with a "no"."""


class Supervisor:
    """Runs `claims serve` on a database and a Redis that it prepares.

    It is a process of its own, as it is in real life.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._process: subprocess.Popen[bytes] | None = None
        self._start_at = 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Prepare the database and Redis, run `claims serve`, stop it at the end."""
        migrations.upgrade(self._parts.database_url)
        self._parts.ensure_redis()
        try:
            self.tend()
            yield
        finally:
            self._stop()
            if self._parts.embedded_redis is not None:
                self._parts.embedded_redis.stop()

    def tend(self) -> None:
        """Start `claims serve` where it does not run."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            log.warning("child_ended", role="serve", code=code)
            self._process = None
            self._start_at = time.monotonic() + LONGEST_PAUSE.total_seconds()
        if self._process is None and time.monotonic() >= self._start_at:
            tether = partial(die_with_parent, os.getpid())
            self._process = subprocess.Popen(
                [sys.executable, "-m", "worker", "serve"],
                preexec_fn=tether,  # noqa: PLW1509 - no thread holds a lock
            )

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(2 * STOP_WITHIN.total_seconds())
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class IdleWatch:
    """Sees when mailbox, queues and outbox are empty."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.store
        self._began = time.monotonic()
        self._passes: dict[str, int] | None = None

    def run(self, stop: threading.Event) -> dict[str, object]:
        """Return the counts when all is done, or when `stop` is set.

        Raises:
            UsageError: the mailbox cannot be opened; says why.
        """
        quiet = 0
        while not stop.is_set() and quiet < QUIET_LOOKS:
            try:
                quiet = quiet + 1 if self._is_idle() else 0
            except RetryLater:
                quiet = 0
            stop.wait(LOOK_EVERY.total_seconds())
        return self.counts()

    def counts(self) -> dict[str, object]:
        """Return what `--until-idle` prints as one JSON line."""
        counts = self._store.stats.counts()
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
        mailboxes = self._store.stats.mailboxes()
        if self._passes is None:
            self._passes = {box.name: box.passes for box in mailboxes}
        has_passed = bool(mailboxes) and all(map(self._has_passed, mailboxes))
        if not has_passed:
            self._check(mailboxes)
        return has_passed and self._store.jobs.count_alive() == 0

    def _has_passed(self, box: MailboxHealth) -> bool:
        """Return whether the mailbox was read to its end since this run began."""
        passes = 0 if self._passes is None else self._passes.get(box.name, 0)
        return box.passes > passes and box.backlog == 0

    def _check(self, mailboxes: list[MailboxHealth]) -> None:
        if time.monotonic() - self._began < TROUBLE_FOR.total_seconds():
            return
        for box in mailboxes:
            if box.trouble is not None and not self._has_passed(box):
                raise UsageError(
                    f"the mailbox cannot be read ({box.trouble}): check"
                    " CLAIMS_MAILBOX_URL with `claims doctor`"
                )


def one_line(counts: dict[str, object]) -> str:
    """Return the counts as one JSON line."""
    return json.dumps(counts, sort_keys=False)
