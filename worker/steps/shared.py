"""What several steps share: queues, follow-up jobs, events, and drafts taken away."""

from datetime import datetime, timedelta

from worker.adapters.store import Job, NewEmail, NewJob, Work
from worker.adapters.store.claims import ClaimMail
from worker.adapters.store.mails import MailRecord
from worker.bootstrap import Parts
from worker.composing import SEND, compose, queue_emails
from worker.domain.claim import SYSTEM, Claim, ClaimEvent, ClaimState, Event
from worker.domain.errors import GiveUp
from worker.domain.reply import Reply
from worker.lookups import AtHand, Opened, Seen, look_up, look_up_opened, order_of

READ, UNDERSTAND, VALIDATE = "read", "understand", "validate"
OCR = "ocr"
UPKEEP = "upkeep"
QUEUES = (READ, UNDERSTAND, OCR, VALIDATE, SEND, UPKEEP)
"""Reading has its own: a mail that was read must not wait for all that was not. So
has reading pictures, which takes a hundred times as long, and the nightly upkeep."""


def jobs_of_new_mail(mail_id: int, mailbox_id: int) -> list[NewJob]:
    """Return the jobs that are written with a mail row.

    Reading runs beside other readings; understanding waits for it and then for every
    earlier mail of the mailbox, so that a thread is understood in its order.
    """
    lane = f"mailbox:{mailbox_id}"
    return [
        NewJob("read", str(mail_id), READ),
        NewJob("understand", str(mail_id), UNDERSTAND, lane=lane, is_waiting=True),
    ]


def validation(
    claim_id: int,
    cause: str,
    *,
    delay: timedelta = timedelta(0),
    facts: AtHand | None = None,
) -> NewJob:
    """Return the job that assesses a claim again because of `cause`."""
    lane, ref = f"claim:{claim_id}", f"{claim_id}:{cause}"
    return NewJob(
        "validate",
        ref,
        VALIDATE,
        lane=lane,
        delay=delay,
        is_alone=facts is not None and facts.opened is not None,
        facts=facts,
    )


def drafting(claim_id: int, after: int, facts: AtHand | None = None) -> NewJob:
    """Return the job that writes the draft and its note after an assessment's job.

    In the claim's lane, so that it never speaks of what a later assessment changes.
    """
    lane, ref = f"claim:{claim_id}", f"{claim_id}:{after}"
    is_alone = facts is not None and facts.opened is not None
    return NewJob("prepare", ref, VALIDATE, lane=lane, is_alone=is_alone, facts=facts)


def draft_job(what: str, email_id: int) -> NewJob:
    """Return the job that lays a draft into the staff's mailbox, or takes it away.

    One lane for each draft, so that it is never taken away before it was laid.
    """
    return NewJob("draft", f"{what}:{email_id}", SEND, lane=f"draft:{email_id}")


def take_drafts_away(parts: Parts, work: Work, claim_id: int) -> None:
    """Cancel the claim's drafts and their notes: they speak of what was."""
    stale = work.cancel_drafts(claim_id)
    if parts.drafts is not None:
        work.add_jobs(*(draft_job("remove", one) for one in stale))


def reminder(claim_id: int, version: int, at: datetime) -> NewJob:
    """Return the job for what becomes due on a claim at an instant.

    One for each version of the claim: a change may give it a deadline again that has
    had its job, and the deadlines after that one wait for it.
    """
    ref = f"{claim_id}:{slot(at)}:{version}"
    return NewJob("remind", ref, VALIDATE, lane=f"claim:{claim_id}")


def event_now(
    work: Work,
    event: Event,
    before: ClaimState | None,
    after: ClaimState,
    *,
    clauses: tuple[str, ...] = (),
    actor: str = SYSTEM,
    reason: str = "",
) -> ClaimEvent:
    """Return an event that happens in this transaction."""
    return ClaimEvent(
        event=event,
        actor=actor,
        at=work.at,
        state_before=before,
        state_after=after,
        reason=reason,
        clauses=clauses,
    )


def load(parts: Parts, job: Job) -> tuple[AtHand, str]:
    """Return the claim of a job with its order, and the rest of the reference.

    As the step before had them at hand, or looked up.

    Raises:
        GiveUp: `no_such_claim`.
        RetryLater: the directory is down, or has lost the order.
    """
    number, _, cause = job.ref.partition(":")
    if isinstance(job.facts, AtHand) and job.facts.claim.claim_id == int(number):
        return job.facts, cause
    claim = parts.store.claims.get(int(number))
    if claim is None:
        raise GiveUp("no_such_claim")
    return AtHand(claim=claim, order=order_of(parts.orders, claim)), cause


def record_of(parts: Parts, at_hand: AtHand, mail_id: int) -> MailRecord:
    """Return a mail of the claim, as it is at hand or looked up."""
    found = at_hand.records.get(mail_id)
    return parts.store.mails.get(mail_id) if found is None else found


def seen_by(parts: Parts, at_hand: AtHand, *, answering: int | None = None) -> Seen:
    """Return what an assessment may know of the claim; see `lookups.look_up`."""
    claim, order = at_hand.claim, at_hand.order
    if at_hand.opened is not None:
        return look_up_opened(parts.store, claim, order, at_hand.opened)
    return look_up(parts.store, claim, order, answering=answering)


def mail_id_of(cause: str) -> int | None:
    """Return the mail that caused a validation, or None."""
    return int(cause.removeprefix("mail:")) if cause.startswith("mail:") else None


def slot(at: datetime | None) -> str:
    """Return an instant as the key of a firing."""
    return "none" if at is None else f"{at:%Y%m%dT%H%M%SZ}"


def queue_replies(
    parts: Parts,
    work: Work,
    claim: Claim,
    mail: ClaimMail | None,
    replies: tuple[Reply, ...],
    *,
    due_at: datetime | None = None,
) -> None:
    """Compose replies and write them to the outbox with their send jobs."""
    queue_emails(work, composed(parts, claim, mail, replies, due_at=due_at))


def composed(
    parts: Parts,
    claim: Claim,
    mail: ClaimMail | None,
    replies: tuple[Reply, ...],
    *,
    due_at: datetime | None = None,
    opened: Opened | None = None,
) -> list[NewEmail]:
    """Return the outbox rows of replies; looks up budgets, writes nothing."""
    if not replies:
        return []
    received_at = claim.received_at if mail is None else mail.received_at
    go_live_at = (
        parts.store.claims.go_live_at(claim.claim_id)
        if opened is None
        else opened.go_live_at
    )
    return [
        compose(
            parts,
            reply,
            received_at=received_at,
            go_live_at=go_live_at,
            due_at=due_at,
            is_first=opened is not None,
        )
        for reply in replies
    ]
