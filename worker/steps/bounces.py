"""Bounces: an e-mail that did not arrive, and what that undoes."""

from worker.adapters.store import Work
from worker.bootstrap import Parts
from worker.bounced import Bounced
from worker.domain.claim import Event
from worker.domain.deadlines import reclocked
from worker.steps.delivery import RESPONSES
from worker.steps.shared import event_now


def undeliver(parts: Parts, work: Work, bounced: Bounced) -> None:
    """Mark a sent e-mail as bounced, tell a person, and let its clock run again.

    An e-mail that is not `sent` (any more) and a bounce without proof change nothing
    but the alert. Safe to run twice. Source: DESIGN promise 4, clause C10.
    """
    email = bounced.email
    ref = f"email:{email.email_id}"
    if not bounced.is_proven:
        work.raise_alert("bounce_unproven", ref, claim_id=email.claim_id)
        return
    work.raise_alert("email_bounced", ref, claim_id=email.claim_id)
    if not work.mark_bounced(email.email_id, code=bounced.code):
        return
    if email.claim_id is not None:
        _run_clock_again(parts, work, email.claim_id, ref)


def _run_clock_again(parts: Parts, work: Work, claim_id: int, ref: str) -> None:
    claim = work.lock_claim(claim_id)
    if claim is None:
        return
    answers = work.answers_of(claim_id, sorted(RESPONSES))
    after = reclocked(claim, answers, parts.policy, now=work.at)
    is_undone = after.responded_at != claim.responded_at
    if is_undone:
        work.save_claim(claim, after)
    clauses = ("C10",) if is_undone else ()
    event = event_now(
        work,
        Event.EMAIL_BOUNCED,
        claim.state,
        claim.state,
        clauses=clauses,
        reason=ref,
    )
    work.append_event(claim_id, event)
