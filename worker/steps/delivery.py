"""Delivery: outbox to relay, drafts to staff, marks to the mailbox."""

import dataclasses
from datetime import timedelta

from worker import notify
from worker.adapters.store import Job, Work
from worker.adapters.store.outbox import Email
from worker.bootstrap import Parts
from worker.domain.claim import Event
from worker.domain.deadlines import next_due_at
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.reply import HELD_WHEN_UNCERTAIN, ReplyKind
from worker.ports import Delivery
from worker.steps.shared import event_now

RESPONSES = {ReplyKind.RESPONSE, ReplyKind.APPROVED, ReplyKind.REJECTED}
"""Kinds that answer the 7-day clock once the relay has them. Source: clause C10."""
BLOCKED_PAUSE = timedelta(minutes=15)
"""Wait this long when the relay refuses us altogether. Source: reliability.md 2.6."""


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
        work.begin_attempt(email_id)
    attempt = parts.transport.send(
        envelope_from=parts.identity.from_address,
        recipient=email.recipient,
        raw=email.raw,
    )
    end = notify.end_of(kind, attempt.delivery)
    with parts.store.transaction() as work:
        work.assert_held(job)
        _record(parts, work, email, end, code=attempt.code)
        if end.is_over:
            work.finish(job)
            return
    wait = BLOCKED_PAUSE if attempt.delivery is Delivery.BLOCKED else None
    raise RetryLater(f"smtp_{attempt.code}", retry_after=wait, is_own=True)


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
        parts.marker.mark(uidvalidity=record.uidvalidity, uid=record.uid)
    with parts.store.transaction() as work:
        work.finish(job)
