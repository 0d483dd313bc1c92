"""Looks into the staff's sent folder from time to time, and writes jobs for its mails.

Several watchers side by side are harmless: a mail has one job, and the cursor never
goes back. What a mail means is decided in its job; see `sent.py`.
"""

import threading
from datetime import timedelta

import structlog

from worker.bootstrap import Parts
from worker.domain.errors import RetryLater
from worker.faults import Point, reach
from worker.sent import is_of_interest, job_of

log = structlog.get_logger()

LOOK_EVERY = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
"""After failed looks; a server that refuses the password locks accounts that hammer
it. Source: reliability.md 2.6 and 2.7."""


class SentWatch:
    """Watches the folder until it is stopped."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def run(self, stop: threading.Event) -> None:
        """Look every half a minute until `stop` is set; outages are waited out."""
        pause = timedelta(0)
        while not stop.wait(pause.total_seconds()):
            try:
                self.look()
            except RetryLater as error:
                if pause <= LOOK_EVERY:
                    log.warning("sent_folder_lost", reason=error.reason)
                pause = min(LONGEST_PAUSE, max(LOOK_EVERY, pause) * 2)
            else:
                pause = LOOK_EVERY

    def look(self) -> int:
        """Write the jobs for all that was sent since the last look; return how many.

        Raises:
            RetryLater: the mailbox or the database is away.
        """
        parts, folder = self._parts, self._parts.sent_folder
        if folder is None:
            return 0
        written, is_complete = 0, False
        while not is_complete:
            cursor = parts.store.sent.cursor(folder.name)
            seen = folder.look(cursor)
            reach(Point.SENT_LOOKED)
            jobs = [
                job_of(seen.uidvalidity, head.uid)
                for head in seen.heads
                if is_of_interest(parts, head.header)
            ]
            with parts.store.transaction() as work:
                work.add_jobs(*jobs)
                work.advance_sent(folder.name, seen.uidvalidity, seen.last_uid)
            written, is_complete = written + len(jobs), seen.is_complete
        return written
