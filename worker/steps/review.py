"""Review: assess a claim when a fact changes, and do what its clocks make due."""

import dataclasses
from datetime import datetime, timedelta

from worker import notify, validate
from worker.adapters.store import Job, Work
from worker.adapters.store.claims import ClaimMail
from worker.bootstrap import Parts
from worker.composing import queue_emails
from worker.domain.claim import Claim, ClaimState, Event
from worker.domain.deadlines import Due, DueKind, due_events, next_due_at
from worker.domain.errors import GiveUp
from worker.domain.findings import Assessment
from worker.domain.identity import SenderTier
from worker.domain.lifecycle import next_state
from worker.domain.orders import Order
from worker.lookups import Assessed, cause_of
from worker.steps.shared import (
    composed,
    drafting,
    event_now,
    load,
    mail_id_of,
    queue_replies,
    record_of,
    seen_by,
    slot,
    take_drafts_away,
)

LOOK_AGAIN_AFTER = timedelta(hours=1)
"""After a look at a claim's deadlines that became a dead letter. Our choice."""
RELEASED = "released"
"""Begins the cause of an assessment after a person released a held claim."""


def validate_claim(parts: Parts, job: Job) -> None:
    """Assess the claim on what is known now, move its state, write what follows.

    A job caused by a mail does not see the mails that wait for their own, so that its
    answer says what was there when it came; the last job sees everything.
    """
    at_hand, cause = load(parts, job)
    claim, order, opened = at_hand.claim, at_hand.order, at_hand.opened
    with parts.store.reading():
        mail_id = mail_id_of(cause)
        seen = seen_by(parts, at_hand, answering=mail_id)
        dossier, mails = seen.dossier, seen.mails
        assessment = validate.assess(claim, dossier, parts.policy)
        event = validate.event_for(claim.state, assessment)
        mail = next((one for one in mails if one.mail_id == mail_id), None)
        now = parts.clock.now()
        after = _clocked(parts, _assessed(claim, assessment, event), now)
        answered = (
            None
            if mail is None
            else cause_of(record_of(parts, at_hand, mail.mail_id), mail)
        )
        if mail is not None and _was_reopened(claim):
            replies = notify.answer_reopened(
                after, assessment, order, answered, reopened_at=mail.received_at
            )
        else:
            may_be_first = mail is not None or cause.startswith(RELEASED)
            replies = notify.answer_assessed(
                claim,
                after,
                assessment,
                order,
                answered,
                is_first=may_be_first
                and (
                    opened is not None
                    or not parts.store.outbox.has_receipt(claim.claim_id)
                ),
                brought_documents=mail is not None
                and mail.mail_id in _documented(dossier),
                now=now,
            )
        emails = composed(parts, claim, mail, replies, opened=opened)
    with parts.store.transaction() as work:
        saved = work.save_assessed(claim, after, assessment, order)
        if event is not None:
            proposed = (f.clause for f in assessment.findings if f.proposes is not None)
            clauses = tuple(dict.fromkeys(proposed))
            work.append_event(
                claim.claim_id,
                event_now(work, event, claim.state, saved.state, clauses=clauses),
            )
        work.save_assessment(claim.claim_id, assessment, job_id=job.job_id)
        work.sync_flags(
            claim.claim_id, assessment.findings, is_first=opened is not None
        )
        queue_emails(work, emails, is_first=opened is not None)
        if opened is None:
            take_drafts_away(parts, work, claim.claim_id)
        assessed = Assessed(assessment=assessment, seen=seen)
        facts = dataclasses.replace(at_hand, claim=saved, assessed=assessed)
        whole = facts if seen.is_whole else None
        work.add_jobs(drafting(claim.claim_id, job.job_id, whole))
        work.finish(job)


def _was_reopened(claim: Claim) -> bool:
    """Return whether a reply has just opened the claim again: nothing is asked yet."""
    is_asking = claim.state is ClaimState.AWAITING_DOCUMENTS
    return is_asking and claim.documents_asked_at is None


def _assessed(claim: Claim, assessment: Assessment, event: Event | None) -> Claim:
    """Return the claim as the assessment leaves it, its next deadline aside."""
    is_same_clock = claim.docs_complete_at == assessment.docs_complete_at
    return dataclasses.replace(
        claim,
        state=claim.state if event is None else next_state(claim.state, event),
        docs_complete_at=assessment.docs_complete_at,
        promised_at=claim.promised_at if is_same_clock else None,
        respond_by=assessment.respond_by,
        flags=assessment.flags,
    )


def _clocked(parts: Parts, claim: Claim, now: datetime) -> Claim:
    """Return the claim with its document dates and its next deadline."""
    if claim.state is ClaimState.AWAITING_DOCUMENTS and not claim.documents_asked_at:
        claim = dataclasses.replace(
            claim,
            documents_asked_at=now,
            documents_due_at=now + parts.policy.documents_due,
        )
    return dataclasses.replace(
        claim, next_due_at=next_due_at(claim, parts.policy, claim.received_at)
    )


def _documented(dossier: validate.Dossier) -> set[int]:
    return {mail.mail_id for mail in dossier.mails if mail.pieces}


def remind(parts: Parts, job: Job) -> None:
    """Do everything that is due on a claim now, each once, and set the next date."""
    at_hand, _ = load(parts, job)
    claim, order = at_hand.claim, at_hand.order
    with parts.store.reading():
        now = parts.clock.now()
        assessment = parts.store.claims.latest_assessment(claim.claim_id)
        seen = seen_by(parts, at_hand)
    if assessment is None:
        assessment = validate.assess(claim, seen.dossier, parts.policy)
    with parts.store.transaction() as work:
        for due in due_events(claim, parts.policy):
            name = f"claim:{claim.claim_id}:{due.kind}"
            if due.at > now or not work.fire_slot(name, slot(due.at)):
                continue
            try:
                _fire(parts, work, due, claim, assessment, order, seen.mails)
            except GiveUp as error:
                # The others that are due must not wait for this one.
                work.raise_alert(error.reason, name, claim_id=claim.claim_id)
        later = next_due_at(claim, parts.policy, now)
        work.save_claim(claim, dataclasses.replace(claim, next_due_at=later))
        work.finish(job)


def look_again_later(work: Work, job: Job, _reason: str) -> None:
    """Let the claim's later deadlines come although this look at them failed."""
    claim = work.lock_claim(int(job.ref.partition(":")[0]))
    if claim is not None:
        later = work.at + LOOK_AGAIN_AFTER
        work.save_claim(claim, dataclasses.replace(claim, next_due_at=later))


def _fire(
    parts: Parts,
    work: Work,
    due: Due,
    claim: Claim,
    assessment: Assessment,
    order: Order,
    mails: list[ClaimMail],
) -> None:
    """Do one due thing.

    Raises:
        GiveUp: `no_address_on_file`.
    """
    thread = tuple(mail.message_id for mail in mails if mail.message_id)
    number = claim.claim_id
    kind = due.kind
    match kind:
        case DueKind.WARN_48H | DueKind.WARN_24H:
            work.raise_alert(
                kind, f"claim:{number}:{slot(claim.respond_by)}", claim_id=number
            )
            work.append_event(
                number, event_now(work, Event.SLA_WARNED, claim.state, claim.state)
            )
        case DueKind.DOCUMENTS_REMINDER:
            reply = notify.remind(claim, assessment, order, now=work.at, thread=thread)
            queue_replies(parts, work, claim, None, (reply,), due_at=due.at)
            work.append_event(
                number, event_now(work, Event.DOCS_REMINDER, claim.state, claim.state)
            )
        case DueKind.DOCUMENTS_EXPIRY:
            work.raise_alert(
                kind, f"claim:{number}:{slot(claim.documents_due_at)}", claim_id=number
            )
            work.append_event(
                number,
                event_now(work, Event.DOCS_EXPIRY_PROPOSED, claim.state, claim.state),
            )
        case DueKind.AUTO_RESPONSE:
            if parts.policy.auto_response:
                next_at = work.at + parts.policy.respond_within
                tier = (
                    SenderTier.A
                    if any(m.sender_tier == "A" for m in mails)
                    else SenderTier.B
                )
                reply = notify.respond(
                    claim, assessment, order, work.at, next_at, tier=tier, thread=thread
                )
                queue_replies(parts, work, claim, None, (reply,), due_at=due.at)
