"""`claims serve`: poller, workers and scheduler in one supervised process group.

The supervisor holds no state. A child that dies is started again, and what it held is
free at once; when the supervisor itself dies, the kernel ends its children.
"""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

from worker.adapters import migrations
from worker.adapters.store.stats import MailboxHealth
from worker.bootstrap import Parts
from worker.children import Children, stop_on_signals
from worker.domain.errors import RetryLater, UsageError

__all__ = ["Supervisor", "one_line", "stop_on_signals"]

LOOK_EVERY = timedelta(milliseconds=200)
QUIET_LOOKS = 2
"""Idle is what looks idle twice in a row."""
TROUBLE_FOR = timedelta(seconds=20)
"""A mailbox that cannot be opened for this long ends `--until-idle` with a "no"."""


class Supervisor:
    """Prepares what the children need, watches over them, and sees when all is done.

    Args:
        parts: for the database, Redis and the settings.
        children: started already, or None for the usual ones.
    """

    def __init__(self, parts: Parts, children: Children | None = None) -> None:
        self._parts = parts
        self._children = Children(parts.settings) if children is None else children
        self._began = time.monotonic()
        self._passes: dict[str, int] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Prepare the database and Redis, run the children, stop them at the end."""
        try:
            with self._children.running():
                migrations.upgrade(self._parts.database_url)
                self._parts.ensure_redis()
                yield
        finally:
            if self._parts.embedded_redis is not None:
                self._parts.embedded_redis.stop()

    def tend(self) -> None:
        """Look after every child once."""
        self._children.tend()

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


def one_line(counts: dict[str, object]) -> str:
    """Return the counts as one JSON line."""
    return json.dumps(counts, sort_keys=False)
