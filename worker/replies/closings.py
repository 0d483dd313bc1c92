"""How a claim ends without a decision, comes back, or cannot be paid."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from worker.domain.claim import Claim
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.deadlines import respond_by
from worker.domain.documents import Verdict
from worker.domain.findings import Assessment
from worker.domain.orders import Order
from worker.domain.policy import Policy
from worker.domain.reply import MailCause, Reply, ReplyKind
from worker.replies.facts import claim_facts, clock_facts, document_facts, plain
from worker.replies.may_say import ON_FILE
from worker.replies.recipients import about_claim, address_on_file, need_address, stamp
from worker.replies.values import instant


class PaymentProblem(StrEnum):
    """Why a payment did not arrive, as far as the member can mend it."""

    DETAILS_MISSING = "details_missing"
    REFUSED = "refused"
    NAME_DIFFERS = "name_differs"
    OTHER = "other"


class Reopening(StrEnum):
    """What brought a finished claim back."""

    REPLY = "reply"
    """The member answered after it was closed as incomplete (T26)."""
    APPEAL = "appeal"
    """The member appealed against the decision (T27)."""


def close_incomplete(
    claim: Claim,
    assessment: Assessment,
    order: Order,
    *,
    closed_at: datetime,
    reopen_until: datetime,
    thread: tuple[str, ...] = (),
) -> Reply:
    """Return the notice that a claim is closed because documents never came.

    Args:
        claim: that is closed.
        assessment: what is there and what is not.
        order: the order with its member.
        closed_at: when it was closed.
        reopen_until: how long a reply opens it again; switch reopen_window.
        thread: Message-IDs of the member's mails, oldest first.

    Raises:
        GiveUp: `no_address_on_file`.

    Source: lifecycle.md T12, E10; clauses C8, C13.
    """
    facts = claim_facts(claim, order, ON_FILE) | document_facts(claim, assessment)
    # Nobody looks again at a file of a claim that is closed.
    received = {"verdict": Verdict.SATISFIED.value}
    facts["documents"] = [
        row | received if row["verdict"] == Verdict.PROVISIONAL else row
        for row in facts["documents"]
    ]
    facts["reopen_until"] = instant(reopen_until)
    kind, cycle = ReplyKind.CLOSED_INCOMPLETE, stamp(closed_at)
    return _about(kind, claim, order, facts, cycle=cycle, thread=thread)


def withdraw(
    claim: Claim,
    order: Order,
    cause: MailCause | None,
    *,
    asked_at: datetime,
) -> Reply:
    """Return the confirmation that the member took the claim back.

    Raises:
        GiveUp: `no_address_on_file`.

    Source: lifecycle.md T25, E11; clauses C11, C12, C13.
    """
    facts = claim_facts(claim, order, ON_FILE) | {
        "asked_at": instant(asked_at, is_exact=True),
        "terms": [
            {"id": CLAUSES[c].clause_id, "text": CLAUSES[c].text}
            for c in (ClauseId("C11"), ClauseId("C12"))
        ],
    }
    kind, cycle = ReplyKind.WITHDRAWN, stamp(asked_at)
    return _about(kind, claim, order, facts, cycle=cycle, cause=cause)


def reopen(
    claim: Claim,
    assessment: Assessment,
    order: Order,
    cause: MailCause | None,
    *,
    why: Reopening,
    reopened_at: datetime,
) -> Reply:
    """Return the notice that a finished claim is open again.

    Raises:
        GiveUp: `no_address_on_file`.

    Source: lifecycle.md T26, T27, E12.
    """
    facts = claim_facts(claim, order, ON_FILE) | document_facts(claim, assessment)
    facts |= clock_facts(claim, assessment, order, ON_FILE, reopened_at)
    facts |= {"why": why.value, "reopened_at": instant(reopened_at, is_exact=True)}
    kind, cycle = ReplyKind.REOPENED, stamp(reopened_at)
    return _about(kind, claim, order, facts, cycle=cycle, cause=cause)


def answer_reopened(
    claim: Claim,
    assessment: Assessment,
    order: Order,
    cause: MailCause | None,
    *,
    reopened_at: datetime,
) -> tuple[Reply, ...]:
    """Return the answer to the mail that opened a closed claim again: one or none.

    Source: lifecycle.md T26, E12.
    """
    to = address_on_file(claim, order.member)
    if to is None or (cause is not None and not cause.may_be_answered):
        return ()
    why = Reopening.REPLY
    reply = reopen(claim, assessment, order, cause, why=why, reopened_at=reopened_at)
    return (reply,)


def clock_of_appeal(claim: Claim, filed_at: datetime, policy: Policy) -> Claim:
    """Return the claim with the clock that its appeal begins.

    There is none while the set is incomplete.

    Source: lifecycle.md T27 (appealed: new clock); clause C10.
    """
    if claim.docs_complete_at is None:
        return claim
    due_at = respond_by(filed_at, policy)
    return replace(
        claim, docs_complete_at=filed_at, respond_by=due_at, promised_at=None
    )


def payment_failed(
    claim: Claim,
    order: Order,
    *,
    problem: PaymentProblem,
    failed_at: datetime,
    thread: tuple[str, ...] = (),
) -> Reply:
    """Return what the member must do so that an approved amount can be paid.

    Raises:
        GiveUp: `no_address_on_file`.

    Source: lifecycle.md T23, E13.
    """
    facts = claim_facts(claim, order, ON_FILE) | {"problem": problem.value}
    kind, cycle = ReplyKind.PAYMENT_PROBLEM, stamp(failed_at)
    return _about(kind, claim, order, facts, cycle=cycle, thread=thread)


def merge(kept: Claim, merged_ref: str, order: Order, cause: MailCause | None) -> Reply:
    """Return which claim holds the documents now; once for each merged claim.

    Raises:
        GiveUp: `no_address_on_file`.

    Source: lifecycle.md T8, E14.
    """
    facts = claim_facts(kept, order, ON_FILE) | {"merged_ref": plain(merged_ref)}
    kind = ReplyKind.MERGED
    return _about(kind, kept, order, facts, cycle=facts["merged_ref"], cause=cause)


def _about(
    kind: ReplyKind,
    claim: Claim,
    order: Order,
    facts: dict[str, Any],
    *,
    cycle: str,
    cause: MailCause | None = None,
    thread: tuple[str, ...] = (),
) -> Reply:
    to = need_address(claim, order.member)
    return about_claim(
        kind, to, claim, order, facts, cycle=cycle, cause=cause, thread=thread
    )
