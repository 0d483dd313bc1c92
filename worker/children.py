"""The processes under `claims serve`: started at once, started again, stopped together.

This module loads nothing heavy, so that the children start while their supervisor is
still loading the rest of the program.
"""

import contextlib
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

from worker.adapters.clock import SystemClock
from worker.adapters.processes import die_with_parent
from worker.settings import Settings

log = structlog.get_logger()

ROLES = ("poll", "work", "schedule")
FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=5)
HEALTHY_AFTER = timedelta(seconds=10)
STOP_WITHIN = timedelta(seconds=20)
STDERR = 2


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
                [sys.executable, "-m", "worker", self.role, "--migrate"],
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


class Children:
    """One process for each role.

    Args:
        settings: a shifted clock begins at one instant for all children, also for
            those that are started later.
        is_quiet: what they print goes to stderr.
        roles: the commands to run.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        is_quiet: bool = False,
        roles: tuple[str, ...] = ROLES,
    ) -> None:
        environment = dict(os.environ)
        if settings.clock is not None and settings.clock_anchor is None:
            environment["CLAIMS_CLOCK_ANCHOR"] = SystemClock().now().isoformat()
        output = STDERR if is_quiet else None
        self._children = [Child(role, environment, output) for role in roles]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start the children, and stop them at the end."""
        try:
            self.tend()
            yield
        finally:
            for child in self._children:
                child.stop()
            for child in self._children:
                child.wait(STOP_WITHIN.total_seconds())

    def tend(self) -> None:
        """Look after every child once."""
        now = time.monotonic()
        for child in self._children:
            child.tend(now)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; the process then ends cleanly."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop
