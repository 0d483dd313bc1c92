"""The poller: holds the lease on one mailbox, sweeps it, and waits for news.

One poller per mailbox works, others stand by. Whatever goes wrong with the connection
ends it; a new one follows after a pause that grows. Nothing here needs to survive a
kill: lease, cursor and mails are in the ledger.
"""

import contextlib
import itertools
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from worker.domain.errors import LeaseLost, RetryLater
from worker.ingest import Suspects, SweepLimits, SweepResult, sweep
from worker.ports import (
    Clock,
    Mailbox,
    MailboxGone,
    MailboxLease,
    MailLedger,
    RawStore,
)

log = structlog.get_logger()

STANDBY_S = 5.0  # how soon another poller follows after a release
# First and longest pause. Source: reliability.md 2.6 and 2.7; a server that refuses
# the password locks accounts that hammer it.
PAUSES_S = (1.0, 300.0)
LOGIN_PAUSES_S = (2.0, 900.0)
# Once the mailbox could be read, new mail waits at most 32 s for the next connection.
FAILURES_AFTER_PASS = 5
# A person must act on these; the others pass.
LASTING = frozenset({"login_refused", "no_such_mailbox", "tls"})
STALLED_AFTER = timedelta(minutes=10)  # Source: reliability.md 2.4
WATCH_EVERY_S = 30.0
LONGEST_WAIT = timedelta(seconds=20)
EXIT_STALLED = 70
random = secrets.SystemRandom()


def _new_owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _exit() -> None:
    """End the process at once: its thread hangs, so nothing can be raised in it."""
    os._exit(EXIT_STALLED)


@dataclass(slots=True)
class Poller:
    """Polls one mailbox.

    Args:
        open_mailbox: makes a mailbox that is not open yet, one per connection.
        raw: where the mails go first.
        ledger: where they go then; holds the lease.
        clock: business time.
        name: of the mailbox, as in the ledger.
        limits: of a sweep; `lease_for` also says how long a killed poller keeps
            others out, and a third of it is the longest wait for news.
        owner: who holds the lease; unique to this poller.
        on_stall: called by another thread when nothing moved for ten minutes.
        longest_wait: it looks at least so often, without news.
    """

    open_mailbox: Callable[[], Mailbox]
    raw: RawStore
    ledger: MailLedger
    clock: Clock
    name: str
    limits: SweepLimits = field(default_factory=SweepLimits)
    owner: str = field(default_factory=_new_owner)
    on_stall: Callable[[], None] = _exit
    longest_wait: timedelta = LONGEST_WAIT
    _mailbox: Mailbox | None = None
    _suspects: Suspects = field(default_factory=dict)
    _failures: int = 0
    _warned: set[str] = field(default_factory=set)
    _alive_at: float = field(default_factory=time.monotonic)

    def run(self, stop: threading.Event) -> None:
        """Poll until `stop` is set, then return within a batch.

        `stop` may be set by a signal handler or any thread; a wait for news ends at
        once. Outages are waited out here. What is no outage is raised: a bug.
        """
        is_over = threading.Event()
        watch = (stop, is_over)
        threading.Thread(target=self._watch, args=watch, daemon=True).start()
        try:
            while not stop.is_set():
                pause_s = self._turn(stop)
                self._alive_at = time.monotonic() + pause_s
                if pause_s:
                    stop.wait(pause_s)
        finally:
            is_over.set()

    def run_once(self) -> int | None:
        """Make one whole pass; return how many mails were stored.

        None means that another poller holds the lease.

        Raises:
            MailboxGone: the mailbox cannot be read now.
            RetryLater: the raw store or the database cannot take it now.
            LeaseLost: another poller took over.
        """
        lease = self._take_lease()
        if lease is None:
            return None
        stored = 0
        with self._holding(lease), self._connection() as mailbox:
            for result in self._sweeps(mailbox, lease, threading.Event()):
                stored += result.stored
        return stored

    def _turn(self, stop: threading.Event) -> float:
        """Poll until `stop` or trouble; return the seconds to pause after it."""
        try:
            lease = self._take_lease()
            if lease is None:
                return STANDBY_S * random.uniform(0.5, 1.0)
            with self._holding(lease), self._connection() as mailbox:
                self._poll(mailbox, lease, stop)
        except LeaseLost:
            log.warning("mailbox_lease_lost", owner=self.owner)
            return STANDBY_S
        except MailboxGone as gone:
            return self._trouble(gone.code)
        except RetryLater as later:
            pause_s = self._trouble(later.reason)
            if later.retry_after is None:
                return pause_s
            return max(pause_s, later.retry_after.total_seconds())
        return 0.0

    def _poll(
        self, mailbox: Mailbox, lease: MailboxLease, stop: threading.Event
    ) -> None:
        for passes in itertools.count(1):
            for result in self._sweeps(mailbox, lease, stop):
                lease = result.lease
            if stop.is_set():
                return
            # One pass shows that the mailbox can be read, a second one that the
            # connection outlives a wait.
            self._recover(FAILURES_AFTER_PASS if passes == 1 else 0)
            mailbox.wait(min(self.longest_wait, self.limits.lease_for / 3))

    def _sweeps(
        self, mailbox: Mailbox, lease: MailboxLease, stop: threading.Event
    ) -> Iterator[SweepResult]:
        """Sweep until nothing is left, or `stop`."""

        def proceed() -> bool:
            self._alive_at = time.monotonic()
            return not stop.is_set()

        while proceed():
            self.ledger.renew_lease(lease, lease_for=self.limits.lease_for)
            result = sweep(
                mailbox,
                self.raw,
                self.ledger,
                lease,
                clock=self.clock,
                limits=self.limits,
                suspects=self._suspects,
                proceed=proceed,
            )
            lease = result.lease
            backlog = result.backlog + result.held
            self.ledger.note_pass(lease, at=self.clock.now(), backlog=backlog)
            _report(result)
            yield result
            if not result.backlog:
                return

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Mailbox]:
        with contextlib.closing(self.open_mailbox()) as mailbox:
            self._mailbox = mailbox
            try:
                mailbox.open()
                yield mailbox
            finally:
                self._mailbox = None

    def _take_lease(self) -> MailboxLease | None:
        lease_for = self.limits.lease_for
        return self.ledger.take_lease(self.name, owner=self.owner, lease_for=lease_for)

    @contextlib.contextmanager
    def _holding(self, lease: MailboxLease) -> Iterator[None]:
        """Note why polling ended, and let the next poller in.

        The lease is not kept over a pause: another machine may reach the server.
        """
        try:
            yield
        except (MailboxGone, RetryLater) as trouble:
            code = trouble.code if isinstance(trouble, MailboxGone) else trouble.reason
            with contextlib.suppress(LeaseLost, RetryLater):
                self.ledger.note_trouble(
                    lease, code, at=self.clock.now(), is_lasting=code in LASTING
                )
            raise
        finally:
            with contextlib.suppress(RetryLater):
                self.ledger.release_lease(lease)

    def _trouble(self, code: str) -> float:
        """Log a new kind of trouble once; return the seconds to pause."""
        if code not in self._warned:
            self._warned.add(code)
            write = log.error if code in LASTING else log.warning
            write("mailbox_lost", code=code)
        first, longest = LOGIN_PAUSES_S if code == "login_refused" else PAUSES_S
        pause_s = min(longest, first * 2 ** min(self._failures, 20))
        self._failures += 1
        return max(first, random.uniform(pause_s / 2, pause_s))

    def _recover(self, failures_left: int) -> None:
        self._failures = min(self._failures, failures_left)
        if self._warned:
            log.info("mailbox_recovered")
            self._warned.clear()

    def _watch(self, stop: threading.Event, is_over: threading.Event) -> None:
        """End a hanging process; wake a waiting one when it shall stop.

        A run that was ended by a bug hangs no more, and its process may live on.
        """
        while not stop.wait(WATCH_EVERY_S):
            if is_over.is_set():
                return
            silent_s = time.monotonic() - self._alive_at
            if silent_s > STALLED_AFTER.total_seconds():
                log.error("mailbox_poll_stalled", seconds=round(silent_s))
                self.on_stall()
        mailbox = self._mailbox
        if mailbox is not None:
            mailbox.interrupt()


def _report(result: SweepResult) -> None:
    mailbox_id = result.lease.mailbox_id
    if result.stored:
        log.info(
            "mails_stored",
            mailbox_id=mailbox_id,
            stored=result.stored,
            backlog=result.backlog,
        )
    if result.gone:
        log.warning("mails_gone_unread", mailbox_id=mailbox_id, count=result.gone)
