"""The decision on a claim: proposed, returned, approved, rejected; checks set aside."""

import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from worker import notify
from worker.adapters.store import Work
from worker.bootstrap import Parts
from worker.decide.common import (
    Act,
    By,
    Done,
    SentByHand,
    allow,
    carry_out,
    is_same_name,
    known,
    name_of,
    need,
    thread,
    written,
)
from worker.domain.amounts import AmountLine, Condition, Proposal
from worker.domain.amounts import propose as work_out
from worker.domain.claim import Claim, ClaimState, ClaimType, Event
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.decisions import (
    NO_MONEY,
    ApprovalReason,
    ProposedDecision,
    Ruling,
    deciders,
    is_overtaken,
    needs_another,
    paid_before,
    pending,
    round_of,
)
from worker.domain.errors import UsageError, WrongUse
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.money import Money
from worker.domain.orders import Order
from worker.domain.reply import Reply, ReplyKind

_AMOUNT = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?")
"""What NUMERIC(12,2) holds."""
_WHAT = {
    ClaimType.DAMAGE: "this is damage",
    ClaimType.PARTIAL_LOSS: "this is a partial loss",
}
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

    Without an amount the proposal of the terms must be final.

    Raises:
        UsageError: no amount where an audit decides, a second person is needed, or
            the state does not allow it.
    """
    proposed = waiting(parts, claim)
    if proposed is not None:
        _same_ruling(claim, proposed, is_rejection=False)
        if amount is not None and _typed(amount) != proposed.amount:
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

    Without clauses, those of the failed checks are relied on.

    Raises:
        UsageError: no clause is given and no check failed, an unknown clause, a second
            person is needed, or the state does not allow it.
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
        UsageError: the state does not allow it.
    """
    acts = ways_to_propose(parts, claim, decision)

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
    act = Act(Event.INELIGIBLE_OVERRULED, need(reason, "--reason"), _failed(assessment))
    return carry_out(parts, claim, (act,), by=by, assess="overruled")


def approval(
    parts: Parts,
    claim: Claim,
    *,
    amount: str | None,
    by: By,
    reason: str = "",
    packaging: Condition = Condition.UNKNOWN,
    contents: Condition = Condition.UNKNOWN,
) -> ProposedDecision:
    """Return an approval as it would be proposed.

    Raises:
        UsageError: there is no amount, it is over what the terms allow, or what
            happened, or to which package, is not known yet.
    """
    allow_decision(claim, "approved")
    order, assessment = known(parts, claim)
    terms = _proposal(parts, claim, order, assessment, packaging, contents)
    paid = paid_before(parts.store.claims.events(claim.claim_id))
    money = _amount(amount, terms, paid, claim.claim_type)
    is_partial = money + paid < terms.total
    return ProposedDecision(
        ruling=Ruling.APPROVED_PARTIAL if is_partial else Ruling.APPROVED,
        by=name_of(by),
        amount=money,
        clauses=_clauses_of(terms.lines),
        reason=reason,
        packaging=packaging,
        contents=contents,
    )


def rejection(
    parts: Parts, claim: Claim, *, clauses: tuple[str, ...], by: By, reason: str = ""
) -> ProposedDecision:
    """Return a rejection as it would be proposed.

    Raises:
        WrongUse: no clause is given and no check failed, or an unknown clause.
    """
    allow_decision(claim, "rejected")
    _, assessment = known(parts, claim)
    chosen = tuple(ClauseId(one) for one in clauses) or _failed(assessment)
    if not chosen or any(one not in CLAUSES for one in chosen):
        raise WrongUse(f"name the clause with --clause; one of {', '.join(CLAUSES)}")
    return ProposedDecision(
        ruling=Ruling.REJECTED, by=name_of(by), clauses=chosen, reason=reason
    )


def allow_decision(claim: Claim, done: str) -> None:
    """Make sure that a person may decide in the claim's state.

    Raises:
        UsageError: not in this state.
    """
    if claim.state is not ClaimState.INELIGIBLE_PROPOSED:
        allow(claim, Event.DECISION_PROPOSED, done)


# -- one person or two --------------------------------------------------------------


def reasons_for_two(
    parts: Parts, claim: Claim, decision: ProposedDecision
) -> tuple[ApprovalReason, ...]:
    """Return why one person is not enough for a decision; nothing: one is."""
    events = parts.store.claims.events(claim.claim_id)
    return needs_another(
        decision,
        parts.policy,
        exclusions=parts.store.flags.standing_exclusions(
            claim.claim_id, though_cleared_by=decision.by
        ),
        earlier_deciders=deciders(events),
    )


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
    return settle(parts, claim, decision, before, by=by)


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
    act = Act(
        _EVENTS[decision.ruling], decision.reason, decision.clauses, decision.data()
    )
    money = decision.amount

    def record(work: Work, saved: Claim) -> None:
        if money is not None:
            work.set_decided(saved.claim_id, money.amount)
        if sent is not None:
            work.add_emails([sent.email])

    if sent is not None:
        marked = [replace(one, data=one.data | sent.data) for one in (*before, act)]
        return carry_out(parts, claim, marked, by=by, also=record, responded_at=sent.at)
    return carry_out(
        parts,
        claim,
        (*before, act),
        by=by,
        replies=(worded(parts, claim, decision),),
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
    return (Act(Event.INELIGIBLE_OVERRULED, why, _failed(assessment)), proposed)


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


# -- what is decided ----------------------------------------------------------------


def worded(parts: Parts, claim: Claim, decision: ProposedDecision) -> Reply:
    """Return the e-mail of a decision, as it would go out now.

    Raises:
        UsageError: it lacks what the e-mail must say, or what happened, or to which
            package, is not known yet.
    """
    order, assessment = known(parts, claim)
    events = parts.store.claims.events(claim.claim_id)
    facts = notify.Decision(
        at=parts.clock.now(),
        cycle=round_of(events),
        clauses=decision.clauses,
        reason=decision.reason,
    )
    is_rejection = decision.ruling is Ruling.REJECTED
    if not is_rejection:
        terms = _proposal(
            parts, claim, order, assessment, decision.packaging, decision.contents
        )
        paid = paid_before(events)
        is_first = paid == NO_MONEY
        is_partial = decision.ruling is Ruling.APPROVED_PARTIAL
        facts = replace(
            facts,
            amount=decision.amount,
            maximum=terms.total - paid if is_partial else None,
            # What was paid before is not worked out a second time.
            lines=terms.lines if is_first else (),
            is_partial=is_partial,
            points_restored=terms.points_restored if is_first else 0,
        )
    kind = ReplyKind.REJECTED if is_rejection else ReplyKind.APPROVED
    return written(
        claim,
        lambda: notify.decide(
            kind,
            claim,
            order,
            facts,
            policy=parts.policy,
            thread=thread(parts, claim),
        ),
    )


def _proposal(
    parts: Parts,
    claim: Claim,
    order: Order,
    assessment: Assessment,
    packaging: Condition,
    contents: Condition,
) -> Proposal:
    """Return the most that the terms allow, given what the photographs show.

    Raises:
        UsageError: what happened, or to which package, is not known yet.
    """
    if assessment.proposal and {packaging, contents} == {Condition.UNKNOWN}:
        return assessment.proposal
    only = order.packages[0] if len(order.packages) == 1 else None
    package = order.package(claim.package_id) or only
    if package is None:
        raise UsageError(f"say first which package it is: `claims package {claim.ref}`")
    found = work_out(
        package,
        claim.claim_type,
        parts.policy,
        order=order,
        packaging=packaging,
        contents=contents,
    )
    if found is None:
        raise UsageError(f"say first what happened: `claims type {claim.ref} ...`")
    return found


def _failed(assessment: Assessment) -> tuple[ClauseId, ...]:
    return tuple(
        dict.fromkeys(
            one.clause
            for one in assessment.findings
            if one.verdict is FindingVerdict.FAIL
        )
    )


def _typed(text: str) -> Money:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise WrongUse(f"--amount {text} is not an amount such as 124.50") from None
    if not _AMOUNT.fullmatch(text.strip()) or amount <= 0:
        raise WrongUse("--amount must be above zero, with at most two decimals")
    return Money.of(amount)


def _amount(
    text: str | None, proposal: Proposal, paid: Money, claim_type: ClaimType
) -> Money:
    """Return what is granted now; on appeal it comes to what was paid before."""
    most = proposal.total - paid
    if text is None:
        if proposal.needs_person or paid != NO_MONEY:
            raise UsageError(_why_an_amount(most, paid, claim_type))
        return proposal.total
    amount = _typed(text)
    if amount > most:
        before = "" if paid == NO_MONEY else f", after {paid} that were paid"
        raise UsageError(
            f"--amount is over the most that the terms allow: {most}{before}"
        )
    return amount


def _why_an_amount(most: Money, paid: Money, claim_type: ClaimType) -> str:
    end = f"give it with --amount (at most {most.amount:.2f})"
    if paid != NO_MONEY:
        return f"{paid} were paid already; what comes to it: {end}"
    what = _WHAT.get(claim_type)
    why = "the figure needs a person" if what is None else what
    return f"{why}: an audit decides the figure; {end}"


def _clauses_of(lines: tuple[AmountLine, ...]) -> tuple[ClauseId, ...]:
    return tuple(dict.fromkeys(line.clause for line in lines))
