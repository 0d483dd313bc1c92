"""Arrow 1, first half: what the mailbox has and the ledger has not, oldest first.

Mails go to the raw store, and only then, with their jobs and the cursor, into the
ledger. Killed anywhere, the next sweep finds the same mails and stores each once.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from worker.ports import (
    Clock,
    Mailbox,
    MailboxGone,
    MailboxLease,
    MailboxState,
    MailHead,
    MailLedger,
    NewMail,
    RawStore,
    Stored,
)

KIB = 1024
MIB = 1024 * KIB
MAX_UID = 2**32 - 1  # Source: RFC 9051 §9, nz-number
# So many UIDs make a SEARCH answer of 550 kB at most; imaplib refuses lines of 1 MB.
# Source: reliability.md 2.1
MAX_WINDOW = 50_000
PARTS_A_RENEWAL = 8
# Exchange announces sizes roughly (reliability.md 2.3); beyond this a mail is flagged.
SIZE_SLACK_BYTES = 4 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepLimits:
    """How much a sweep takes at a time; `batch_bytes` bounds its memory.

    Source: reliability.md 2.1 for window and rescan, 2.8 for the sizes; the batch:
    measured 2026-11-22, `python -m bench ingest`.
    """

    window: int = 500
    rescan: int = 200
    batch_mails: int = 200
    batch_bytes: int = 8 * MIB
    whole_bytes: int = MIB
    """A bigger mail comes in parts, straight into the raw store."""
    part_bytes: int = MIB
    most_bytes: int = 60 * MIB
    """Of a bigger mail only the beginning is kept: trouble `oversize`."""
    oversize_bytes: int = 256 * KIB
    lease_for: timedelta = timedelta(seconds=60)
    retry_after: tuple[timedelta, ...] = (timedelta(seconds=5), timedelta(minutes=5))
    """The waits of a UID that breaks its fetch; then it is given up. Long enough that
    a line that fails for some minutes costs no big mail."""


@dataclass(slots=True)
class Suspect:
    """A UID whose fetch went wrong. It is fetched alone, after all others."""

    first_seen_at: datetime
    due_at: datetime
    failures: int = 0
    head: MailHead | None = None


Suspects = dict[tuple[int, int], Suspect]
"""By (UIDVALIDITY, UID); the poller keeps them from sweep to sweep."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What one sweep did.

    `gone` mails were removed by somebody before they could be fetched. `backlog` is
    how many UIDs the next sweep could take at once (an upper bound: some may not
    exist), `held` how many suspects wait for their next try. `lease` has the cursor
    for the next sweep.
    """

    seen: int
    stored: int
    gone: int
    backlog: int
    held: int
    lease: MailboxLease


def sweep(  # noqa: PLR0913 - the ports it works on, and what outlives it
    mailbox: Mailbox,
    raw: RawStore,
    ledger: MailLedger,
    lease: MailboxLease,
    *,
    clock: Clock,
    limits: SweepLimits = SweepLimits(),
    suspects: Suspects | None = None,
    proceed: Callable[[], bool] = lambda: True,
) -> SweepResult:
    """Store the next mails that the ledger does not have, oldest first.

    Safe to run again after any failure. A mail that breaks its fetch is tried alone
    on later connections and given up after three failures (`fetch_failed`), so that
    it holds up no other.

    Args:
        mailbox: open.
        raw: has each mail before the ledger does.
        ledger: rows, jobs and cursor in one transaction a batch.
        lease: fresh; renewed between batches.
        clock: for `first_seen_at` and the suspects' waits.
        limits: at most one window is taken.
        suspects: the same object at each sweep.
        proceed: asked between batches, where False ends the sweep early, and now
            and then within a big mail.

    Raises:
        MailboxGone: open a new connection and sweep again.
        RetryLater: the raw store has no room, or the ledger cannot be reached.
        LeaseLost: another poller has the mailbox.
    """
    state = mailbox.refresh()
    lease = ledger.begin_epoch(lease, state.uidvalidity)
    suspects = {} if suspects is None else suspects
    run = _Sweep(
        mailbox=mailbox,
        raw=raw,
        ledger=ledger,
        lease=lease,
        clock=clock,
        limits=limits,
        suspects=suspects,
        proceed=proceed,
        state=state,
        now=clock.now(),
    )
    uids = run.look()
    with run.keeper:
        for number, batch in enumerate(run.batches(uids)):
            if not proceed():
                break
            if number:
                ledger.renew_lease(run.lease, lease_for=limits.lease_for)
            run.settle(batch)
    return run.result(seen=len(uids))


class _Keeper:
    """Keeps one batch in a thread, while the next one is fetched.

    What keeping a batch raised is raised at the next call, or at the end.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="keep")
        self._kept: Future[None] | None = None

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """Wait for the last batch, whatever ended the fetching."""
        with self._threads:
            self.wait()

    def keep(self, work: Callable[[], None]) -> None:
        """Begin with a batch as soon as the one before is kept."""
        self.wait()
        self._kept = self._threads.submit(work)

    def wait(self) -> None:
        """Wait until nothing is being kept."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.result()


class _TooBig(Exception):
    """The parts of a mail go on beyond what was announced and allowed."""


@dataclass(slots=True, kw_only=True)
class _Sweep:
    mailbox: Mailbox
    raw: RawStore
    ledger: MailLedger
    lease: MailboxLease
    clock: Clock
    limits: SweepLimits
    suspects: Suspects
    proceed: Callable[[], bool]
    state: MailboxState
    now: datetime
    heads: dict[int, MailHead] = field(default_factory=dict)
    unsettled: set[int] = field(default_factory=set)
    keeper: _Keeper = field(default_factory=_Keeper)
    end: int = 0
    """Every UID up to here is unsettled, in the ledger, or gone."""
    stored: int = 0
    gone: int = 0

    def look(self) -> list[int]:
        """Return the UIDs to fetch: those of the first window that has any.

        It begins below the cursor, since some servers show mails late, and goes on
        over windows that are empty, known or held, ever wider.
        """
        last_uid, width = self.lease.last_uid, self.limits.window
        epoch = self.state.uidvalidity
        suspected = {uid for validity, uid in self.suspects if validity == epoch}
        below = last_uid + 1 - self.limits.rescan
        first = max(1, min([below, *suspected]))
        last = min(last_uid + width, MAX_UID)
        while True:
            found = self.mailbox.search(first, last)
            self._pass_over({u for u in suspected if first <= u <= last} - set(found))
            if found:
                known = self.ledger.known_uids(self.lease, found[0], found[-1])
                self.unsettled.update(uid for uid in found if uid not in known)
            uids = sorted(uid for uid in self.unsettled if not self._is_held(uid))
            if uids or last >= self.state.uidnext - 1:
                break
            is_few = self.state.exists <= MAX_WINDOW
            width = width * 2 if is_few else min(width * 2, MAX_WINDOW)
            first, last = last + 1, min(last + width, MAX_UID)
        if len(uids) > self.limits.window:
            uids = uids[: self.limits.window]
            last = max(last_uid, uids[-1])
            self.unsettled = {uid for uid in self.unsettled if uid <= last}
        # UIDNEXT may lag behind what the search shows.
        self.end = min(last, max(self.state.uidnext - 1, *found, last_uid))
        return uids

    def batches(self, uids: list[int]) -> Iterator[list[int]]:
        """Yield what is fetched together; a big mail or a suspect is alone."""
        calm = [uid for uid in uids if self._key(uid) not in self.suspects]
        suspected = [uid for uid in uids if self._key(uid) in self.suspects]
        suspected.sort(key=lambda uid: self.suspects[self._key(uid)].failures)
        if calm:
            with self._blaming(calm):
                self.heads.update(self.mailbox.heads(calm))
        batch: list[int] = []
        batch_bytes = 0
        for uid in calm:
            size_bytes = self.heads[uid].size_bytes if uid in self.heads else 0
            is_big = size_bytes > self.limits.whole_bytes
            is_full = len(batch) >= self.limits.batch_mails
            if is_big or is_full or batch_bytes + size_bytes > self.limits.batch_bytes:
                if batch:
                    yield batch
                batch, batch_bytes = [], 0
            if is_big:
                yield [uid]
            else:
                batch.append(uid)
                batch_bytes += size_bytes
        yield from [batch] if batch else []
        yield from ([uid] for uid in suspected)

    def settle(self, batch: list[int]) -> None:
        """Put the mails of a batch into the raw store, then into the ledger.

        A batch is fetched while the one before is kept.
        """
        suspect = self.suspects.get(self._key(batch[0]))
        if suspect is not None and suspect.failures > len(self.limits.retry_after):
            self.keeper.wait()
            self._write([self._given_up(batch[0], suspect)])
            return
        with self._blaming(batch):
            if headless := [uid for uid in batch if uid not in self.heads]:
                self.heads.update(self.mailbox.heads(headless))
            heads = [self.heads[uid] for uid in batch if uid in self.heads]
            if heads and heads[0].size_bytes > self.limits.whole_bytes:
                self.keeper.wait()
                mails = self._fetch_big(heads[0])
                answered = {mail.uid for mail in mails}
                self._write(mails)
            else:
                bodies = self._fetch(heads)
                answered = set(bodies)
                self.keeper.keep(partial(self._keep, bodies))
        unanswered = set(batch) - answered
        if unanswered:
            self.keeper.wait()
            self._ask_again(unanswered, is_alone=len(batch) == 1)

    def result(self, *, seen: int) -> SweepResult:
        """Move the cursor over what is gone, and say what was done."""
        self._write([])
        held = sum(self._is_held(uid) for uid in self.unsettled)
        beyond = max(0, self.state.uidnext - 1 - self.end)
        return SweepResult(
            seen=seen,
            stored=self.stored,
            gone=self.gone,
            backlog=len(self.unsettled) - held + beyond,
            held=held,
            lease=self.lease,
        )

    def _fetch(self, heads: Sequence[MailHead]) -> dict[int, bytes]:
        """Return the bodies that came, by UID."""
        head_by_uid = {head.uid: head for head in heads}
        return {
            uid: body
            for uid, body in self.mailbox.bodies(list(head_by_uid))
            if body or not head_by_uid[uid].size_bytes
        }

    def _keep(self, bodies: dict[int, bytes]) -> None:
        """Put bodies into the raw store, then into the ledger; run by the keeper."""
        stored = self.raw.put_many(bodies.values())
        self._write(
            [
                self._mail(self.heads[uid], blob)
                for uid, blob in zip(bodies, stored, strict=True)
            ]
        )

    def _fetch_big(self, head: MailHead) -> list[NewMail]:
        """Return the one mail, in the raw store without ever being whole in memory."""
        if head.size_bytes <= self.limits.most_bytes:
            with contextlib.suppress(_TooBig):
                blob = self.raw.put(self._parts(head.uid))
                return [self._mail(head, blob)] if blob.size_bytes else []
        parts = self.mailbox.parts(head.uid, part_bytes=self.limits.oversize_bytes)
        blob = self.raw.put(itertools.islice(parts, 1))
        mail = self._mail(head, blob)
        return [replace(mail, size_bytes=head.size_bytes, trouble="oversize")]

    def _parts(self, uid: int) -> Iterator[bytes]:
        size_bytes = 0
        parts = self.mailbox.parts(uid, part_bytes=self.limits.part_bytes)
        for number, part in enumerate(parts, start=1):
            size_bytes += len(part)
            if size_bytes > self.limits.most_bytes:
                raise _TooBig
            if number % PARTS_A_RENEWAL == 0:
                self.proceed()  # a sign of life; a mail is not left half done
                self.ledger.renew_lease(self.lease, lease_for=self.limits.lease_for)
            yield part

    def _mail(self, head: MailHead, blob: Stored) -> NewMail:
        suspect = self.suspects.get(self._key(head.uid))
        slack = max(SIZE_SLACK_BYTES, head.size_bytes // 4)
        is_off = head.size_bytes > 0 and abs(blob.size_bytes - head.size_bytes) > slack
        return NewMail(
            uid=head.uid,
            sha256=blob.sha256,
            size_bytes=blob.size_bytes,
            internaldate_at=head.internaldate_at,
            first_seen_at=self.now if suspect is None else suspect.first_seen_at,
            trouble="size_differs" if is_off else None,
        )

    def _given_up(self, uid: int, suspect: Suspect) -> NewMail:
        head = suspect.head
        return NewMail(
            uid=uid,
            sha256=None,
            size_bytes=0 if head is None else head.size_bytes,
            internaldate_at=None if head is None else head.internaldate_at,
            first_seen_at=suspect.first_seen_at,
            trouble="fetch_failed",
        )

    def _write(self, mails: Sequence[NewMail]) -> None:
        """Write rows, jobs and the cursor: up to the first UID still unsettled."""
        uids = {mail.uid for mail in mails}
        cursor = min(self.unsettled - uids, default=self.end + 1) - 1
        cursor = max(cursor, self.lease.last_uid)
        if mails or cursor > self.lease.last_uid:
            self.stored += self.ledger.add_mails(self.lease, mails, last_uid=cursor)
            self.lease = replace(self.lease, last_uid=cursor)
        self._forget(uids)

    def _ask_again(self, uids: set[int], *, is_alone: bool) -> None:
        """Tell mails that are gone from mails that the server does not hand out."""
        if self.mailbox.refresh().uidvalidity != self.state.uidvalidity:
            raise MailboxGone("protocol")  # another mailbox now; begin anew
        there = uids.intersection(self.mailbox.search(min(uids), max(uids)))
        self._pass_over(uids - there)
        self._blame(there, is_alone=is_alone)

    @contextlib.contextmanager
    def _blaming(self, uids: Sequence[int]) -> Iterator[None]:
        """Remember which UIDs were being fetched when the connection broke."""
        try:
            yield
        except MailboxGone:
            self.keeper.wait()
            self._blame(uids, is_alone=len(uids) == 1)
            raise

    def _blame(self, uids: Iterable[int], *, is_alone: bool) -> None:
        now = self.clock.now()
        for uid in uids:
            suspect = self.suspects.setdefault(self._key(uid), Suspect(self.now, now))
            suspect.head = self.heads.get(uid, suspect.head)
            if is_alone:
                waits = (*self.limits.retry_after, timedelta())
                suspect.due_at = now + waits[suspect.failures]
                suspect.failures += 1

    def _pass_over(self, gone: set[int]) -> None:
        self.gone += len(gone)
        self._forget(gone)

    def _forget(self, uids: set[int]) -> None:
        self.unsettled -= uids
        for uid in uids:
            self.suspects.pop(self._key(uid), None)

    def _is_held(self, uid: int) -> bool:
        suspect = self.suspects.get(self._key(uid))
        return suspect is not None and suspect.due_at > self.clock.now()

    def _key(self, uid: int) -> tuple[int, int]:
        return self.state.uidvalidity, uid
