"""The draft for staff and its note: written after each assessment, as a job of its own.

The member's answer does not wait for them, and no transaction waits for templates.
"""

from dataclasses import replace
from datetime import datetime

from worker import notify
from worker.adapters.store import Job, NewEmail, Work
from worker.adapters.store.claims import ClaimMail
from worker.adapters.store.flags import PERSON
from worker.adapters.store.mails import MailRecord
from worker.bootstrap import Parts
from worker.composing import compose
from worker.domain.claim import SYSTEM, Claim
from worker.domain.errors import GiveUp, StaleClaim
from worker.domain.explanation import receipt
from worker.domain.identity import SenderTier
from worker.domain.reply import Reply
from worker.lookups import Assessed, AtHand, Seen, clocks_of
from worker.notify import NoteFacts, NoteFlag, NoteMail
from worker.settling import case_of, foreseen
from worker.steps.shared import draft_job, load, record_of, seen_by, take_drafts_away


def prepare(parts: Parts, job: Job) -> None:
    """Replace the claim's draft and its note by what today's facts give.

    The note is kept with every claim; it lies in the staff's mailbox beside a draft.
    """
    at_hand, _ = load(parts, job)
    claim, order = at_hand.claim, at_hand.order
    is_unseen = at_hand.opened is not None and at_hand.assessed is not None
    if at_hand.assessed is None and _is_prepared(parts, claim):
        with parts.store.transaction() as work:
            work.finish(job)
        return
    with parts.store.reading():
        assessed = at_hand.assessed or _look_up(parts, at_hand)
        assessment, seen = assessed.assessment, assessed.seen
        thread = tuple(mail.message_id for mail in seen.mails if mail.message_id)
        terms = assessment.proposal
        case = case_of(parts, claim, order, terms, events=seen.events)
        points = foreseen(parts, case)
        reply = notify.draft(
            claim,
            assessment,
            order,
            policy=parts.policy,
            points=points,
            thread=thread,
        )
        draft = None if reply is None else _composed(parts, reply)
        facts = _facts(parts, at_hand, seen, parts.clock.now())
    note = notify.note(
        claim,
        order,
        assessment,
        replace(facts, points=points),
        reply=reply,
        subject="" if draft is None else draft.subject,
    )
    emails: tuple[NewEmail, ...] = ()
    if draft is not None:
        emails = (draft,)
        if parts.notes is not None:
            beside = notify.note_reply(note, claim, parts.staff_address)
            emails = (draft, _composed(parts, beside))
    with parts.store.transaction() as work:
        if not is_unseen:
            now = work.lock_claim(claim.claim_id)
            if now is None or now.version != claim.version:
                raise StaleClaim(claim.ref)
            take_drafts_away(parts, work, claim.claim_id)
        work.save_note(note)
        _lay(parts, work, claim, emails)
        work.finish(job)


def _lay(parts: Parts, work: Work, claim: Claim, emails: tuple[NewEmail, ...]) -> None:
    whole = [email for email in emails if email.status == "draft"]
    for number, _ in work.add_emails(whole):
        if parts.drafts is not None:
            work.add_jobs(draft_job("put", number))
    for email in emails:
        if email not in whole:
            ref = f"claim:{claim.claim_id}:{email.kind}"
            work.raise_alert(email.held_reason, ref, claim_id=claim.claim_id)


def _composed(parts: Parts, reply: Reply) -> NewEmail:
    return compose(parts, reply, received_at=None, go_live_at=None)


def _is_prepared(parts: Parts, claim: Claim) -> bool:
    """Return whether the draft and its note speak of the claim as it is.

    The job of the assessment before has run after the last one, and seen both.
    """
    return parts.store.notes.version_of(claim.claim_id) == claim.version


def _look_up(parts: Parts, at_hand: AtHand) -> Assessed:
    claim = at_hand.claim
    assessment = parts.store.claims.latest_assessment(claim.claim_id)
    if assessment is None:
        raise GiveUp("not_assessed")
    return Assessed(assessment=assessment, seen=seen_by(parts, at_hand))


def _facts(parts: Parts, at_hand: AtHand, seen: Seen, now: datetime) -> NoteFacts:
    """Return what is known of a claim besides its order and its assessment.

    What people set and cleared of flags is as the assessment saw it: it changes none.
    """
    policy, claim = parts.policy, at_hand.claim
    records = [record_of(parts, at_hand, mail.mail_id) for mail in seen.mails]
    clocks = [clocks_of(record, parts.house) for record in records]
    return NoteFacts(
        now=now,
        policy=policy,
        receipt=receipt(claim, clocks, policy),
        mails=tuple(map(_mail, seen.mails, records)),
        flags=tuple(
            NoteFlag(
                one.clause,
                one.evidence,
                one.set_by,
                one.cleared_by or "",
                one.cleared_reason,
            )
            for one in seen.flags
            if one.suggested_by == PERSON or one.cleared_by not in {None, SYSTEM}
        ),
        photographs=seen.dossier.photographs,
        history=seen.dossier.history,
        templates=parts.renderer.version,
    )


def _mail(mail: ClaimMail, record: MailRecord) -> NoteMail:
    read = record.mail
    return NoteMail(
        mail_id=mail.mail_id,
        message_id=mail.message_id,
        received_at=mail.received_at,
        is_proven=mail.sender_tier == SenderTier.A,
        words="" if read is None else read.own_text or read.text,
    )
