"""Decisions as a person proposes them, and whether one person is enough.

A proposed decision lives in the claim's history: in its event's clauses, reason and
data, so that the history alone says what was approved.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from worker.domain.amounts import Condition
from worker.domain.claim import ClaimEvent, ClaimState, Event
from worker.domain.clauses import ClauseId
from worker.domain.deadlines import utc
from worker.domain.money import Money
from worker.domain.policy import Policy

NO_MONEY = Money.of(0)


class Ruling(StrEnum):
    """What is decided."""

    APPROVED = "approved"
    APPROVED_PARTIAL = "approved_partial"
    REJECTED = "rejected"


class ApprovalReason(StrEnum):
    """Why a decision needs a second person. Source: lifecycle.md T21, T27."""

    AMOUNT = "amount"
    PACKED_WELL = "packed_well"
    EXCLUSION = "exclusion"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedDecision:
    """A decision that waits for approval.

    `amount` is None for a rejection. `packaging` and `contents` are what the reviewer
    saw in the photographs of a damage (G9a, G9b). `reason` is written for the member.
    """

    ruling: Ruling
    by: str
    amount: Money | None = None
    clauses: tuple[ClauseId, ...] = ()
    reason: str = ""
    packaging: Condition = Condition.UNKNOWN
    contents: Condition = Condition.UNKNOWN

    def data(self) -> dict[str, str]:
        """Return what the event keeps beside its clauses and reason."""
        found = {
            "ruling": self.ruling.value,
            "packaging": self.packaging.value,
            "contents": self.contents.value,
        }
        if self.amount is not None:
            found["amount_usd"] = f"{self.amount.amount:.2f}"
        return found


_PROPOSING = frozenset({Event.DECISION_PROPOSED, Event.INELIGIBLE_CONFIRMED})
_DECIDING = frozenset({Event.APPROVED, Event.APPROVED_PARTIAL, Event.REJECTED})


def pending(events: Sequence[ClaimEvent]) -> ProposedDecision | None:
    """Return the decision that the history has waiting, or None."""
    for event in reversed(events):
        if event.state_after is not ClaimState.DECISION_PROPOSED:
            return None
        if event.event in _PROPOSING and event.data:
            return _proposed(event, event.data)
    return None


def _proposed(event: ClaimEvent, data: dict[str, str]) -> ProposedDecision:
    amount = data.get("amount_usd")
    return ProposedDecision(
        ruling=Ruling(data["ruling"]),
        by=event.actor,
        amount=None if amount is None else Money(Decimal(amount)),
        clauses=tuple(ClauseId(clause) for clause in event.clauses),
        reason=event.reason,
        packaging=Condition(data.get("packaging", Condition.UNKNOWN)),
        contents=Condition(data.get("contents", Condition.UNKNOWN)),
    )


def needs_another(
    decision: ProposedDecision,
    policy: Policy,
    *,
    exclusions: Collection[str],
    earlier_deciders: Collection[str],
) -> tuple[ApprovalReason, ...]:
    """Return why a person other than the proposer must approve; nothing: not needed.

    Args:
        decision: what is proposed.
        policy: the switch `two_person_limit_usd`; the limit itself needs one person.
        exclusions: X clauses whose flags stand open on the claim.
        earlier_deciders: who decided the claim before an appeal.

    Source: lifecycle.md T21 and T27; clauses G9a and X1 to X14.
    """
    amount = decision.amount
    cites_x = any(clause.startswith("X") for clause in decision.clauses)
    is_packed_well = (
        decision.packaging is Condition.INTACT
        and decision.contents is Condition.DAMAGED
    )
    reasons = {
        ApprovalReason.AMOUNT: amount is not None
        and amount.amount > policy.two_person_limit_usd,
        ApprovalReason.PACKED_WELL: is_packed_well
        or ClauseId("G9a") in decision.clauses,
        ApprovalReason.EXCLUSION: cites_x or bool(exclusions),
        ApprovalReason.APPEAL: bool(earlier_deciders),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def deciders(events: Sequence[ClaimEvent]) -> frozenset[str]:
    """Return who proposed or approved a decision before the last appeal."""
    appeals = [n for n, one in enumerate(events) if one.event is Event.APPEAL_FILED]
    if not appeals:
        return frozenset()
    return frozenset(
        one.actor
        for one in events[: appeals[-1]]
        if one.event in _PROPOSING | _DECIDING
    )


def is_overtaken(events: Sequence[ClaimEvent]) -> bool:
    """Return whether something came to the claim after its decision was proposed.

    Source: lifecycle.md T21 (claim version unchanged).
    """
    for event in reversed(events):
        if event.event in _PROPOSING:
            return False
        if event.event in {Event.MAIL_JOINED, Event.TOOK_OVER}:
            return True
    return False


def paid_before(events: Sequence[ClaimEvent]) -> Money:
    """Return what earlier rounds of the claim have paid."""
    total, granted = NO_MONEY, NO_MONEY
    for event in events:
        if event.event in {Event.APPROVED, Event.APPROVED_PARTIAL}:
            granted = Money(Decimal((event.data or {}).get("amount_usd", "0")))
        if event.event is Event.PAYOUT_DONE:
            total += granted
    return total


def decided_at(events: Sequence[ClaimEvent]) -> datetime | None:
    """Return when the claim was last approved or rejected."""
    return max((one.at for one in events if one.event in _DECIDING), default=None)


def appealed_at(events: Sequence[ClaimEvent]) -> datetime | None:
    """Return when an appeal was filed: the receipt of its mail, not its recording."""
    filed = [one for one in events if one.event is Event.APPEAL_FILED]
    if not filed:
        return None
    written = (filed[-1].data or {}).get("filed_at")
    return filed[-1].at if written is None else datetime.fromisoformat(written)


class NoAppeal(StrEnum):
    """Why a decision cannot be appealed any more."""

    SECOND = "it was appealed before, and a claim can be appealed once"
    IN_FULL = "it was paid in full"
    LATE = "the time to appeal has passed"


def why_no_appeal(
    events: Sequence[ClaimEvent], filed_at: datetime, policy: Policy
) -> NoAppeal | None:
    """Return what stands against an appeal, or None.

    The window runs from the decision, and its last instant still counts.

    Source: lifecycle.md T27, switch appeal_window.
    """
    if any(one.event is Event.APPEAL_FILED for one in events):
        return NoAppeal.SECOND
    decision = next((one for one in reversed(events) if one.event in _DECIDING), None)
    if decision is None or decision.event is Event.APPROVED:
        return NoAppeal.IN_FULL
    return NoAppeal.LATE if _is_over(decision, filed_at, policy.appeal_window) else None


def may_reopen(
    events: Sequence[ClaimEvent], replied_at: datetime, policy: Policy
) -> bool:
    """Return whether a reply to a claim closed as incomplete opens it again.

    Source: lifecycle.md T26, switch reopen_window.
    """
    closed = next(
        (one for one in reversed(events) if one.event is Event.DOCS_EXPIRED), None
    )
    window = policy.reopen_window
    return closed is not None and not _is_over(closed, replied_at, window)


def is_stopped(events: Sequence[ClaimEvent]) -> bool:
    """Return whether a lead has stopped the claim. Source: lifecycle.md T28."""
    marks = [one for one in events if one.event in {Event.STOPPED, Event.RESUMED}]
    return bool(marks) and marks[-1].event is Event.STOPPED


def round_of(events: Sequence[ClaimEvent]) -> int:
    """Return which round of decisions this is: 1, and 2 after an appeal."""
    return 1 + sum(one.event is Event.APPEAL_FILED for one in events)


def _is_over(since: ClaimEvent, at: datetime, window: timedelta) -> bool:
    return utc(at) > utc(since.at) + window
