"""The heartbeat of a process: that it lives, and how its jobs went."""

import threading
from datetime import timedelta

import structlog

from worker.bootstrap import Parts
from worker.domain.errors import RetryLater

log = structlog.get_logger()

BEAT_EVERY = timedelta(seconds=10)


class Pulse:
    """Beats in a thread of its own until it is stopped; never on a job's path."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Beat a last time, and no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(BEAT_EVERY.total_seconds())

    def beat(self) -> bool:
        """Record that this process lives, and the figures of its jobs.

        Returns False when the database is away; the next beat has all of it.
        """
        try:
            self._parts.announce()
            self._parts.store.job_figures.flush()
        except RetryLater as error:
            log.warning("pulse_not_recorded", reason=error.reason)
            return False
        return True

    def _run(self) -> None:
        while not self._stop.wait(BEAT_EVERY.total_seconds()):
            self.beat()
        self.beat()
