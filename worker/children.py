"""`claims serve`: poller, workers and scheduler in one supervised process group.

The supervisor holds no state and opens no database. It loads the program once and
forks, so that a child that died is at work again at once. When the supervisor itself
dies, the kernel ends its children.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.context import ForkProcess

import structlog

from worker.adapters.processes import die_with_parent, set_title

log = structlog.get_logger()

STEADY = (("poll",), ("work",), ("schedule",))
"""What runs under `claims serve`, as words of the command line; often with DESK."""
DESK = ("desk",)
UNTIL_IDLE = (("poll", "--every", "1"), ("work",), ("schedule",), ("idle",))
"""The same until all is done; the last one sees that and ends."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)
FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=5)
HEALTHY_AFTER = timedelta(seconds=2)
"""What lived so long did not fail at its start. Our choice."""
LOOK_EVERY = timedelta(milliseconds=100)
STOP_WITHIN = timedelta(seconds=20)
STDOUT, STDERR = 1, 2


@dataclass(slots=True)
class Child:
    """One supervised process.

    `main` runs the `words` that it finds in `sys.argv`. `may_end` is for one that ends
    by itself when it is done; else it is started again. `output` is the descriptor
    for what it prints; None is our own stdout.
    """

    words: tuple[str, ...]
    main: Callable[[], object]
    output: int | None = None
    may_end: bool = False
    process: ForkProcess | None = None
    pause: timedelta = FIRST_PAUSE
    started: float = 0.0
    restart_at: float = 0.0

    def tend(self, now: float) -> int | None:
        """Start the child where it is not running, with a growing pause between.

        Returns the exit code of one that ended by itself and may.
        """
        code = None if self.process is None else self.process.exitcode
        if self.process is not None and code is None:
            return None
        if code is not None and code >= 0 and self.may_end:
            return code
        if self.process is not None:
            role, pid = self.words[0], self.process.pid
            log.warning("child_ended", role=role, code=code, pid=pid)
            if now - self.started > HEALTHY_AFTER.total_seconds():
                self.pause = FIRST_PAUSE
            self.process = None
            self._wait_longer(now)
        if now >= self.restart_at:
            self.started = now
            try:
                self.process = self._fork()
            except OSError as error:  # no memory, or no process to be had
                name = type(error).__name__
                log.warning("child_not_started", role=self.words[0], exc_type=name)
                self._wait_longer(now)
        return None

    def stop(self) -> None:
        """Ask the child to end."""
        if self.process is not None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for the end, then insist."""
        if self.process is None:
            return
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()

    def _wait_longer(self, now: float) -> None:
        self.restart_at = now + self.pause.total_seconds()
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def _fork(self) -> ForkProcess:
        fork = multiprocessing.get_context("fork")
        process = fork.Process(target=self._run, args=(os.getpid(),), daemon=True)
        # A signal must not reach the supervisor's handlers, which the child inherits.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return process

    def _run(self, parent: int) -> None:
        """Be `claims WORDS` in a process just forked."""
        die_with_parent(parent)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        if self.output is not None:
            os.dup2(self.output, STDOUT)
        set_title(f"claims {self.words[0]}")
        sys.argv = ["claims", *self.words, "--migrate"]
        self.main()


class Children:
    """The processes of one `claims serve`.

    What they need is loaded before, and SIGCHLD is not ignored.

    Args:
        main: the command line, see Child.
        until_idle: they look at the mailbox every second, and one of them prints the
            counts and ends when all is done; only its words go to stdout.
        has_desk: the web pages are served too; never with `until_idle`.
    """

    def __init__(
        self,
        main: Callable[[], object],
        *,
        until_idle: bool = False,
        has_desk: bool = False,
    ) -> None:
        steady = (*STEADY, DESK) if has_desk else STEADY
        self._children = [
            Child(words, main, STDERR if until_idle else None)
            for words in (UNTIL_IDLE if until_idle else steady)
        ]
        if until_idle:
            self._children[-1].output = None
            self._children[-1].may_end = True

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of those that have started."""
        started = (child.process for child in self._children)
        return tuple(one.pid for one in started if one is not None and one.pid)

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

    def run(self, stop: threading.Event) -> int:
        """Run until `stop` is set or a child has done its work; return the exit code.

        On `stop` every child ends cleanly, and the code is 0.
        """
        code = None
        with self.running():
            while code is None and not stop.wait(LOOK_EVERY.total_seconds()):
                code = self.tend()
        return 0 if code is None else code

    def tend(self) -> int | None:
        """Look after every child once; return the exit code of one that is done."""
        now = time.monotonic()
        codes = [child.tend(now) for child in self._children]
        return next((code for code in codes if code is not None), None)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; the process then ends cleanly."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop
