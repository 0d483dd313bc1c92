"""The payout of an approved claim: created, failed, tried again, done."""

from dataclasses import replace

from worker import notify
from worker.adapters.store import Work
from worker.adapters.store.points_entries import claim_key
from worker.bootstrap import Parts
from worker.decide.common import (
    Act,
    By,
    Done,
    allow,
    carry_out,
    known,
    name_of,
    need,
    thread,
    written,
)
from worker.domain.claim import Claim, ClaimEvent, ClaimState, Event
from worker.domain.clauses import ClauseId
from worker.domain.decisions import round_of
from worker.domain.errors import UsageError
from worker.domain.money import Money
from worker.domain.reply import Reply, ReplyKind
from worker.domain.settlement import PointsMoved
from worker.notify import PaymentProblem
from worker.settling import case_of, foreseen

_TRIES = 5
"""How often the e-mail is written anew, as the points of its member have changed."""
_APPROVED = frozenset({ClaimState.APPROVED, ClaimState.APPROVED_PARTIAL})


class _PointsMovedOn(Exception):
    """The member's points are not as the e-mail says; nothing was written."""


def pay(parts: Parts, claim: Claim, *, by: By) -> Done:
    """Record that a payout was ordered, or ordered again after it failed (T22).

    Its key, the claim's number and round, is the same however often it is ordered, so
    that whoever pays can refuse a second one.

    Raises:
        UsageError: the claim is not approved.
    """
    if claim.state is ClaimState.PAYOUT_FAILED:
        act = Act(Event.PAYOUT_RETRIED, data={"key": payout_key(parts, claim)})
    else:
        allow(claim, Event.PAYOUT_CREATED, "paid")
        act = Act(Event.PAYOUT_CREATED, data={"key": payout_key(parts, claim)})
    return carry_out(parts, claim, (act,), by=by)


def payment_failed(
    parts: Parts, claim: Claim, *, by: By, problem: PaymentProblem
) -> Done:
    """Record that the payout failed; the member hears what only they can mend (T23).

    Raises:
        UsageError: no payout is under way.
    """
    allow(claim, Event.PAYOUT_FAILED, "marked as failed")
    replies: tuple[Reply, ...] = ()
    if problem is not PaymentProblem.OTHER:
        order, _ = known(parts, claim)
        failed_at, mails = parts.clock.now(), thread(parts, claim)
        reply = written(
            claim,
            lambda: notify.payment_failed(
                claim, order, problem=problem, failed_at=failed_at, thread=mails
            ),
        )
        replies = (reply,)
    act = Act(Event.PAYOUT_FAILED, problem.value)
    return carry_out(parts, claim, (act,), by=by, replies=replies)


def complete(parts: Parts, claim: Claim, *, by: By, reference: str) -> Done:
    """Record that an approved claim was paid, and send the completion notice (C13).

    The points of a refunded order move in the same transaction, once for each round
    of the claim; the e-mail says how (P13 to P15). Where the ledger has the order as
    another member's none move, and an alert says so.

    Raises:
        UsageError: the claim is not approved.
    """
    acts: tuple[Act, ...] = ()
    if claim.state in _APPROVED:
        acts = (Act(Event.PAYOUT_CREATED, data={"key": payout_key(parts, claim)}),)
    else:
        allow(claim, Event.PAYOUT_DONE, "completed")
    order, assessment = known(parts, claim)
    decided = parts.store.claims.decided_usd(claim.claim_id)
    if decided is None:
        raise UsageError(f"{claim.ref} has no approved amount: use `claims approve`")
    reference = need(reference, "--reference")
    approval = _approval(parts, claim)
    number, name = _round(parts, claim), name_of(by)
    case = case_of(parts, claim, order, assessment.proposal, Money(decided))
    mails = thread(parts, claim)
    decision = notify.Decision(
        at=approval.at,
        cycle=number,
        amount=Money(decided),
        is_partial=approval.event is Event.APPROVED_PARTIAL,
        paid_at=parts.clock.now(),
        payment_reference=reference,
    )
    done = Act(Event.PAYOUT_DONE, reference, (ClauseId("C13"),))

    def paid(points: PointsMoved) -> Done:
        reply = written(
            claim,
            lambda: notify.decide(
                ReplyKind.COMPLETED,
                claim,
                order,
                replace(decision, points=points),
                policy=parts.policy,
                thread=mails,
            ),
        )

        def record(work: Work, saved: Claim) -> None:
            work.set_paid(saved.claim_id, reference)
            if case is None:
                return
            key = claim_key(saved.claim_id, number)
            site = parts.settings.site
            moved = work.settle_points(parts.points, key, case, site=site, by=name)
            if moved != points:
                raise _PointsMovedOn
            if moved.is_of_another:
                work.raise_alert("points_of_another", key, claim_id=saved.claim_id)

        acts_done = (*acts, done)
        return carry_out(parts, claim, acts_done, by=by, replies=(reply,), also=record)

    for _ in range(_TRIES):
        points = foreseen(parts, case)
        try:
            return paid(points)
        except _PointsMovedOn:
            continue
    raise UsageError(f"the points of {claim.ref}'s member keep changing: try again")


def payout_key(parts: Parts, claim: Claim) -> str:
    """Return the idempotency key of the claim's payout: CLM-000012-1."""
    return f"{claim.ref}-{_round(parts, claim)}"


def _approval(parts: Parts, claim: Claim) -> ClaimEvent:
    """Return the latest approval, from which an appeal runs."""
    approvals = {Event.APPROVED, Event.APPROVED_PARTIAL}
    events = parts.store.claims.events(claim.claim_id)
    return next(one for one in reversed(events) if one.event in approvals)


def _round(parts: Parts, claim: Claim) -> int:
    return round_of(parts.store.claims.events(claim.claim_id))
