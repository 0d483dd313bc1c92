"""What a person decides: the draft before, and the e-mail after."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from worker.domain.amounts import AmountLine
from worker.domain.claim import Claim, ClaimState
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.errors import UsageError
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.money import Money
from worker.domain.orders import Order
from worker.domain.policy import Policy
from worker.domain.reply import Reply, ReplyKind, gaps
from worker.domain.settlement import NO_POINTS, PointsMoved
from worker.replies.facts import (
    TOLD_CHECKS,
    claim_facts,
    destination_zone,
    paragraphs,
    plain,
    quoted,
    relied_on,
)
from worker.replies.may_say import BY_A_PERSON
from worker.replies.recipients import about_claim, address_on_file, need_address
from worker.replies.values import amount_line, instant, money

_DEFAULTS = Policy()
_ACCUSES = re.compile(
    r"(?i:fraud|\bbetrüg|\bschwindel|\bestaf|\btimad)|\bBetrug|欺诈|诈骗|骗保|造假"
)
"""No e-mail says these in any language that we write; "betrug" is also "came to".

Source: lifecycle.md E8.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided, as far as the member is told; who decided stays inside.

    `lines` add up to `amount`, or to `maximum` where a person set a lower one.
    `cycle` counts the decisions of one claim: 1, and 2 after an appeal. `reason` is
    written by staff for the member, an empty line between paragraphs. `points` is what
    paying does to the member's points. `paid_at` and `payment_reference` belong to the
    completion notice.
    """

    at: datetime
    cycle: int = 1
    amount: Money | None = None
    maximum: Money | None = None
    lines: tuple[AmountLine, ...] = ()
    clauses: tuple[ClauseId, ...] = ()
    reason: str = ""
    is_partial: bool = False
    points: PointsMoved = NO_POINTS
    paid_at: datetime | None = None
    payment_reference: str = ""


def draft(
    claim: Claim,
    assessment: Assessment,
    order: Order,
    *,
    policy: Policy = _DEFAULTS,
    points: PointsMoved = NO_POINTS,
    thread: tuple[str, ...] = (),
) -> Reply | None:
    """Return the decision as it would be worded today, for staff; None without one.

    Under review it approves the proposed amount, or leaves `[amount]` and its reason
    open where an audit decides (G4, G7). Where a mechanical check failed it rejects
    by that clause. The appeal runs from the day it is sent, so no date is in it.

    Source: lifecycle.md section 8, points 6, 9, 10; clauses.md section 0, rule 3.
    """
    to = address_on_file(claim, order.member)
    if to is None:
        return None
    facts = claim_facts(claim, order, BY_A_PERSON) | _appeal_facts(policy, None)
    proposal = assessment.proposal
    match claim.state:
        case ClaimState.UNDER_REVIEW if proposal is not None:
            kind = ReplyKind.APPROVED
            is_open = proposal.needs_person
            facts |= _amount_facts(proposal.lines, points) | {
                "amount": "[amount]" if is_open else money(proposal.total),
                "maximum": money(proposal.total) if is_open else None,
                "reason": ["[why this amount]"] if is_open else [],
                "is_partial": False,
            }
            if proposal.cap_applied:
                facts["clauses"] = quoted(
                    [*(line.clause for line in proposal.lines), ClauseId("G6")]
                )
        case ClaimState.INELIGIBLE_PROPOSED:
            kind = ReplyKind.REJECTED
            failed = _failed_clauses(assessment)
            if not failed:
                return None
            facts |= _rejection_facts(failed, claim, order, reason=[])
        case _:
            return None
    return about_claim(
        kind,
        to,
        claim,
        order,
        facts,
        cycle=f"draft-{claim.version}",
        thread=thread,
        is_draft=True,
    )


def decide(
    kind: ReplyKind,
    claim: Claim,
    order: Order,
    decision: Decision,
    *,
    policy: Policy = _DEFAULTS,
    thread: tuple[str, ...] = (),
) -> Reply:
    """Return the final e-mail of a decision: approved, rejected or completed.

    Safe to run twice: one e-mail for each kind and `decision.cycle`.

    Raises:
        UsageError: the decision lacks what the e-mail must say, has a gap still open,
            or calls the member a fraud.
        GiveUp: `no_address_on_file`.

    Source: lifecycle.md E7, E8, E9; clauses C13, G1-G9.
    """
    _check_decision(kind, decision)
    zone = destination_zone(claim, order, BY_A_PERSON)
    facts = claim_facts(claim, order, BY_A_PERSON)
    facts |= _appeal_facts(policy, decision.at, zone, cycle=decision.cycle)
    reason = paragraphs(decision.reason)
    if kind is ReplyKind.REJECTED:
        facts |= _rejection_facts(decision.clauses, claim, order, reason=reason)
    else:
        facts |= _amount_facts(decision.lines, decision.points, decision.clauses) | {
            "amount": None if decision.amount is None else money(decision.amount),
            "maximum": None if decision.maximum is None else money(decision.maximum),
            "reason": reason,
            "is_partial": decision.is_partial,
        }
    if kind is ReplyKind.COMPLETED and decision.paid_at is not None:
        facts["paid_at"] = instant(decision.paid_at, zone)
        facts["payment_reference"] = plain(decision.payment_reference)
        appeal_by = decision.at + policy.appeal_window
        facts["may_appeal"] &= decision.paid_at < appeal_by
    return about_claim(
        kind,
        need_address(claim, order.member),
        claim,
        order,
        facts,
        cycle=str(decision.cycle),
        thread=thread,
    )


def accuses(text: str) -> bool:
    """Return whether a text calls somebody a fraud, in any language that we write."""
    return _ACCUSES.search(text) is not None


def _failed_clauses(assessment: Assessment) -> tuple[ClauseId, ...]:
    return tuple(
        dict.fromkeys(
            finding.clause
            for finding in assessment.findings
            if finding.verdict is FindingVerdict.FAIL
            and finding.proposes is ClaimState.INELIGIBLE_PROPOSED
        )
    )


def _rejection_facts(
    clauses: tuple[ClauseId, ...], claim: Claim, order: Order, *, reason: list[str]
) -> dict[str, Any]:
    return {
        "clauses": quoted(clauses),
        "relied_on": [
            row for clause in clauses for row in relied_on(clause, claim, order)
        ],
        "would_change_it": [c for c in clauses if c in TOLD_CHECKS],
        "cover": quoted([ClauseId("G2")]) if ClauseId("G1") in clauses else [],
        "reason": reason,
    }


def _amount_facts(
    lines: tuple[AmountLine, ...],
    points: PointsMoved,
    clauses: Iterable[ClauseId] = (),
) -> dict[str, Any]:
    expired = [ClauseId("P14")] if points.expired else []
    deducted = [ClauseId("P15")] if points.deducted or points.shortfall else []
    of_lines = [*(line.clause for line in lines), *expired, *deducted]
    return {
        "lines": [amount_line(line) for line in lines],
        "points": asdict(points),
        "clauses": quoted([*of_lines, *clauses]),
    }


def _appeal_facts(
    policy: Policy,
    decided_at: datetime | None,
    zone: str | None = None,
    *,
    cycle: int = 1,
) -> dict[str, Any]:
    """Return how long an appeal is open; the decision on one is final.

    Source: lifecycle.md T27, switch appeal_window.
    """
    return {
        "may_appeal": cycle == 1,
        "appeal_days": policy.appeal_window.days,
        "appeal_until": None
        if decided_at is None
        else instant(decided_at + policy.appeal_window, zone),
    }


def _check_decision(kind: ReplyKind, decision: Decision) -> None:
    told = " ".join(
        [
            decision.reason,
            decision.payment_reference,
            *(CLAUSES[c].text for c in decision.clauses if c in CLAUSES),
        ]
    )
    faults = {
        "name at least one clause": kind is ReplyKind.REJECTED and not decision.clauses,
        "enter the amount": kind is not ReplyKind.REJECTED and decision.amount is None,
        "enter when it was paid": kind is ReplyKind.COMPLETED
        and decision.paid_at is None,
        "choose approved, rejected or completed": kind
        not in {ReplyKind.APPROVED, ReplyKind.REJECTED, ReplyKind.COMPLETED},
        f"fill in {', '.join(gaps(told))}": bool(gaps(told)),
        "say what was found; the word fraud is never used": _ACCUSES.search(told)
        is not None,
        "name clauses whose text is known": any(
            c not in CLAUSES for c in decision.clauses
        ),
    }
    if found := [text for text, is_fault in faults.items() if is_fault]:
        raise UsageError("; ".join(found))
