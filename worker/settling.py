"""What paying a claim does to its member's points, before it is done."""

from worker.bootstrap import Parts
from worker.domain.amounts import Proposal
from worker.domain.claim import Claim
from worker.domain.money import Money
from worker.domain.orders import Order
from worker.domain.settlement import NO_POINTS, PointsMoved, paid_case


def foreseen(
    parts: Parts,
    claim: Claim,
    order: Order,
    proposal: Proposal | None,
    amount: Money | None = None,
) -> PointsMoved:
    """Return what paying the claim now would move; reads only.

    Args:
        parts: the parts of the program.
        claim: the claim as it stands.
        order: with what the directory says of its points.
        proposal: what the terms give.
        amount: what is decided in cash; None is what the terms give.

    Source: clauses P13 to P15.
    """
    case = paid_case(claim, order, proposal, amount)
    if case is None:
        return NO_POINTS
    return parts.points.foresee(case, site=parts.settings.site)
