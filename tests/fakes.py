"""Honest stand-ins for ports: they pass the same contract suites as the real things."""

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Self

from worker.domain.errors import GiveUp, LeaseLost, RetryLater
from worker.ports import (
    MailboxGone,
    MailboxLease,
    MailboxState,
    MailHead,
    NewMail,
    Stored,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Killed(BaseException):
    """Stands for `kill -9`: nobody catches it, and nothing after it happens."""


@dataclass(slots=True)
class Tripwire:
    """Kills the program when a fake reaches the step `at`, once."""

    at: str | None = None

    def __call__(self, step: str) -> None:
        if step == self.at:
            self.at = None
            raise Killed(step)


@dataclass(slots=True)
class FakeClock:
    """A clock that stands still until it is moved."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def advance(self, length: timedelta) -> None:
        self.at += length


class FakeStop(threading.Event):
    """A stop event on which the thread that made it waits in no time at all.

    It writes down each wait in seconds, runs what `then` says, one after the other,
    and is set when nothing is left to run.
    """

    def __init__(self, *then: Callable[[], object]) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._then = iter(then)
        self._owner = threading.get_ident()

    def wait(self, timeout: float | None = None) -> bool:
        if threading.get_ident() != self._owner:
            return super().wait(timeout)
        self.pauses.append(timeout or 0.0)
        self.step()
        return self.is_set()

    def step(self) -> None:
        """Run the next thing, or stop."""
        following = next(self._then, None)
        if following is None:
            self.set()
        else:
            following()


# -- the raw store ----------------------------------------------------------------


@dataclass(slots=True)
class MemoryRawStore:
    """ports.RawStore in a dict."""

    trip: Tripwire = field(default_factory=Tripwire)
    blobs: dict[str, bytes] = field(default_factory=dict)
    trouble: RetryLater | None = None
    """Raised by every `put` while it is set."""
    largest_part_bytes: int = 0

    def put(self, parts: Iterable[bytes]) -> Stored:
        self.trip("raw.put")
        blob = bytearray()
        for part in parts:
            self.largest_part_bytes = max(self.largest_part_bytes, len(part))
            blob += part
        if self.trouble is not None:
            raise self.trouble
        sha256 = hashlib.sha256(blob).hexdigest()
        self.blobs[sha256] = bytes(blob)
        self.trip("raw.stored")
        return Stored(sha256, len(blob))

    def put_many(self, blobs: Iterable[bytes]) -> list[Stored]:
        return [self.put([blob]) for blob in blobs]

    def get(self, sha256: str) -> bytes:
        if sha256 not in self.blobs:
            reason = "raw_missing"
            raise GiveUp(reason)
        return self.blobs[sha256]

    def has(self, sha256: str) -> bool:
        return sha256 in self.blobs

    def size(self, sha256: str) -> int | None:
        blob = self.blobs.get(sha256)
        return None if blob is None else len(blob)

    def remove(self, sha256: str) -> bool:
        return self.blobs.pop(sha256, None) is not None


# -- the mailbox ------------------------------------------------------------------


@dataclass(slots=True)
class FakeServer:
    """One mailbox on a server, and the faults that it shall have.

    Attributes:
        hidden: UIDs that no search shows yet, as on a server that lags behind.
        breaks_on: UIDs whose body breaks the connection.
        bodiless: UIDs that are answered without a body.
        announces: sizes that differ from the truth.
        refuses: the code with which `open` fails.
        while_waiting: run one by one in place of waiting; None waits in real time.
        fetched: every UID whose body was sent, in order.
        widths: how many UIDs each search covered.
    """

    uidvalidity: int = 1
    uidnext: int = 1
    mails: dict[int, tuple[bytes, datetime]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    breaks_on: set[int] = field(default_factory=set)
    bodiless: set[int] = field(default_factory=set)
    announces: dict[int, int] = field(default_factory=dict)
    refuses: str | None = None
    while_waiting: Iterator[Callable[[], object]] | None = None
    trip: Tripwire = field(default_factory=Tripwire)
    fetched: list[int] = field(default_factory=list)
    connections: int = 0
    widths: list[int] = field(default_factory=list)
    bells: list[threading.Event] = field(default_factory=list)

    def deliver(self, raw: bytes, at: datetime = NOON) -> int:
        """Add a mail and return its UID."""
        uid = self.uidnext
        self.uidnext += 1
        self.mails[uid] = (raw, at)
        for bell in self.bells:
            bell.set()
        return uid

    def deliver_many(self, count: int, size_bytes: int = 100) -> list[int]:
        """Add mails that all differ."""
        uids = range(self.uidnext, self.uidnext + count)
        return [self.deliver(b"%d\r\n" % uid + b"x" * size_bytes) for uid in uids]

    def expunge(self, *uids: int) -> None:
        """Remove mails, as a person does."""
        for uid in uids:
            del self.mails[uid]

    def renumber(self, uidvalidity: int) -> None:
        """Begin a new epoch with the same mails, numbered from 1."""
        self.uidvalidity = uidvalidity
        self.mails = dict(enumerate(self.mails.values(), start=1))
        self.uidnext = len(self.mails) + 1

    def mailbox(self) -> "FakeMailbox":
        return FakeMailbox(self)


class FakeMailbox:
    """ports.Mailbox on a FakeServer."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._bell = threading.Event()
        self._is_open = False
        self._is_interrupted = False

    def open(self) -> MailboxState:
        self._server.connections += 1
        if self._server.refuses is not None:
            raise MailboxGone(self._server.refuses)
        self._is_open = True
        self._server.bells.append(self._bell)
        return self.refresh()

    def refresh(self) -> MailboxState:
        self._talk("refresh")
        server = self._server
        return MailboxState(server.uidvalidity, server.uidnext, len(server.mails))

    def search(self, first_uid: int, last_uid: int) -> list[int]:
        self._talk("search")
        self._server.widths.append(last_uid - first_uid + 1)
        shown = self._server.mails.keys() - self._server.hidden
        return sorted(uid for uid in shown if first_uid <= uid <= last_uid)

    def heads(self, uids: Sequence[int]) -> dict[int, MailHead]:
        self._talk("heads")
        return {
            uid: MailHead(uid, self._server.announces.get(uid, len(raw)), at)
            for uid in uids
            if uid in self._server.mails
            for raw, at in (self._server.mails[uid],)
        }

    def bodies(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        self._talk("bodies")
        sent = [self._send(uid) for uid in uids]
        yield from (
            (uid, raw) for uid, raw in zip(uids, sent, strict=True) if raw is not None
        )

    def parts(self, uid: int, *, part_bytes: int) -> Iterator[bytes]:
        for offset in itertools.count(0, part_bytes):
            self._talk("parts")
            raw = self._send(uid)
            if raw is None:
                self._is_open = False
                code = "protocol"
                raise MailboxGone(code)
            yield raw[offset : offset + part_bytes]
            if offset + part_bytes > len(raw):
                return

    def wait(self, timeout: timedelta) -> bool:
        self._talk("wait")
        if self._server.while_waiting is not None:
            next(self._server.while_waiting)()
            return True
        spoke = self._bell.wait(timeout.total_seconds()) and not self._is_interrupted
        self._bell.clear()
        self._is_interrupted = False
        return spoke

    def interrupt(self) -> None:
        self._is_interrupted = True
        self._bell.set()

    def close(self) -> None:
        self._is_open = False

    def _talk(self, step: str) -> None:
        if not self._is_open:
            code = "bye"
            raise MailboxGone(code)
        self._server.trip(f"mailbox.{step}")

    def _send(self, uid: int) -> bytes | None:
        if uid in self._server.breaks_on:
            self._is_open = False
            code = "bye"
            raise MailboxGone(code)
        if uid in self._server.bodiless or uid not in self._server.mails:
            return None
        self._server.fetched.append(uid)
        return self._server.mails[uid][0]


# -- the ledger of the mailbox ----------------------------------------------------


@dataclass(slots=True)
class FakeLedger:
    """ports.MailLedger for one mailbox, in memory.

    Leases last until they are released, or taken away by `expire`.
    """

    trip: Tripwire = field(default_factory=Tripwire)
    rows: dict[tuple[int, int], NewMail] = field(default_factory=dict)
    """By (UIDVALIDITY, UID)."""
    owner: str | None = None
    token: int = 0
    uidvalidity: int | None = None
    last_uid: int = 0
    alerts: list[str] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    commits: list[tuple[int, int]] = field(default_factory=list)
    """Of each add_mails: how many mails, and the cursor."""
    renewals: int = 0
    _told: set[tuple[str, date]] = field(default_factory=set)

    def take_lease(
        self, name: str, *, owner: str, lease_for: timedelta
    ) -> MailboxLease | None:
        assert lease_for
        if self.owner not in (None, owner):
            return None
        self.owner = owner
        self.token += 1
        return MailboxLease(1, name, self.token, self.uidvalidity, self.last_uid)

    def expire(self) -> Self:
        """Let the lease run out, as after a kill."""
        self.owner = None
        return self

    def renew_lease(self, lease: MailboxLease, *, lease_for: timedelta) -> None:
        assert lease_for
        self._fence(lease)
        self.renewals += 1

    def release_lease(self, lease: MailboxLease) -> None:
        if lease.token == self.token:
            self.owner = None

    def begin_epoch(self, lease: MailboxLease, uidvalidity: int) -> MailboxLease:
        if lease.uidvalidity == uidvalidity:
            return lease
        self._fence(lease)
        if lease.uidvalidity is not None:
            self.alerts.append("uidvalidity_changed")
        self.uidvalidity, self.last_uid = uidvalidity, 0
        return replace(lease, uidvalidity=uidvalidity, last_uid=0)

    def known_uids(
        self, lease: MailboxLease, first_uid: int, last_uid: int
    ) -> set[int]:
        return {
            uid
            for uidvalidity, uid in self.rows
            if uidvalidity == lease.uidvalidity and first_uid <= uid <= last_uid
        }

    def add_mails(
        self, lease: MailboxLease, mails: Sequence[NewMail], *, last_uid: int
    ) -> int:
        self.trip("ledger.add")
        self._fence(lease)
        assert lease.uidvalidity is not None
        before = len(self.rows)
        for mail in mails:
            self.rows.setdefault((lease.uidvalidity, mail.uid), mail)
        self.last_uid = max(self.last_uid, last_uid)
        self.commits.append((len(mails), last_uid))
        self.trip("ledger.added")
        return len(self.rows) - before

    def note_pass(self, lease: MailboxLease, *, at: datetime, backlog: int) -> None:
        assert at.tzinfo is not None
        self._fence(lease)
        self.passes.append(backlog)

    def note_trouble(
        self, lease: MailboxLease, code: str, *, at: datetime, is_lasting: bool
    ) -> None:
        assert at.tzinfo is not None
        self._fence(lease)
        self.troubles.append(code)
        incident = (code, at.date())
        if is_lasting and incident not in self._told:
            self._told.add(incident)
            self.alerts.append("mailbox_lost")

    def uids(self, uidvalidity: int = 1) -> list[int]:
        """Return the UIDs that have a row, ascending."""
        return sorted(uid for validity, uid in self.rows if validity == uidvalidity)

    def _fence(self, lease: MailboxLease) -> None:
        if lease.token != self.token:
            message = "mailbox 1"
            raise LeaseLost(message)
