"""Answers to a mail that was just understood."""

from datetime import datetime

from worker.domain.claim import ASSESSED_STATES, Claim, ClaimState
from worker.domain.documents import is_complete
from worker.domain.findings import Assessment
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate
from worker.domain.orders import Member, Order
from worker.domain.policy import Policy
from worker.domain.reply import MailCause, Reply, ReplyKind
from worker.replies.facts import (
    claim_facts,
    clock_facts,
    destination_zone,
    document_facts,
    ids,
    questions,
)
from worker.replies.may_say import ON_FILE, WHAT_WE_MAY_SAY, Topic
from worker.replies.recipients import (
    Identity,
    about_claim,
    address_on_file,
    locale,
    mail_key,
    stamp,
    to_sender,
)
from worker.replies.values import instant

_DEFAULTS = Policy()


def answer_unmatched(
    fate: Fate,
    cause: MailCause,
    *,
    names_member: bool,
    names_order: bool,
    own: Identity,
) -> tuple[Reply, ...]:
    """Return the answer to a mail that could not be matched: one or none.

    A stranger who names a member and an order hears the same as one whose claim is
    held, so that nobody learns which ids exist. Everybody else hears which part is
    missing from what they wrote.

    Args:
        fate: anything but CANNOT_MATCH is not answered here.
        cause: the mail.
        names_member: whether the mail has a text of the form of a member id.
        names_order: whether it has one of the form of an order number.
        own: our address, and example ids.

    Source: lifecycle.md E2, E3; DESIGN section 4 (Sender).
    """
    sender = cause.sender
    if fate is not Fate.CANNOT_MATCH or not _may_answer(cause):
        return ()
    if sender.address == own.address.lower():
        return ()
    if sender.tier is SenderTier.C and names_member and names_order:
        return (_confirm_identity(cause),)
    missing = {
        (False, False): "both",
        (False, True): "member_id",
        (True, False): "order_number",
        (True, True): "pair",
    }[names_member, names_order]
    facts = {
        "missing": missing,
        "received_at": instant(cause.received_at, is_exact=True),
        "example": f"{own.example_member_id}+{own.example_order_number}+Claim",
    }
    return (to_sender(ReplyKind.CANNOT_MATCH, cause, facts),)


def answer_held(claim: Claim, cause: MailCause, member: Member) -> tuple[Reply, ...]:
    """Return what goes out when somebody not proven wrote about a claim.

    The sender is asked to write from the registered address, if they may be answered
    at all; the member's primary address hears of it unless it is the very address
    that the mail claims to come from.

    Source: lifecycle.md T5, E3; DESIGN section 4 (Sender).
    """
    replies = []
    if _may_answer(cause):
        replies.append(_confirm_identity(cause, claim))
    primary = member.addresses[0] if member.addresses else None
    if primary is not None and primary != cause.sender.address:
        facts = ids(claim) | {"received_at": instant(cause.received_at, is_exact=True)}
        replies.append(
            Reply(
                kind=ReplyKind.IDENTITY_NOTICE,
                to=primary,
                dedup_key=mail_key(cause, ReplyKind.IDENTITY_NOTICE, primary),
                facts=facts,
                locale=locale(member),
                claim_id=claim.claim_id,
                mail_id=cause.mail_id,
                is_automatic_reply=False,
            )
        )
    return tuple(replies)


def answer_assessed(  # noqa: PLR0913 - one argument per thing that decides the answer
    claim_before: Claim,
    claim: Claim,
    assessment: Assessment,
    order: Order,
    cause: MailCause | None,
    *,
    is_first: bool,
    brought_documents: bool,
    now: datetime,
) -> tuple[Reply, ...]:
    """Return the answer to a mail whose claim was just assessed: one or none.

    The first mail is answered with `received`; a later one with `documents_complete`
    or `documents_missing` if it brought documents, else not. Once a person has taken
    over, nothing goes out by itself. Without a mail (a release or a waiver by staff)
    the member hears that the claim is there, or that the set became complete.

    Source: DESIGN section 5 (one automatic mail per incoming mail), lifecycle.md E1,
    E4, E5.
    """
    tier = ON_FILE if cause is None else cause.sender.tier
    to = address_on_file(claim, order.member)
    if to is None or Topic.RECEIPT not in WHAT_WE_MAY_SAY[tier]:
        return ()
    if cause is not None and not cause.may_be_answered:
        return ()
    if not _is_machines_turn(claim_before, claim):
        return ()
    has_all = is_complete(assessment.claim_type, assessment.documents)
    became_complete = has_all and claim_before.docs_complete_at is None
    if is_first:
        kind, cycle = ReplyKind.RECEIVED, "1"
    elif cause is None and became_complete:
        kind, cycle = ReplyKind.DOCUMENTS_COMPLETE, stamp(claim.docs_complete_at)
    elif cause is None or not brought_documents:
        return ()
    else:
        cycle = f"mail-{cause.mail_id}"
        kind = ReplyKind.DOCUMENTS_COMPLETE if has_all else ReplyKind.DOCUMENTS_MISSING
    facts = claim_facts(claim, order, tier) | document_facts(claim, assessment)
    facts |= clock_facts(claim, assessment, order, tier, now)
    if kind is ReplyKind.RECEIVED:
        facts["received_at"] = instant(
            claim.received_at, destination_zone(claim, order, tier), is_exact=True
        )
        facts["questions"] = questions(claim, assessment, tier)
    reply = about_claim(kind, to, claim, order, facts, cycle=cycle, cause=cause)
    return (reply,)


def _may_answer(cause: MailCause) -> bool:
    sender = cause.sender
    is_open = cause.may_be_answered and sender.may_be_answered
    return is_open and sender.address is not None


def _is_machines_turn(claim_before: Claim, claim: Claim) -> bool:
    before = ASSESSED_STATES | {ClaimState.IDENTITY_HOLD}
    return claim_before.state in before and claim.state in ASSESSED_STATES


def _confirm_identity(cause: MailCause, claim: Claim | None = None) -> Reply:
    """Return the same words for a claim that exists and for one that does not."""
    return to_sender(ReplyKind.CONFIRM_IDENTITY, cause, {}, claim)
