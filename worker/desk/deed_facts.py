"""What decides which forms a claim's page has, and what their lists offer."""

from dataclasses import dataclass

from worker.bootstrap import Parts
from worker.decide.common import is_same_name
from worker.desk.words import plain
from worker.domain.claim import ASSESSED_STATES, Claim, ClaimState, ClaimType, Event
from worker.domain.deadlines import utc
from worker.domain.decisions import deciders, is_stopped, why_no_appeal
from worker.domain.documents import COMPLETING, Verdict
from worker.domain.identity import SenderTier
from worker.domain.orders import Order


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list."""

    value: str
    label: str


Choices = tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedFacts:
    """A claim as its forms need it; `events` is how many its history has."""

    events: int
    is_open: bool
    has_stopped: bool
    is_assessed: bool
    is_overdue: bool
    has_decided: bool
    may_be_appealed: bool
    has_later_mail: bool
    documents: Choices
    types: Choices
    packages: Choices
    siblings: Choices
    held: Choices


def deed_facts(parts: Parts, claim: Claim, name: str) -> DeedFacts:
    """Return the facts of a claim, for somebody by sign-in name."""
    store, now = parts.store, parts.clock.now()
    events = store.claims.events(claim.claim_id)
    was_reminded = any(one.event is Event.DOCS_REMINDER for one in events)
    due_at = claim.documents_due_at
    mails = store.claims.mails(claim.claim_id)
    known = {SenderTier.A, SenderTier.B}
    return DeedFacts(
        events=len(events),
        is_open=claim.is_open,
        has_stopped=is_stopped(events),
        is_assessed=claim.state in ASSESSED_STATES | {ClaimState.AWAITING_MEMBER},
        is_overdue=due_at is not None and utc(now) > utc(due_at) and was_reminded,
        has_decided=any(is_same_name(name, one) for one in deciders(events)),
        may_be_appealed=why_no_appeal(events, now, parts.policy) is None,
        has_later_mail=any(one.sender_tier in known for one in mails[1:]),
        documents=_documents(parts, claim),
        types=tuple(
            Choice(one.value, plain(one))
            for one in ClaimType
            if one not in {ClaimType.UNKNOWN, claim.claim_type}
        ),
        packages=_packages(parts.orders.order(claim.order_number), claim),
        siblings=tuple(
            Choice(other.ref, f"{other.ref}, {plain(other.state)}")
            for other, _ in store.claims.of_order(claim.order_number)
            if other.claim_id != claim.claim_id
            and other.is_open
            and other.state is not ClaimState.IDENTITY_HOLD
        ),
        held=tuple(
            Choice(str(one.email_id), f"{plain(one.kind)} ({plain(one.held_reason)})")
            for one in store.outbox.of_claim(claim.claim_id)
            if one.status == "held"
        ),
    )


def _documents(parts: Parts, claim: Claim) -> Choices:
    return tuple(
        Choice(row.kind.value, f"{row.kind.value}, {plain(row.verdict)}")
        for row in parts.store.claims.documents(claim.claim_id)
        if row.verdict not in COMPLETING and row.verdict is not Verdict.NOT_REQUIRED
    )


def _packages(order: Order | None, claim: Claim) -> Choices:
    if order is None:
        return ()
    return tuple(
        Choice(one.package_id, one.package_id)
        for one in order.packages
        if one.package_id != claim.package_id
    )
