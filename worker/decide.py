"""What a person decides, from the command line or the desk: one transaction each.

A decision moves the claim, appends the event with who and why, and releases the
e-mail. Software never calls these by itself (promise 5).
"""

import dataclasses
import re
from decimal import Decimal, InvalidOperation

from worker import notify
from worker.adapters.store import NewJob, Work
from worker.adapters.store.outbox import Email
from worker.bootstrap import Parts
from worker.composing import SEND, compose, queue_emails
from worker.domain.amounts import AmountLine, Proposal
from worker.domain.checks import Assessment, FindingVerdict
from worker.domain.claim import (
    TRANSITIONS,
    Claim,
    ClaimEvent,
    ClaimState,
    ClaimType,
    Event,
    next_state,
)
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.deadlines import next_due_at
from worker.domain.errors import GiveUp, StaleClaim, UsageError, WrongUse
from worker.domain.money import Money
from worker.domain.orders import Order
from worker.domain.reply import Reply, ReplyKind
from worker.lookups import order_of
from worker.steps.shared import draft_job, event_now

_REFERENCE = re.compile(r"(?:CLM-)?0*([1-9][0-9]{0,11})", re.IGNORECASE)
"""A claim's number in any usual writing; no database holds a longer one."""
_AMOUNT = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?")
"""What NUMERIC(12,2) holds."""
S = ClaimState
_PAID_FOR = "is already approved"
_STANDS = {
    S.IDENTITY_HOLD: "waits until its sender is proven",
    S.INTAKE: "is not assessed yet",
    S.AWAITING_DOCUMENTS: "still waits for documents",
    S.APPROVED: _PAID_FOR,
    S.APPROVED_PARTIAL: _PAID_FOR,
    S.PAYOUT_PENDING: _PAID_FOR,
    S.PAYOUT_FAILED: _PAID_FOR,
    S.COMPLETED_PAID: "is already paid",
    S.COMPLETED_REJECTED: "is already rejected",
    S.CLOSED_INCOMPLETE: "is closed, as documents stayed missing",
    S.WITHDRAWN: "was withdrawn by the member",
    S.MERGED: "was merged into another claim",
    S.NOT_A_CLAIM: "was closed as no claim",
    S.APPEALED: "was appealed",
}
"""What stands against a decision; in the other states a person decides."""
_NOT_YET = frozenset({S.IDENTITY_HOLD, S.INTAKE, S.AWAITING_DOCUMENTS})
_WHAT = {
    ClaimType.DAMAGE: "this is damage",
    ClaimType.PARTIAL_LOSS: "this is a partial loss",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """What a decision did: the claim afterwards and the e-mail it released."""

    claim: Claim
    email_status: str


def find_claim(parts: Parts, reference: str) -> Claim:
    """Return a claim by its number in any usual writing: CLM-000012, clm-12, 12.

    Raises:
        UsageError: there is no such claim.
    """
    found = _REFERENCE.fullmatch(reference.strip())
    claim = None if found is None else parts.store.claims.get(int(found[1]))
    if claim is None:
        raise UsageError(f"there is no claim {reference}: see `claims list`")
    return claim


def approve(
    parts: Parts, claim: Claim, *, amount: str | None, by: str, reason: str
) -> Done:
    """Approve a claim with an amount; without one the proposal must be final.

    Raises:
        UsageError: no amount where an audit decides, or the state does not allow it.
    """
    _allow(claim, Event.APPROVED, "approved")
    order, assessment = _known(parts, claim)
    proposal = assessment.proposal
    money = _amount(amount, proposal, claim.claim_type)
    is_partial = proposal is not None and money < proposal.total
    event = Event.APPROVED_PARTIAL if is_partial else Event.APPROVED
    lines = () if proposal is None else proposal.lines
    clauses = _clauses_of(lines) or (ClauseId("G5"),)
    decision = notify.Decision(
        at=parts.clock.now(),
        cycle=_cycle(parts, claim),
        amount=money,
        maximum=proposal.total if proposal is not None and is_partial else None,
        lines=lines,
        clauses=clauses,
        reason=reason,
        is_partial=is_partial,
        points_restored=0 if proposal is None else proposal.points_restored,
    )
    reply = _reply(parts, ReplyKind.APPROVED, claim, order, decision)
    return _carry_out(
        parts, claim, event, reply, by=by, reason=reason, clauses=clauses, decided=money
    )


def reject(
    parts: Parts, claim: Claim, *, clauses: tuple[str, ...], by: str, reason: str
) -> Done:
    """Reject a claim by clauses; without any, those of the failed checks.

    Raises:
        UsageError: no clause is given and no check failed, an unknown clause, or an X
            clause, which one person alone may not rely on (lifecycle.md T21).
    """
    _allow(claim, Event.REJECTED, "rejected")
    order, assessment = _known(parts, claim)
    failed = tuple(
        dict.fromkeys(
            f.clause for f in assessment.findings if f.verdict is FindingVerdict.FAIL
        )
    )
    chosen = tuple(ClauseId(one) for one in clauses) or failed
    unknown = [one for one in chosen if one not in CLAUSES]
    if unknown or not chosen:
        known = ", ".join(CLAUSES)
        raise WrongUse(f"name the clause with --clause; one of {known}")
    if any(one.startswith("X") for one in chosen):
        message = "a rejection by an X clause needs two persons, which is not built yet"
        raise UsageError(message)
    decision = notify.Decision(
        at=parts.clock.now(), cycle=_cycle(parts, claim), clauses=chosen, reason=reason
    )
    reply = _reply(parts, ReplyKind.REJECTED, claim, order, decision)
    return _carry_out(
        parts, claim, Event.REJECTED, reply, by=by, reason=reason, clauses=chosen
    )


def complete(parts: Parts, claim: Claim, *, by: str, reference: str) -> Done:
    """Record that an approved claim was paid, and send the completion notice (C13).

    Raises:
        UsageError: the claim is not approved.
    """
    _allow(claim, Event.PAYOUT_DONE, "completed")
    order, assessment = _known(parts, claim)
    decided = parts.store.claims.decided_usd(claim.claim_id)
    if decided is None:
        raise UsageError(f"{claim.ref} has no approved amount: use `claims approve`")
    approval = _approval(parts, claim)
    proposal = assessment.proposal
    decision = notify.Decision(
        at=approval.at,
        cycle=_cycle(parts, claim),
        amount=Money(decided),
        is_partial=approval.event is Event.APPROVED_PARTIAL,
        points_restored=0 if proposal is None else proposal.points_restored,
        paid_at=parts.clock.now(),
        payment_reference=reference,
    )
    reply = _reply(parts, ReplyKind.COMPLETED, claim, order, decision)
    return _carry_out(
        parts,
        claim,
        Event.PAYOUT_DONE,
        reply,
        by=by,
        reason=reference,
        clauses=(ClauseId("C13"),),
    )


def release(parts: Parts, email_id: int, *, by: str) -> str:
    """Send a held e-mail after all; return its subject.

    Raises:
        UsageError: it is not held, or its template failed and there is nothing to send.
    """
    email = _held(parts, email_id)
    with parts.store.transaction() as work:
        if not work.release_held(email_id):
            raise UsageError(f"e-mail {email_id} was never rendered: mend its template")
        work.add_jobs(NewJob("send", f"{email_id}:released:{email.attempts}", SEND))
        _note(work, email, Event.EMAIL_RELEASED, by=by, reason=email.kind)
    return email.subject


def discard(parts: Parts, email_id: int, *, by: str, reason: str) -> str:
    """Give up a held e-mail, which is not sent again; return its subject.

    Raises:
        UsageError: it is not held.
    """
    email = _held(parts, email_id)
    with parts.store.transaction() as work:
        if not work.cancel_held(email_id):
            raise UsageError(f"e-mail {email_id} is not held any more")
        why = f"{email.kind}: {reason}"
        _note(work, email, Event.EMAIL_DISCARDED, by=by, reason=why)
    return email.subject


def _held(parts: Parts, email_id: int) -> Email:
    email = parts.store.outbox.find(email_id)
    if email is None or email.status != "held":
        raise UsageError(f"e-mail {email_id} is not held: see `claims held`")
    return email


def _note(work: Work, email: Email, event: Event, *, by: str, reason: str) -> None:
    """Write what a person did with an e-mail into its claim's history."""
    claim = None if email.claim_id is None else work.lock_claim(email.claim_id)
    if claim is not None:
        state = claim.state
        work.append_event(
            claim.claim_id,
            event_now(work, event, state, state, actor=by, reason=reason),
        )


def _carry_out(  # noqa: PLR0913 - who, what, why and how much
    parts: Parts,
    claim: Claim,
    event: Event,
    reply: Reply,
    *,
    by: str,
    reason: str,
    clauses: tuple[ClauseId, ...],
    decided: Money | None = None,
) -> Done:
    state = next_state(claim.state, event)
    email = compose(parts, reply, received_at=None, go_live_at=None)
    after = dataclasses.replace(claim, state=state)
    after = dataclasses.replace(
        after, next_due_at=next_due_at(after, parts.policy, parts.clock.now())
    )
    try:
        with parts.store.transaction() as work:
            saved = work.save_claim(claim, after)
            if decided is not None:
                work.set_decided(claim.claim_id, decided.amount)
            work.append_event(
                claim.claim_id,
                event_now(
                    work,
                    event,
                    claim.state,
                    state,
                    clauses=clauses,
                    actor=by,
                    reason=reason,
                ),
            )
            stale = work.cancel_drafts(claim.claim_id)
            if parts.drafts is not None:
                work.add_jobs(*(draft_job("remove", one) for one in stale))
            queue_emails(work, [email])
    except StaleClaim:
        raise UsageError(
            f"{claim.ref} has changed meanwhile: look at it again and decide then"
        ) from None
    return Done(saved, email.status)


def _allow(claim: Claim, event: Event, done: str) -> None:
    """Make sure that a decision is possible in the claim's state.

    Raises:
        UsageError: it is not; the text says why, in plain words.
    """
    if claim.state in TRANSITIONS[event]:
        return
    stands = _STANDS.get(claim.state, "is not approved yet")
    is_early = claim.state in _NOT_YET or claim.state not in _STANDS
    end = " yet" if is_early else " again" if stands.endswith(done) else ""
    raise UsageError(f"{claim.ref} {stands}; it cannot be {done}{end}")


def _known(parts: Parts, claim: Claim) -> tuple[Order, Assessment]:
    assessment = parts.store.claims.latest_assessment(claim.claim_id)
    if assessment is None:
        raise UsageError(f"{claim.ref} is not assessed yet: try again in a moment")
    return order_of(parts.orders, claim), assessment


def _amount(
    text: str | None, proposal: Proposal | None, claim_type: ClaimType
) -> Money:
    if text is None:
        if proposal is None or proposal.needs_person:
            raise UsageError(_why_an_amount(proposal, claim_type))
        return proposal.total
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise WrongUse(f"--amount {text} is not an amount such as 124.50") from None
    if not _AMOUNT.fullmatch(text.strip()) or amount <= 0:
        raise WrongUse("--amount must be above zero, with at most two decimals")
    if proposal is not None and amount > proposal.total.amount:
        raise UsageError(
            f"--amount is over the most that the terms allow: {proposal.total}"
        )
    return Money.of(amount)


def _why_an_amount(proposal: Proposal | None, claim_type: ClaimType) -> str:
    what = _WHAT.get(claim_type)
    why = "no figure could be worked out" if what is None else what
    audit = "" if what is None else " an audit decides the figure;"
    most = "" if proposal is None else f" (at most {proposal.total.amount:.2f})"
    return f"{why}:{audit} give it with --amount{most}"


def _clauses_of(lines: tuple[AmountLine, ...]) -> tuple[ClauseId, ...]:
    return tuple(dict.fromkeys(line.clause for line in lines))


def _approval(parts: Parts, claim: Claim) -> ClaimEvent:
    """Return the latest approval, from which an appeal runs."""
    approvals = {Event.APPROVED, Event.APPROVED_PARTIAL}
    events = parts.store.claims.events(claim.claim_id)
    return next(one for one in reversed(events) if one.event in approvals)


def _cycle(parts: Parts, claim: Claim) -> int:
    """Return which round of decisions this is: 1, and 2 after an appeal."""
    events = parts.store.claims.events(claim.claim_id)
    return 1 + sum(event.event is Event.APPEAL_FILED for event in events)


def _reply(
    parts: Parts,
    kind: ReplyKind,
    claim: Claim,
    order: Order,
    decision: notify.Decision,
) -> Reply:
    try:
        return notify.decide(
            kind,
            claim,
            order,
            decision,
            policy=parts.policy,
            thread=_thread(parts, claim),
        )
    except GiveUp:
        raise UsageError(
            f"the member of {claim.ref} has no address on file: import the order again"
        ) from None


def _thread(parts: Parts, claim: Claim) -> tuple[str, ...]:
    mails = parts.store.claims.mails(claim.claim_id)
    return tuple(mail.message_id for mail in mails if mail.message_id)
