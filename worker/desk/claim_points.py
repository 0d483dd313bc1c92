"""What a claim does to its member's points, as lines: foreseen, or done."""

from dataclasses import dataclass

from worker.bootstrap import Parts
from worker.domain.claim import Claim
from worker.domain.clauses import ClauseId
from worker.domain.findings import Assessment
from worker.domain.money import Money
from worker.domain.orders import Order
from worker.domain.points_words import OF_ANOTHER_MEMBER
from worker.settling import case_of, foreseen


@dataclass(frozen=True, slots=True)
class PointsLine:
    """One line; what only would have moved has `is_moved` false."""

    label: str
    clause: ClauseId
    points: int
    is_moved: bool = True


@dataclass(frozen=True, slots=True)
class PointsStory:
    """The lines, and whether the ledger has them or would write them today.

    `why_none` says why nothing moves where something should.
    """

    lines: tuple[PointsLine, ...]
    is_done: bool
    why_none: str = ""

    @property
    def total(self) -> int:
        """Return what the account gains or loses in all."""
        return sum(line.points for line in self.lines if line.is_moved)


def story_of(
    parts: Parts, claim: Claim, order: Order | None, assessment: Assessment | None
) -> PointsStory | None:
    """Return what happened to points; else what would, while the claim is open.

    None where nothing is to move. Source: clauses P13 to P15.
    """
    account, moved = parts.points.settled(claim.claim_id)
    if account is None:
        if not claim.is_open or order is None or assessment is None:
            return None
        decided = parts.store.claims.decided_usd(claim.claim_id)
        amount = None if decided is None else Money(decided)
        moved = foreseen(
            parts, case_of(parts, claim, order, assessment.proposal, amount)
        )
    if not moved and not moved.is_of_another:
        return None
    lines = (
        PointsLine("Spent on the order, come back", ClauseId("P13"), moved.back),
        PointsLine(
            "Spent on it, but expired", ClauseId("P14"), moved.expired, is_moved=False
        ),
        PointsLine("Earned with it, taken back", ClauseId("P15"), -moved.deducted),
        PointsLine(
            "Earned with it, no longer there",
            ClauseId("P15"),
            moved.shortfall,
            is_moved=False,
        ),
    )
    shown = tuple(line for line in lines if line.points)
    why_none = OF_ANOTHER_MEMBER if moved.is_of_another else ""
    return PointsStory(shown, is_done=account is not None, why_none=why_none)
