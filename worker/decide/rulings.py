"""What would be decided: an approval or a rejection, its amount, clauses and e-mail."""

from dataclasses import replace

from worker import notify
from worker.bootstrap import Parts
from worker.decide.common import By, allow, known, name_of, thread, written
from worker.domain.amounts import AmountLine, Condition, Proposal
from worker.domain.amounts import propose as work_out
from worker.domain.claim import Claim, ClaimState, ClaimType, Event
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.decisions import (
    NO_MONEY,
    ProposedDecision,
    Ruling,
    paid_before,
    round_of,
)
from worker.domain.errors import UsageError, WrongUse
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.money import Money, typed
from worker.domain.orders import Order
from worker.domain.reply import Reply, ReplyKind
from worker.domain.settlement import PointsMoved
from worker.replies.staff import ask_payment
from worker.settling import case_of, foreseen

_WHAT = {
    ClaimType.DAMAGE: "this is damage",
    ClaimType.PARTIAL_LOSS: "this is a partial loss",
}


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
    chosen = tuple(ClauseId(one) for one in clauses) or failed_clauses(assessment)
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


def reply_of(parts: Parts, claim: Claim, decision: ProposedDecision) -> Reply:
    """Return the e-mail that tells the member of a decision (E7, E8)."""
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
        terms, points = _terms(parts, claim, order, assessment, decision)
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
            points=points,
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


def request_of_payment(
    parts: Parts, claim: Claim, decision: ProposedDecision
) -> Reply | None:
    """Return the e-mail to staff that asks to pay what was approved (T22).

    None for a rejection, and where staff have no address.
    """
    to = parts.settings.alert_address
    if to is None or decision.amount is None:
        return None
    _, points = _terms(parts, claim, *known(parts, claim), decision)
    return ask_payment(
        replace(claim, state=ClaimState(decision.ruling)),
        to,
        amount=decision.amount,
        points=points.back,
        approved_at=parts.clock.now(),
    )


def _terms(
    parts: Parts,
    claim: Claim,
    order: Order,
    assessment: Assessment,
    decision: ProposedDecision,
) -> tuple[Proposal, PointsMoved]:
    """Return what the terms give for a decision, and what paying it does to points."""
    terms = _proposal(
        parts, claim, order, assessment, decision.packaging, decision.contents
    )
    case = case_of(parts, claim, order, terms, decision.amount)
    return terms, foreseen(parts, case)


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


def failed_clauses(assessment: Assessment) -> tuple[ClauseId, ...]:
    """Return the clauses whose checks failed, each once."""
    return tuple(
        dict.fromkeys(
            one.clause
            for one in assessment.findings
            if one.verdict is FindingVerdict.FAIL
        )
    )


def typed_amount(text: str) -> Money:
    """Return the amount that a person typed.

    Raises:
        WrongUse: it is none, or not above zero.
    """
    amount = typed(text)
    if amount is None or amount <= 0:
        raise WrongUse(
            f"--amount {text} is not an amount above zero with at most two decimals"
        )
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
    amount = typed_amount(text)
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
