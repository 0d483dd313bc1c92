"""E-mails to staff: clocks, approvals, payments, and what stands still.

They hold the claim's reference and codes only, nothing that a member wrote and nothing
that leads to a member once the claim is erased.
Source: lifecycle.md section 7, I1 to I5; T21, T22.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.decisions import ApprovalReason
from worker.domain.money import Money
from worker.domain.reply import Reply, ReplyKind
from worker.replies.facts import ids, plain
from worker.replies.recipients import stamp
from worker.replies.values import instant, money, span


class Missing(StrEnum):
    """The one fact that a claim waits for, in the daily digest."""

    DOCUMENTS = "documents"
    ANSWER = "answer"
    CARRIER = "carrier"
    PACKAGE = "package"
    CLAIM_TYPE = "claim_type"
    IDENTITY = "identity"


_WAITED_FOR = {
    ClaimState.AWAITING_MEMBER: Missing.ANSWER,
    ClaimState.AWAITING_CARRIER: Missing.CARRIER,
    ClaimState.IDENTITY_HOLD: Missing.IDENTITY,
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the digest: a claim, what it lacks, and since when."""

    claim: Claim
    missing: Missing
    since: datetime


def facts_missing(claim: Claim, *, documents: int) -> tuple[Missing, ...]:
    """Return what an open claim waits for, and what of it is not known.

    Args:
        claim: an open one.
        documents: how many are asked for; each counts.
    """
    waits = _WAITED_FOR.get(claim.state)
    asked = documents if claim.state is ClaimState.AWAITING_DOCUMENTS else 0
    return (
        *(Missing.DOCUMENTS for _ in range(asked)),
        *(() if waits is None else (waits,)),
        *((Missing.PACKAGE,) if claim.package_id is None else ()),
        *((Missing.CLAIM_TYPE,) if claim.claim_type is ClaimType.UNKNOWN else ()),
    )


def warn_due(claim: Claim, to: str, *, respond_by: datetime, now: datetime) -> Reply:
    """Return the warning that the response is due soon, or that it is overdue.

    One for each deadline and for each full day that is left, so that the warnings at
    48 and at 24 hours are two. Source: lifecycle.md I1, I2; clause C10.
    """
    is_over = now > respond_by
    kind = ReplyKind.STAFF_OVERDUE if is_over else ReplyKind.STAFF_DUE_SOON
    days = "over" if is_over else str(-(-(respond_by - now) // timedelta(days=1)))
    facts = _about(claim) | {
        "respond_by": instant(respond_by),
        "left": span(timedelta(hours=abs(respond_by - now) // timedelta(hours=1))),
    }
    return _to_staff(kind, to, facts, f"claim:{claim.claim_id}", _key(respond_by, days))


def ask_approval(
    claim: Claim,
    to: str,
    *,
    amount: Money | None,
    reasons: Iterable[ApprovalReason],
    respond_by: datetime,
) -> Reply:
    """Return the request to a second person to check a decision.

    Args:
        claim: with a decision proposed.
        to: the address of who may approve.
        amount: None where a rejection is proposed.
        reasons: why one person is not enough.
        respond_by: when the member must have an answer.

    Source: lifecycle.md T21, switch two_person_limit_usd.
    """
    facts = _about(claim) | {
        "amount": None if amount is None else money(amount),
        "reasons": [reason.value for reason in reasons],
        "respond_by": instant(respond_by),
    }
    kind = ReplyKind.STAFF_APPROVAL
    return _to_staff(kind, to, facts, f"claim:{claim.claim_id}", str(claim.version))


def ask_payment(
    claim: Claim, to: str, *, amount: Money, points: int, approved_at: datetime
) -> Reply:
    """Return the request to finance to pay an approved claim. Source: T22."""
    facts = _about(claim) | {
        "amount": money(amount),
        "points": points,
        "approved_at": instant(approved_at),
    }
    key = stamp(approved_at)
    kind = ReplyKind.STAFF_PAYOUT_DUE
    return _to_staff(kind, to, facts, f"claim:{claim.claim_id}", key)


def tell_dead_letter(
    job_id: int, to: str, *, job_kind: str, reason: str, attempts: int, at: datetime
) -> Reply:
    """Return the notice that a job was set aside. Source: lifecycle.md I3.

    Args:
        job_id: the row of the jobs table.
        to: an address of staff.
        job_kind: the stable name of the step.
        reason: the stable code of the error, never its text.
        attempts: how often it was tried.
        at: when it was set aside.
    """
    facts = {
        "job_id": str(job_id),
        "job_kind": plain(job_kind),
        "reason": plain(reason),
        "attempts": attempts,
        "at": instant(at),
    }
    kind = ReplyKind.STAFF_DEAD_LETTER
    return _to_staff(kind, to, facts, f"job:{job_id}", stamp(at))


def tell_silence(to: str, *, last_pass_at: datetime, now: datetime) -> Reply:
    """Return the notice that the mailbox was not polled. Source: lifecycle.md I4."""
    facts = {
        "last_pass_at": instant(last_pass_at),
        "silent_for": span(now - last_pass_at),
    }
    kind = ReplyKind.STAFF_MAILBOX_SILENT
    return _to_staff(kind, to, facts, "mailbox:1", stamp(last_pass_at))


def tell_alert(known: Mapping[str, str], to: str, *, at: datetime) -> Reply:
    """Return the notice of an alert.

    Args:
        known: its number as `alert`, its `code`, what it is `about`, what it `says`.
        to: an address of operators.
        at: when it was raised.
    """
    facts = {"at": instant(at)} | {
        name: plain(known[name]) for name in ("code", "about", "says")
    }
    owner = f"alert:{known['alert']}"
    return _to_staff(ReplyKind.STAFF_ALERT, to, facts, owner, stamp(at))


def digest(rows: Iterable[Waiting], to: str, *, night: str, now: datetime) -> Reply:
    """Return the daily list of claims that lack one fact, the oldest first.

    Each `night`, a date, has one. Source: lifecycle.md I5.
    """
    waiting = sorted(rows, key=lambda row: (row.since, row.claim.claim_id))
    facts = {
        "now": instant(now),
        "rows": [
            {
                **_about(row.claim),
                "missing": row.missing.value,
                "waited": span(now - row.since),
            }
            for row in waiting
        ],
    }
    return _to_staff(ReplyKind.STAFF_DIGEST, to, facts, "digest:1", night)


def _about(claim: Claim) -> dict[str, Any]:
    state: ClaimState = claim.state
    return {"claim_ref": ids(claim)["claim_ref"], "state": state.value}


def _key(at: datetime, what: str) -> str:
    return f"{stamp(at)}-{what}"


def _to_staff(
    kind: ReplyKind, to: str, facts: dict[str, Any], owner: str, cycle: str
) -> Reply:
    return Reply(
        kind=kind,
        to=to,
        dedup_key=f"{owner}:{kind}:{cycle}",
        facts=facts,
        is_automatic_reply=False,
    )
