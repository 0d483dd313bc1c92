"""What paying a claim does to its member's points, before it is done."""

from collections.abc import Sequence

from worker.bootstrap import Parts
from worker.domain.amounts import Proposal
from worker.domain.claim import Claim, ClaimEvent
from worker.domain.decisions import paid_before
from worker.domain.money import Money
from worker.domain.orders import Order
from worker.domain.settlement import NO_POINTS, PaidCase, PointsMoved, paid_case


def case_of(
    parts: Parts,
    claim: Claim,
    order: Order,
    proposal: Proposal | None,
    amount: Money | None = None,
    *,
    events: Sequence[ClaimEvent] | None = None,
) -> PaidCase | None:
    """Return what paying the claim now means for points, beside what was paid before.

    Args:
        parts: the parts of the program.
        claim: the claim as it stands.
        order: with what the directory says of its points.
        proposal: what the terms give.
        amount: what is decided in cash; None is what the terms give.
        events: the claim's history; None where it is to be looked up.

    Source: clauses P13 to P15.
    """
    if events is None:
        events = parts.store.claims.events(claim.claim_id)
    return paid_case(claim, order, proposal, amount, before=paid_before(events))


def foreseen(parts: Parts, case: PaidCase | None) -> PointsMoved:
    """Return what paying a case now would move; reads only."""
    if case is None:
        return NO_POINTS
    return parts.points.foresee(case, site=parts.settings.site)
