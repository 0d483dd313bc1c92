"""Delivery: outbox to relay, drafts to staff, marks to the mailbox."""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog

from worker import notify
from worker.adapters.store import Job, Work
from worker.adapters.store.outbox import Email
from worker.bootstrap import Parts
from worker.domain.claim import Event
from worker.domain.deadlines import next_due_at
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.reply import HELD_WHEN_UNCERTAIN, ReplyKind
from worker.faults import Point, reach
from worker.kinds import Together
from worker.ports import Attempt, Delivery
from worker.steps.shared import event_now

RESPONSES = {ReplyKind.RESPONSE, ReplyKind.APPROVED, ReplyKind.REJECTED}
"""Kinds that answer the 7-day clock once the relay has them. Source: clause C10."""
BLOCKED_PAUSE = timedelta(minutes=15)
"""Wait this long when the relay refuses us altogether. Source: reliability.md 2.6."""
MOST_TOGETHER = 50
RECORD_WITHIN = timedelta(milliseconds=100)
"""So many e-mails may be without an end when a process dies. Our choice: it is as fast
as with more, docs/bench."""
RELAY_AWAY = frozenset({"unreachable", "timeout", "tls", "login"})
"""Codes after which no other e-mail is offered just now: it would fare the same."""

log = structlog.get_logger()


def send(parts: Parts, job: Job) -> None:
    """Hand one outbox row to the relay; record the attempt before and its end after.

    An attempt that nobody saw the end of may have arrived: acknowledgements go out
    again with the same bytes and Message-ID, decisions are held (promise 3).
    """
    email_id = email_id_of(job)
    email = parts.store.outbox.get(email_id)
    kind = ReplyKind(email.kind)
    if email.status not in {"queued", "sending"}:
        with parts.store.transaction() as work:
            work.finish(job)
        return
    if email.status == "sending" and kind in HELD_WHEN_UNCERTAIN:
        end = notify.end_of(kind, Delivery.UNCERTAIN)
        with parts.store.transaction() as work:
            _record(parts, work, email, end, code="vanished")
            work.finish(job)
        return
    with parts.store.transaction() as work:
        work.assert_held(job)
        work.begin_attempts([email_id])
    attempt = _attempt(parts, email)
    end = notify.end_of(kind, attempt.delivery)
    with parts.store.transaction() as work:
        work.assert_held(job)
        _record(parts, work, email, end, code=attempt.code)
        if end.is_over:
            work.finish(job)
            return
    raise _refusal(attempt)


def send_together(parts: Parts, jobs: Sequence[Job]) -> Together:
    """Hand several outbox rows to the relay, one after the other over one connection.

    Their attempts are recorded in one transaction before, and their ends in one after,
    or every tenth of a second. So a process that dies leaves a few more of them without
    an end than one; these kinds then go out again, as `send` does it. What may not go
    out twice is left to `send`, and so is what an earlier attempt left behind.
    """
    emails = {one.email_id: one for one in parts.store.outbox.get_many(_rows(jobs))}
    # One that was released has two jobs where the first still waits: it goes out once.
    by_email = {email_id_of(job): job for job in reversed(jobs)}
    chosen = [
        job
        for number, job in sorted(by_email.items())
        if _may_go_together(emails.get(number))
    ]
    left = [job for job in jobs if job not in chosen]
    if not chosen:
        return Together(left=left)
    with parts.store.transaction() as work:
        held = work.held_of(chosen)
        work.begin_attempts(_rows(held))
    batch = _Batch(parts)
    away: Attempt | None = None
    for job in held:
        email = emails[email_id_of(job)]
        attempt = away if away is not None else _attempt(parts, email)
        if attempt.code in RELAY_AWAY:
            is_open = attempt.delivery is Delivery.UNCERTAIN
            away = Attempt(Delivery.DEFERRED, attempt.code) if is_open else attempt
        batch.add(job, email, attempt)
    batch.record()
    return Together(batch.done, batch.refused, left)


class _Batch:
    """Attempts whose ends are recorded together."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._open: list[tuple[Job, Email, Attempt]] = []
        self._since = 0.0
        self.done: list[Job] = []
        self.refused: dict[int, RetryLater] = {}

    def add(self, job: Job, email: Email, attempt: Attempt) -> None:
        """Record an end, or keep it for a moment."""
        now = time.monotonic()
        if not self._open:
            self._since = now
        self._open.append((job, email, attempt))
        if now - self._since > RECORD_WITHIN.total_seconds():
            self.record()

    def record(self) -> None:
        """Record the ends that are kept, and what follows from them."""
        if not self._open:
            return
        ends = [
            (
                job,
                email,
                attempt,
                notify.end_of(ReplyKind(email.kind), attempt.delivery),
            )
            for job, email, attempt in self._open
        ]
        self._open = []
        with self._parts.store.transaction() as work:
            over = work.finish_all([job for job, _, _, end in ends if end.is_over])
            again = work.held_of([job for job, _, _, end in ends if not end.is_over])
            ours = {job.job_id for job in (*over, *again)}
            sent: dict[str, list[int]] = defaultdict(list)
            for job, email, attempt, end in ends:
                if job.job_id not in ours:
                    log.warning("lease_lost", job_id=job.job_id, kind=job.kind)
                elif end.status == "sent" and ReplyKind(email.kind) not in RESPONSES:
                    sent[attempt.code].append(email.email_id)
                else:
                    _record(self._parts, work, email, end, code=attempt.code)
            for code, numbers in sent.items():
                work.mark_sent(numbers, code=code)
        self.done += over
        tried = {job.job_id: attempt for job, _, attempt, _ in ends}
        self.refused |= {job.job_id: _refusal(tried[job.job_id]) for job in again}


def _may_go_together(email: Email | None) -> bool:
    if email is None:
        return False
    return email.status == "queued" and ReplyKind(email.kind) not in HELD_WHEN_UNCERTAIN


def _attempt(parts: Parts, email: Email) -> Attempt:
    return parts.transport.send(
        envelope_from=parts.identity.from_address,
        recipient=email.recipient,
        raw=email.raw,
    )


def _refusal(attempt: Attempt) -> RetryLater:
    wait = BLOCKED_PAUSE if attempt.delivery is Delivery.BLOCKED else None
    return RetryLater(f"smtp_{attempt.code}", retry_after=wait, is_own=True)


def _rows(jobs: Sequence[Job]) -> list[int]:
    return [email_id_of(job) for job in jobs]


def email_id_of(job: Job) -> int:
    """Return the outbox row of a send job; a released one has its attempts behind."""
    return _email_id(job.ref)


def _email_id(ref: str) -> int:
    return int(ref.partition(":")[0])


def _record(
    parts: Parts, work: Work, email: Email, end: notify.End, *, code: str
) -> None:
    """Record how an attempt ended and what follows from it."""
    number, claim_id = email.email_id, email.claim_id
    work.end_attempt(
        number,
        status=end.status,
        code=code,
        held_reason=end.held_reason,
        was_uncertain=end.was_uncertain,
    )
    if end.alert is not None:
        ref = (
            f"relay:{code}:{work.at:%Y-%m-%d}"
            if end.alert == "smtp_blocked"
            else f"email:{number}"
        )
        work.raise_alert(end.alert, ref, claim_id=claim_id)
    kind = ReplyKind(email.kind)
    if end.status == "sent" and claim_id is not None and kind in RESPONSES:
        _answered(parts, work, email, kind)


def _answered(parts: Parts, work: Work, email: Email, kind: ReplyKind) -> None:
    """Stop the claim's 7-day clock; a response sets the next one. Source: C10."""
    # Locked: were it stale now, a mail that the relay took would be sent again.
    claim = work.lock_claim(email.claim_id or 0)
    if claim is None:
        return
    after = dataclasses.replace(claim, responded_at=work.at)
    if kind is ReplyKind.RESPONSE:
        # The date that the mail named, which was counted from when it was written.
        named = email.created_at + parts.policy.respond_within
        after = dataclasses.replace(after, respond_by=named, promised_at=work.at)
    later = next_due_at(after, parts.policy, work.at)
    work.save_claim(claim, dataclasses.replace(after, next_due_at=later))
    event = event_now(work, Event.STATUS_SENT, claim.state, claim.state)
    data = {"email": str(email.email_id), "kind": str(kind)}
    work.append_event(claim.claim_id, dataclasses.replace(event, data=data))


def hold(work: Work, job: Job, reason: str) -> None:
    """Hold an e-mail whose job became a dead letter; a person releases it."""
    work.hold_unsent(email_id_of(job), reason=reason)


def queue_again(work: Work, ref: str) -> bool:
    """Queue the e-mail that was held; False where a person has dealt with it."""
    return work.release_held(_email_id(ref))


def draft(parts: Parts, job: Job) -> None:
    """Lay one draft or note into the staff's mailbox, or take a stale one away."""
    what, _, ref = job.ref.partition(":")
    email = parts.store.outbox.get(int(ref))
    shelf = parts.notes if email.kind == ReplyKind.STAFF_DRAFT_NOTE else parts.drafts
    if shelf is None:
        raise GiveUp("no_drafts_mailbox")
    if what == "put" and email.status == "draft":
        shelf.put(email.raw, message_id=email.message_id)
    elif what == "remove":
        shelf.remove(message_id=email.message_id)
    with parts.store.transaction() as work:
        work.finish(job)


def mark(parts: Parts, job: Job) -> None:
    """Flag, label or move a mail that has its fate; its own connection, by UID."""
    if parts.marker is not None:
        record = parts.store.mails.get(int(job.ref))
        reach(Point.MARK_BEGINNING)
        parts.marker.mark(uidvalidity=record.uidvalidity, uid=record.uid)
        reach(Point.MARK_DONE)
    with parts.store.transaction() as work:
        work.finish(job)
