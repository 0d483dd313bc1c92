"""What a clock makes due: the reminder, and the response within seven days."""

from dataclasses import dataclass
from datetime import datetime

from worker.domain.claim import Claim, ClaimState
from worker.domain.findings import Assessment
from worker.domain.identity import SenderTier
from worker.domain.orders import Order
from worker.domain.reply import Reply, ReplyKind
from worker.replies.facts import (
    checks,
    claim_facts,
    clock_facts,
    destination_zone,
    document_facts,
    paragraphs,
    waits_for,
)
from worker.replies.may_say import ON_FILE
from worker.replies.recipients import about_claim, need_address, stamp
from worker.replies.values import instant


@dataclass(frozen=True, slots=True)
class StaffNote:
    """What staff add to a response, an empty line between paragraphs.

    With `due_at` it is a request, which the member is asked to answer until then.
    """

    text: str
    due_at: datetime | None = None


def remind(
    claim: Claim,
    assessment: Assessment,
    order: Order,
    *,
    now: datetime,
    thread: tuple[str, ...] = (),
) -> Reply:
    """Return the one reminder of a claim that waits for its member.

    It says no more than a receipt does, so it needs no proof of the sender. Safe to
    run twice: one e-mail for each time that documents were asked for.

    Args:
        claim: awaiting documents or the member's answer.
        assessment: what is there and what is not.
        order: the order with its member.
        now: a due date that has passed is not named.
        thread: Message-IDs of the member's mails, oldest first.

    Raises:
        GiveUp: `no_address_on_file`.

    Source: lifecycle.md T11, E4r; clause C8, switch documents_due.
    """
    facts = claim_facts(claim, order, ON_FILE) | document_facts(claim, assessment)
    facts |= clock_facts(claim, assessment, order, ON_FILE, now)
    facts["waits_for_answer"] = claim.state is ClaimState.AWAITING_MEMBER
    return about_claim(
        ReplyKind.DOCUMENTS_REMINDER,
        need_address(claim, order.member),
        claim,
        order,
        facts,
        cycle=stamp(claim.documents_asked_at),
        thread=thread,
    )


def respond(  # noqa: PLR0913 - one argument per thing that the answer says
    claim: Claim,
    assessment: Assessment,
    order: Order,
    now: datetime,
    next_at: datetime,
    *,
    tier: SenderTier = SenderTier.B,
    thread: tuple[str, ...] = (),
    note: StaffNote | None = None,
) -> Reply:
    """Return the claim-specific response that keeps the seven days.

    It names what was found, what is open, who does what, and the next date. Safe to
    run twice: one e-mail for each `respond_by`, or for each version of the claim at
    which a person sends it.

    Args:
        claim: with its running clock.
        assessment: the checks and documents as they stand.
        order: the order with its member.
        now: the instant that the findings are as of.
        next_at: when we write again at the latest; the claim's next clock.
        tier: the best proof that any mail of the claim gave of its sender.
        thread: Message-IDs of the member's mails, oldest first.
        note: what a person has to add, where a person sends it.

    Raises:
        GiveUp: `no_address_on_file`.

    Source: clause C10, lifecycle.md T16, T18, E6.
    """
    zone = destination_zone(claim, order, tier)
    documents = document_facts(claim, assessment)
    facts = claim_facts(claim, order, tier) | documents
    facts |= {
        "as_of": instant(now, zone),
        "next_at": instant(next_at, zone),
        "due": clock_facts(claim, assessment, order, tier, now)["due"],
        "checks": checks(claim, assessment, order, tier),
        "waits_for": waits_for(claim, documents, tier),
        "request": paragraphs(note.text) if note else [],
        "answer_by": instant(note.due_at, zone) if note and note.due_at else None,
    }
    return about_claim(
        ReplyKind.RESPONSE,
        need_address(claim, order.member),
        claim,
        order,
        facts,
        cycle=f"version-{claim.version}" if note else stamp(claim.respond_by),
        thread=thread,
    )
