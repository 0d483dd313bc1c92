"""How fast e-mails may leave a process, over all its connections."""

import threading
import time


class Pace:
    """Lets its callers go on one after the other; safe to share between threads.

    Args:
        per_second: so many at most; None lets everybody go on at once.
    """

    def __init__(self, per_second: float | None) -> None:
        self._apart_s = 0.0 if per_second is None else 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def take_place(self, now: float) -> float:
        """Return the seconds from `now` to the caller's turn, which is taken then."""
        with self._lock:
            at = max(now, self._next)
            self._next = at + self._apart_s
        return at - now

    def wait(self) -> None:
        """Wait for the caller's turn."""
        wait_s = self.take_place(time.monotonic())
        if wait_s:
            threading.Event().wait(wait_s)
