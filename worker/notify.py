"""Arrow 3: what software worked out becomes the replies that we owe.

Pure: facts in, `Reply` out. Which answer goes out is decided in `replies/answers.py`
(a mail came), `replies/due.py` (a deadline came) and `replies/decisions.py` (a person
decided); whatever a member may be told goes through the table in `replies/may_say.py`.
Here is what holds for all of them: when an answer is held back for a person, and what
the end of an attempt to send it means.
"""

from dataclasses import dataclass
from datetime import datetime

from worker.domain.reply import HELD_WHEN_UNCERTAIN, MailCause, Reply, ReplyKind
from worker.ports import Delivery
from worker.replies.answers import answer_assessed, answer_held, answer_unmatched
from worker.replies.closings import (
    PaymentProblem,
    Reopening,
    answer_reopened,
    clock_of_appeal,
    close_incomplete,
    merge,
    payment_failed,
    reopen,
    withdraw,
)
from worker.replies.decisions import Decision, decide, draft
from worker.replies.due import StaffNote, remind, respond
from worker.replies.may_say import WHAT_WE_MAY_SAY, Topic
from worker.replies.recipients import Identity

__all__ = [
    "BREAKER",
    "TO_STRANGERS",
    "WHAT_WE_MAY_SAY",
    "Budgets",
    "Decision",
    "End",
    "Identity",
    "MailCause",
    "PaymentProblem",
    "Reopening",
    "StaffNote",
    "Topic",
    "answer_assessed",
    "answer_held",
    "answer_reopened",
    "answer_unmatched",
    "clock_of_appeal",
    "close_incomplete",
    "decide",
    "draft",
    "end_of",
    "is_before_go_live",
    "merge",
    "payment_failed",
    "remind",
    "reopen",
    "respond",
    "spent_budget",
    "withdraw",
]

TO_STRANGERS = (
    ReplyKind.CANNOT_MATCH,
    ReplyKind.CONFIRM_IDENTITY,
    ReplyKind.IDENTITY_NOTICE,
)
"""What goes out on the word of somebody who is not proven to be the member."""
BREAKER = "breaker"
"""Why everything automatic is held after too much of it in an hour."""
CLAIM_BUDGET = 12
"""Automatic mails about one claim in 24 h; more is a loop, not a member."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """What was queued lately, and how much of it is allowed.

    To one address and about one claim in 24 h, to everybody in an hour. The breaker
    opens when that is too much, and stays open while it holds anything that no person
    has looked at. Workers count beside each other, so each may go over by one.
    """

    to_address: int
    most_to_address: int
    about_claim: int
    is_breaker_open: bool
    most_about_claim: int = CLAIM_BUDGET


def is_before_go_live(
    received_at: datetime | None, go_live_at: datetime | None
) -> bool:
    """Return whether a mail is stored and never answered by itself (S4)."""
    return (
        go_live_at is not None and received_at is not None and received_at < go_live_at
    )


def spent_budget(reply: Reply, budgets: Budgets) -> str:
    """Return which budget holds an automatic answer, or "" when it may go out.

    The response owed within seven days passes an open breaker: there is one for each
    claim and clock. Source: DESIGN promise 4 and section 4; reliability.md 3.3.
    """
    if reply.kind in TO_STRANGERS and budgets.to_address >= budgets.most_to_address:
        return "budget_of_address"
    if budgets.about_claim >= budgets.most_about_claim:
        return "budget_of_claim"
    if budgets.is_breaker_open and reply.kind is not ReplyKind.RESPONSE:
        return BREAKER
    return ""


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of an outbox row after an attempt.

    `is_over` ends the job; otherwise it is tried again with the same bytes.
    """

    status: str
    is_over: bool
    held_reason: str = ""
    was_uncertain: bool = False
    alert: str | None = None


def end_of(kind: ReplyKind, delivery: Delivery) -> End:
    """Return what the end of an attempt means for an e-mail of this kind.

    Silence after the final dot may be a delivery: acknowledgements are sent again
    with the same Message-ID, decisions and payment notices wait for a person.

    Source: DESIGN promise 3; reliability.md section 3.1.
    """
    match delivery:
        case Delivery.ACCEPTED:
            return End("sent", is_over=True)
        case Delivery.REFUSED:
            return End("refused", is_over=True, alert="email_refused")
        case Delivery.UNCERTAIN if kind in HELD_WHEN_UNCERTAIN:
            return End(
                "held",
                is_over=True,
                held_reason="uncertain",
                was_uncertain=True,
                alert="email_uncertain",
            )
        case Delivery.UNCERTAIN:
            return End("queued", is_over=False, was_uncertain=True)
        case Delivery.BLOCKED:
            return End("queued", is_over=False, alert="smtp_blocked")
        case Delivery.DEFERRED:
            return End("queued", is_over=False)
