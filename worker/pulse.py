"""The heartbeat of a process: that it lives, how its jobs went, and its watch."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from worker.bootstrap import Parts
from worker.domain.errors import RetryLater
from worker.telling import tell
from worker.watching import Watch

log = structlog.get_logger()

BEAT_EVERY = timedelta(seconds=10)


class Pulse:
    """Beats in a thread of its own until it is stopped; never on a job's path.

    Another thread tells people of alerts, so that who is slow to hear delays no beat.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._watch = Watch(parts)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for name, run in (("pulse", self._beat_on), ("telling", self._tell_on))
        ]

    def start(self) -> None:
        """Begin to beat."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Beat a last time, and no more."""
        self._stop.set()
        beating, _telling = self._threads
        if beating.is_alive():
            beating.join(BEAT_EVERY.total_seconds())

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

    def watch(self) -> None:
        """Look at all that must run."""
        try:
            self._watch.look()
        except RetryLater as error:
            log.warning("not_watched", reason=error.reason)

    def tell(self) -> None:
        """Tell people of what does not run."""
        try:
            tell(self._parts)
        except RetryLater as error:
            log.warning("alerts_not_told", reason=error.reason)

    def _beat_on(self) -> None:
        with self._goes_on():
            while not self._wait():
                if self.beat():
                    self.watch()
            self.beat()

    def _tell_on(self) -> None:
        with self._goes_on():
            while not self._wait():
                self.tell()

    def _wait(self) -> bool:
        return self._stop.wait(BEAT_EVERY.total_seconds())

    @contextmanager
    def _goes_on(self) -> Iterator[None]:
        """Say in the log that a thread ended which should not have."""
        try:
            yield
        finally:
            if not self._stop.is_set():
                name = threading.current_thread().name
                log.critical("thread_ended", code=name)
