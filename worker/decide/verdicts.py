"""The decision on a claim: proposed, returned, approved, rejected; checks set aside."""

from dataclasses import replace

from worker.adapters.store import Work
from worker.bootstrap import Parts
from worker.composing import compose_decided, queue_emails
from worker.decide.common import (
    Act,
    By,
    Done,
    SentByHand,
    allow,
    carry_out,
    check_role,
    is_same_name,
    known,
    name_of,
    need,
)
from worker.decide.rulings import (
    approval,
    failed_clauses,
    rejection,
    reply_of,
    request_of_payment,
    typed_amount,
)
from worker.domain.amounts import Condition
from worker.domain.claim import Claim, ClaimState, Event
from worker.domain.decisions import (
    ApprovalReason,
    ProposedDecision,
    Ruling,
    deciders,
    is_overtaken,
    pending,
)
from worker.domain.errors import UsageError, WrongUse
from worker.lookups import reasons_for_two

_EVENTS = {
    Ruling.APPROVED: Event.APPROVED,
    Ruling.APPROVED_PARTIAL: Event.APPROVED_PARTIAL,
    Ruling.REJECTED: Event.REJECTED,
}
_WHY_TWO = {
    ApprovalReason.AMOUNT: "the amount is over {limit:,.2f} USD",
    ApprovalReason.PACKED_WELL: "the packaging is intact (G9a)",
    ApprovalReason.EXCLUSION: "an exclusion (X) is cited or flagged",
    ApprovalReason.APPEAL: "the claim was appealed",
}


def approve(
    parts: Parts,
    claim: Claim,
    *,
    amount: str | None,
    by: By,
    reason: str = "",
    packaging: Condition = Condition.UNKNOWN,
    contents: Condition = Condition.UNKNOWN,
) -> Done:
    """Approve what is proposed, or in one step what needs no second person.

    Without an amount the proposal of the terms must be final. Less than the terms give
    needs a reason.

    Raises:
        UsageError: no amount where an audit decides, no reason where less is granted,
            a second person is needed, or the state does not allow it.
    """
    proposed = waiting(parts, claim)
    if proposed is not None:
        _same_ruling(claim, proposed, is_rejection=False)
        if amount is not None and typed_amount(amount) != proposed.amount:
            raise UsageError(
                f"{proposed.amount} is proposed: change it with `claims return"
                f" {claim.ref}`"
            )
        conditions = {packaging, contents} - {Condition.UNKNOWN}
        _nothing_new(claim, bool(reason or conditions))
        return settle(parts, claim, proposed, (), by=by)
    decision = approval(
        parts,
        claim,
        amount=amount,
        by=by,
        reason=reason,
        packaging=packaging,
        contents=contents,
    )
    return _alone(parts, claim, decision, by=by)


def reject(
    parts: Parts, claim: Claim, *, clauses: tuple[str, ...], by: By, reason: str = ""
) -> Done:
    """Reject as proposed, or in one step what needs no second person.

    Without clauses, those of the failed checks are relied on; any other needs a reason.

    Raises:
        UsageError: no clause is given and no check failed, an unknown clause, no reason
            for a clause whose check did not fail, a second person is needed, or the
            state does not allow it.
    """
    proposed = waiting(parts, claim)
    if proposed is not None:
        _same_ruling(claim, proposed, is_rejection=True)
        is_other = bool(clauses) and set(clauses) != set(proposed.clauses)
        _nothing_new(claim, bool(reason) or is_other)
        return settle(parts, claim, proposed, (), by=by)
    decision = rejection(parts, claim, clauses=clauses, by=by, reason=reason)
    return _alone(parts, claim, decision, by=by)


def propose(parts: Parts, claim: Claim, decision: ProposedDecision, *, by: By) -> Done:
    """Put a decision before a second person (T15, T19).

    Raises:
        UsageError: the state does not allow it, or it needs a reason and has none.
    """
    acts = ways_to_propose(parts, claim, decision)
    need_reason(parts, claim, decision)

    def tell(work: Work, saved: Claim) -> None:
        ref = f"claim:{saved.claim_id}:{saved.version}"
        work.raise_alert("approval_needed", ref, claim_id=saved.claim_id)

    return carry_out(parts, claim, acts, by=by, also=tell)


def give_back(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Return a proposed decision to review (T20).

    Raises:
        UsageError: nothing is proposed, or no reason is given.
    """
    allow(claim, Event.DECISION_RETURNED, "returned")
    act = Act(Event.DECISION_RETURNED, need(reason, "--reason"))
    return carry_out(parts, claim, (act,), by=by, assess="returned")


def overrule(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Set a failed check aside; it proposes nothing on this claim any more (T14).

    Raises:
        UsageError: no check failed, or no reason is given.
    """
    allow(claim, Event.INELIGIBLE_OVERRULED, "overruled")
    _, assessment = known(parts, claim)
    act = Act(
        Event.INELIGIBLE_OVERRULED, need(reason, "--reason"), failed_clauses(assessment)
    )
    return carry_out(parts, claim, (act,), by=by, assess="overruled")


# -- one person or two --------------------------------------------------------------


def why_two(parts: Parts, claim: Claim, decision: ProposedDecision) -> str:
    """Return in words why a decision needs a second person; "": one is enough."""
    return _in_words(parts, reasons_for_two(parts, claim, decision))


def _alone(parts: Parts, claim: Claim, decision: ProposedDecision, *, by: By) -> Done:
    reasons = reasons_for_two(parts, claim, decision)
    if reasons:
        raise UsageError(
            f"{claim.ref} needs two persons, since {_in_words(parts, reasons)}: use"
            " `claims propose`, and let somebody else approve"
        )
    before = ways_to_propose(parts, claim, decision)
    need_reason(parts, claim, decision)
    return settle(parts, claim, decision, before, by=by)


def check_settling(
    parts: Parts, claim: Claim, decision: ProposedDecision, *, by: By
) -> None:
    """Make sure that somebody may make a decision final.

    Raises:
        UsageError: the role is missing, or another person must approve.
    """
    check_role(by, _EVENTS[decision.ruling])
    reasons = reasons_for_two(parts, claim, decision)
    earlier = deciders(parts.store.claims.events(claim.claim_id))
    who = name_of(by)
    if reasons and is_same_name(who, decision.by):
        raise UsageError(
            f"{decision.by} proposed it, and {_in_words(parts, reasons)}: somebody else"
            " must approve"
        )
    if any(is_same_name(one, other) for one in (who, decision.by) for other in earlier):
        raise UsageError("an appeal is decided by persons who did not decide before")


def settle(
    parts: Parts,
    claim: Claim,
    decision: ProposedDecision,
    before: tuple[Act, ...],
    *,
    by: By,
    sent: SentByHand | None = None,
) -> Done:
    """Carry a decision out: it is final, and the member hears of it (T21).

    Args:
        parts: the parts of the program.
        claim: as it was read.
        decision: what is decided.
        before: the events that lead to a proposed decision.
        by: who approves it.
        sent: the e-mail that staff sent already; none goes out then.

    Raises:
        UsageError: another person must approve, or the state does not allow it.
    """
    check_settling(parts, claim, decision, by=by)
    act = Act(
        _EVENTS[decision.ruling], decision.reason, decision.clauses, decision.data()
    )
    money = decision.amount
    request = request_of_payment(parts, claim, decision)
    asked = [] if request is None else [compose_decided(parts, request)]

    def record(work: Work, saved: Claim) -> None:
        if money is not None:
            work.set_decided(saved.claim_id, money.amount)
        if sent is not None:
            work.add_emails([sent.email])
        queue_emails(work, asked)

    if sent is not None:
        marked = [replace(one, data=one.data | sent.data) for one in (*before, act)]
        return carry_out(parts, claim, marked, by=by, also=record, responded_at=sent.at)
    return carry_out(
        parts,
        claim,
        (*before, act),
        by=by,
        replies=(reply_of(parts, claim, decision),),
        also=record,
    )


def ways_to_propose(
    parts: Parts, claim: Claim, decision: ProposedDecision
) -> tuple[Act, ...]:
    """Return the events that lead from the claim's state to a proposed decision.

    Raises:
        WrongUse: a failed check is set aside without a reason.
    """
    reason, clauses, data = decision.reason, decision.clauses, decision.data()
    proposed = Act(Event.DECISION_PROPOSED, reason, clauses, data)
    if claim.state is not ClaimState.INELIGIBLE_PROPOSED:
        return (proposed,)
    if decision.ruling is Ruling.REJECTED:
        return (Act(Event.INELIGIBLE_CONFIRMED, reason, clauses, data),)
    why = need(reason, "--reason: a check failed; why it is set aside")
    _, assessment = known(parts, claim)
    return (Act(Event.INELIGIBLE_OVERRULED, why, failed_clauses(assessment)), proposed)


def need_reason(parts: Parts, claim: Claim, decision: ProposedDecision) -> None:
    """Make sure that the member is told why they get less than they asked for.

    Source: lifecycle.md section 7, E7 and E8.
    """
    if decision.reason.strip():
        return
    if decision.ruling is Ruling.APPROVED_PARTIAL:
        raise WrongUse(
            "this is less than the terms give: tell the member with --reason what was"
            " not accepted, and why"
        )
    _, assessment = known(parts, claim)
    own = [one for one in decision.clauses if one not in failed_clauses(assessment)]
    if decision.ruling is Ruling.REJECTED and own:
        raise WrongUse(
            f"no check failed for {', '.join(own)}: tell the member with --reason why"
            " the claim is rejected"
        )


def waiting(parts: Parts, claim: Claim) -> ProposedDecision | None:
    """Return the decision that waits for approval, or None.

    Raises:
        UsageError: a mail has come since it was proposed.
    """
    if claim.state is not ClaimState.DECISION_PROPOSED:
        return None
    events = parts.store.claims.events(claim.claim_id)
    if is_overtaken(events):
        raise UsageError(
            f"a mail has come to {claim.ref} since it was proposed: look, and"
            f" `claims return {claim.ref}`"
        )
    return pending(events)


def _nothing_new(claim: Claim, is_new: bool) -> None:  # noqa: FBT001 - one question
    """Refuse what would not be said: the proposal goes out as it was proposed."""
    if is_new:
        raise WrongUse(
            "the decision goes out as it was proposed; to change it:"
            f" `claims return {claim.ref}`"
        )


def _same_ruling(
    claim: Claim, proposed: ProposedDecision, *, is_rejection: bool
) -> None:
    if (proposed.ruling is Ruling.REJECTED) is is_rejection:
        return
    what = "an approval" if is_rejection else "a rejection"
    command = "approve" if is_rejection else "reject"
    raise UsageError(
        f"{what} is proposed: confirm it with `claims {command} {claim.ref}`, or"
        f" `claims return {claim.ref}`"
    )


def _in_words(parts: Parts, reasons: tuple[ApprovalReason, ...]) -> str:
    limit = parts.policy.two_person_limit_usd
    return " and ".join(_WHY_TWO[one].format(limit=limit) for one in reasons)
