"""What the lead's figures are made of: spans of time, and what was counted in one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from worker.domain.amounts import POINTS_PER_USD
from worker.domain.claim import ClaimState, Event
from worker.domain.clauses import ClauseId

SYSTEM = "system"
APPROVALS = (Event.APPROVED, Event.APPROVED_PARTIAL)
DECISIONS = (*APPROVALS, Event.REJECTED)
PROPOSALS = (Event.DECISION_PROPOSED, Event.INELIGIBLE_CONFIRMED)
APPEALABLE = (Event.APPROVED_PARTIAL, Event.REJECTED)
"""Source: lifecycle.md T27."""
REPLIES = (
    *DECISIONS,
    Event.INFO_REQUESTED,
    Event.DOCS_EXPIRED,
    Event.WITHDRAWN,
    Event.APPEAL_FILED,
    Event.PAYOUT_DONE,
    Event.EMAIL_RELEASED,
    Event.STATUS_SENT,
)
"""What a person does that sends the member an e-mail."""
OPENINGS = (Event.OPENED, Event.HELD)
CLOSINGS = (
    Event.REJECTED,
    Event.PAYOUT_DONE,
    Event.DOCS_EXPIRED,
    Event.WITHDRAWN,
    Event.MERGED,
)
BY_HAND = (*DECISIONS, Event.INFO_REQUESTED)
"""Decisions whose e-mail staff sent from their own mail program answer the clock."""
OWED = (
    ClaimState.APPROVED,
    ClaimState.APPROVED_PARTIAL,
    ClaimState.PAYOUT_PENDING,
    ClaimState.PAYOUT_FAILED,
)
"""Approved and not paid yet."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period: `since` counts, `until` does not (both UTC)."""

    since: datetime
    until: datetime

    @property
    def before(self) -> "Span":
        """Return the period of the same length that ends where this one begins."""
        return Span(self.since - (self.until - self.since), self.since)


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took; None where nothing was counted."""

    count: int
    median: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True, slots=True)
class ClauseCount:
    """How many decisions of a period rest on a clause; one may rest on several."""

    clause: ClauseId
    approved: int
    partial: int
    rejected: int

    @property
    def total(self) -> int:
        """Return all of them."""
        return self.approved + self.partial + self.rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFigures:
    """How one period went; a share is None where there is nothing to divide by."""

    respond: Spread
    decide: Spread
    answered_in_time: int
    overdue: int
    """Unanswered claims whose limit passed in the period."""
    decisions: dict[Event, int]
    overruled: int
    confirmed: int
    appeals: int
    opened: int
    closed: int
    late: int
    paid: int
    paid_usd: Decimal
    paid_proposed_usd: Decimal

    @property
    def decided(self) -> int:
        """Return how many decisions were made."""
        return sum(self.decisions.values())

    @property
    def kept(self) -> float | None:
        """Return the share of answers that came in time."""
        return _share(self.answered_in_time, self.respond.count + self.overdue)

    @property
    def overrule_rate(self) -> float | None:
        """Return the share of failed checks that a person set aside."""
        return _share(self.overruled, self.overruled + self.confirmed)

    @property
    def appeal_rate(self) -> float | None:
        """Return appeals for each decision that can be appealed."""
        return _share(self.appeals, sum(self.decisions[one] for one in APPEALABLE))

    @property
    def late_share(self) -> float | None:
        """Return the share of new claims that came too late (C11)."""
        return _share(self.late, self.opened)

    @property
    def paid_share(self) -> float | None:
        """Return what was paid of what the terms give at most."""
        if not self.paid_proposed_usd:
            return None
        return float(self.paid_usd / self.paid_proposed_usd)


@dataclass(frozen=True, slots=True)
class Load:
    """What one person did in a period."""

    name: str
    proposals: int
    decisions: int
    replies: int


@dataclass(frozen=True, slots=True)
class Day:
    """Claims opened and closed on one day (UTC)."""

    on: date
    opened: int
    closed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Liability:
    """What may still have to be paid, now; amounts are USD."""

    undecided: int
    proposed_usd: Decimal
    """At most: where an audit decides, the most that the terms allow."""
    without_figure: int
    """Open claims for which no amount could be worked out yet."""
    owed: int
    owed_usd: Decimal
    points: int
    """That come back with open claims (P13)."""

    @property
    def worth_usd(self) -> Decimal:
        """Return what the points are worth. Source: clause P6."""
        return Decimal(self.points) / POINTS_PER_USD


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
