"""What every decision of a person shares: who, which claim, one transaction."""

import dataclasses
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from worker.adapters.store import NewEmail, Work
from worker.bootstrap import Parts
from worker.composing import compose_decided, queue_emails
from worker.domain.claim import SYSTEM, Claim, ClaimEvent, ClaimState, Event
from worker.domain.deadlines import next_due_at
from worker.domain.decisions import is_stopped
from worker.domain.errors import (
    ClaimMoved,
    GiveUp,
    StaleClaim,
    UsageError,
    WrongUse,
)
from worker.domain.findings import Assessment
from worker.domain.lifecycle import STAFF, Role, may, next_state, states_before
from worker.domain.orders import Order
from worker.domain.reply import Reply
from worker.lookups import order_of
from worker.steps.shared import event_now, take_drafts_away, validation

_REFERENCE = re.compile(r"(?:CLM-)?0*([1-9][0-9]{0,11})", re.IGNORECASE)
"""A claim's number in any usual writing; no database holds a longer one."""
S = ClaimState
_PAID_FOR = "is already approved"
_STANDS = {
    S.IDENTITY_HOLD: "waits until its sender is proven",
    S.INTAKE: "is not assessed yet",
    S.AWAITING_DOCUMENTS: "still waits for documents",
    S.AWAITING_MEMBER: "waits for the member's answer",
    S.AWAITING_CARRIER: "waits for the carrier's answer",
    S.UNDER_REVIEW: "is under review",
    S.INELIGIBLE_PROPOSED: "failed a check that is not confirmed",
    S.DECISION_PROPOSED: "has a decision that waits for approval",
    S.APPROVED: _PAID_FOR,
    S.APPROVED_PARTIAL: _PAID_FOR,
    S.PAYOUT_PENDING: "is being paid",
    S.PAYOUT_FAILED: "could not be paid",
    S.COMPLETED_PAID: "is already paid",
    S.COMPLETED_REJECTED: "is already rejected",
    S.CLOSED_INCOMPLETE: "is closed, as documents stayed missing",
    S.WITHDRAWN: "was withdrawn by the member",
    S.MERGED: "was merged into another claim",
    S.NOT_A_CLAIM: "was closed as no claim",
    S.APPEALED: "was appealed, and nobody has taken it yet",
}
_EARLY = frozenset(
    {S.IDENTITY_HOLD, S.INTAKE, S.AWAITING_DOCUMENTS, S.UNDER_REVIEW, S.APPEALED}
)
_GO_ON = frozenset(
    {
        Event.STOPPED,
        Event.RESUMED,
        Event.WITHDRAWN,
        Event.STATUS_SENT,
        Event.FLAG_SET,
        Event.FLAG_CLEARED,
    }
)
"""What is possible on a claim that was stopped."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of ours; whoever runs a command on the machine has every role."""

    name: str
    roles: frozenset[Role] = STAFF
    along: Callable[[Work], None] | None = None
    """Writes what ends with the decision, in its transaction: all of it, or nothing."""


By = Staff | str


@dataclass(frozen=True, slots=True)
class SentByHand:
    """An e-mail that a person sent from their own mail program.

    `at` is when the server took it, which answers the running clock (C10); `email` is
    its row in the outbox, `data` what the events say of where it was found.
    """

    at: datetime
    email: NewEmail
    data: dict[str, str]


def name_of(by: By) -> str:
    """Return who decides, without spaces around.

    Raises:
        WrongUse: nobody is named, or the name is the system's.
    """
    name = need(by.name if isinstance(by, Staff) else by, "--by")
    if is_same_name(name, SYSTEM):
        raise WrongUse(f"--by {name} is no person")
    return name


def is_same_name(one: str, other: str) -> bool:
    """Return whether two names are one person's, however they are typed."""
    return one.strip().casefold() == other.strip().casefold()


def is_possible(
    claim: Claim, event: Event, roles: frozenset[Role], *, has_stopped: bool
) -> bool:
    """Return whether who has these roles could let an event happen to a claim now.

    What else an event asks for is checked where it is made.
    """
    ways = states_before(event)
    is_way = not ways or claim.state in ways
    return is_way and may(roles, event) and (event in _GO_ON or not has_stopped)


def check_role(by: By, event: Event) -> None:
    """Make sure that somebody may let an event happen.

    Raises:
        UsageError: the role is missing.
    """
    who = by if isinstance(by, Staff) else Staff(by)
    if not may(who.roles, event):
        what = event.replace(".", " ").replace("_", " ")
        raise UsageError(f"{who.name} has not the role for this: {what}")


@dataclass(frozen=True, slots=True)
class Act:
    """One event that a person lets happen; `data` holds ids and codes only."""

    event: Event
    reason: str = ""
    clauses: tuple[str, ...] = ()
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What a decision did: the claim afterwards and the e-mail it released.

    `email_status` is "" where no e-mail belongs to it; `is_assessed_again` where the
    state may still move by what is assessed next.
    """

    claim: Claim
    email_status: str = ""
    is_assessed_again: bool = False


def find_claim(parts: Parts, reference: str) -> Claim:
    """Return a claim by its number in any usual writing: CLM-000012, clm-12, 12.

    Raises:
        UsageError: there is no such claim.
    """
    found = _REFERENCE.fullmatch(reference.strip())
    claim = None if found is None else parts.store.claims.get(int(found[1]))
    if claim is None:
        raise UsageError(f"there is no claim {reference}: see `claims list`")
    return claim


def known(parts: Parts, claim: Claim) -> tuple[Order, Assessment]:
    """Return the order of a claim and what was worked out about it.

    Raises:
        UsageError: it is not assessed yet.
    """
    assessment = parts.store.claims.latest_assessment(claim.claim_id)
    if assessment is None:
        raise UsageError(f"{claim.ref} is not assessed yet: try again in a moment")
    return order_of(parts.orders, claim), assessment


def allow(claim: Claim, event: Event, done: str) -> None:
    """Make sure that an event is possible in the claim's state.

    Raises:
        UsageError: it is not; the text says why, in plain words.
    """
    if claim.state in states_before(event):
        return
    stands = _STANDS[claim.state]
    end = " yet" if claim.state in _EARLY else ""
    if stands == f"is already {done}":
        end = " again"
    raise UsageError(f"{claim.ref} {stands}; it cannot be {done}{end}")


def need(text: str, option: str) -> str:
    """Return a text that must not be empty.

    Raises:
        WrongUse: it is.
    """
    if not text.strip():
        raise WrongUse(f"{option} must say something")
    return text.strip()


def thread(parts: Parts, claim: Claim) -> tuple[str, ...]:
    """Return the Message-IDs of the claim's mails, oldest first."""
    mails = parts.store.claims.mails(claim.claim_id)
    return tuple(mail.message_id for mail in mails if mail.message_id)


def written(claim: Claim, write: Callable[[], Reply]) -> Reply:
    """Return an e-mail to the member.

    Raises:
        UsageError: the member has no address on file.
    """
    try:
        return write()
    except GiveUp:
        raise UsageError(
            f"the member of {claim.ref} has no address on file: import the order again"
        ) from None


def carry_out(
    parts: Parts,
    claim: Claim,
    acts: Iterable[Act],
    *,
    by: By,
    replies: tuple[Reply, ...] = (),
    assess: str = "",
    also: Callable[[Work, Claim], None] | None = None,
    **changes: object,
) -> Done:
    """Let events happen to a claim, in one transaction with what follows from them.

    Args:
        parts: the parts of the program.
        claim: as it was read; a change in between refuses everything.
        acts: the events, in order; the table leads from state to state.
        by: who decides; must have the role that the table asks for.
        replies: the e-mails that go out.
        assess: why the claim is assessed anew afterwards, a word; "" is not at all.
        also: writes what else belongs to it, given the claim as it was saved.
        changes: fields of the claim besides its state.

    Raises:
        ClaimMoved: the claim changed meanwhile.
        UsageError: it is stopped, or the role is missing.
        IllegalTransition: the table has no such way.
    """
    name = name_of(by)
    acts = tuple(acts)
    _check(parts, claim, by, acts)
    emails = [compose_decided(parts, one) for one in replies]
    states = [claim.state]
    for act in acts:
        states.append(next_state(states[-1], act.event))
    after = dataclasses.replace(claim, state=states[-1], **changes)  # type: ignore[arg-type]
    due_at = next_due_at(after, parts.policy, parts.clock.now())
    after = dataclasses.replace(after, next_due_at=due_at)
    try:
        with parts.store.transaction() as work:
            saved = work.save_claim(claim, after)
            for act, before, state in zip(acts, states, states[1:], strict=False):
                event = _event(work, act, before, state, name)
                work.append_event(claim.claim_id, event)
            take_drafts_away(parts, work, claim.claim_id)
            queue_emails(work, emails)
            if assess:
                cause = f"{assess}:{saved.version}"
                work.add_jobs(validation(claim.claim_id, cause))
            if also is not None:
                also(work, saved)
            if isinstance(by, Staff) and by.along is not None:
                by.along(work)
    except StaleClaim:
        raise ClaimMoved(
            f"{claim.ref} has changed meanwhile: look at it again and decide then"
        ) from None
    return Done(saved, emails[0].status if emails else "", bool(assess))


def _check(parts: Parts, claim: Claim, by: By, acts: tuple[Act, ...]) -> None:
    for act in acts:
        check_role(by, act.event)
    if all(act.event in _GO_ON for act in acts):
        return
    if is_stopped(parts.store.claims.events(claim.claim_id)):
        raise UsageError(f"{claim.ref} is stopped: `claims resume {claim.ref}` first")


def _event(
    work: Work, act: Act, before: ClaimState, after: ClaimState, name: str
) -> ClaimEvent:
    made = event_now(
        work,
        act.event,
        before,
        after,
        clauses=act.clauses,
        actor=name,
        reason=act.reason,
    )
    return dataclasses.replace(made, data=act.data or None)
