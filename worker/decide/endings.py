"""How a claim ends without a ruling, comes back, joins another, or is stopped."""

from dataclasses import replace

from worker import notify
from worker.adapters.store import Work
from worker.bootstrap import Parts
from worker.decide.common import (
    Act,
    By,
    Done,
    allow,
    carry_out,
    check_role,
    is_same_name,
    known,
    name_of,
    need,
    thread,
    written,
)
from worker.domain.claim import Claim, ClaimState, Event
from worker.domain.clauses import ClauseId
from worker.domain.deadlines import utc
from worker.domain.decisions import (
    decided_at,
    deciders,
    is_stopped,
    why_no_appeal,
)
from worker.domain.errors import UsageError
from worker.domain.identity import SenderTier
from worker.domain.reply import Reply
from worker.lookups import order_of
from worker.notify import Reopening
from worker.steps.shared import event_now, validation

STOPPED = "stopped"
"""The flag of a claim that a lead has stopped."""


def close(parts: Parts, claim: Claim, *, by: By, reason: str = "") -> Done:
    """Close a claim whose documents never came (T12), and say how to reopen it.

    Raises:
        UsageError: the due date has not passed, no reminder was sent, or a mail of the
            claim waits to be read.
    """
    allow(claim, Event.DOCS_EXPIRED, "closed as incomplete")
    now, due_at = parts.clock.now(), claim.documents_due_at
    events = parts.store.claims.events(claim.claim_id)
    if due_at is None or utc(now) <= utc(due_at):
        until = "" if due_at is None else f": {utc(due_at):%Y-%m-%d %H:%M} UTC"
        raise UsageError(f"the documents of {claim.ref} are not overdue yet{until}")
    if not any(one.event is Event.DOCS_REMINDER for one in events):
        raise UsageError(f"{claim.ref} was not reminded yet; that comes by itself")
    if parts.store.mails.unsettled() or parts.store.jobs.mails_to_validate(
        claim.claim_id
    ):
        raise UsageError("mails wait to be read: close it when they are")
    order, assessment = known(parts, claim)
    reply = written(
        claim,
        lambda: notify.close_incomplete(
            claim,
            assessment,
            order,
            closed_at=now,
            reopen_until=now + parts.policy.reopen_window,
            thread=thread(parts, claim),
        ),
    )
    act = Act(Event.DOCS_EXPIRED, reason, (ClauseId("C8"), ClauseId("C13")))
    return carry_out(parts, claim, (act,), by=by, replies=(reply,))


def withdraw(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Close a claim that its member took back (T25).

    Raises:
        UsageError: no mail after the first came from an address on file, or the claim
            is decided or over.
    """
    allow(claim, Event.WITHDRAWN, "withdrawn")
    known_tiers = {SenderTier.A, SenderTier.B}
    mails = parts.store.claims.mails(claim.claim_id)[1:]
    proven = [mail for mail in mails if mail.sender_tier in known_tiers]
    if not proven:
        raise UsageError(f"no later mail of the member is in {claim.ref}")
    order = order_of(parts.orders, claim)
    last = proven[-1]
    reply = written(
        claim,
        lambda: notify.withdraw(claim, order, None, asked_at=last.received_at),
    )
    act = Act(Event.WITHDRAWN, need(reason, "--reason"), (ClauseId("C13"),))
    return carry_out(parts, claim, (act,), by=by, replies=(reply,))


def appeal(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Reopen a decided claim on the member's appeal (T27); a new clock begins.

    It counts as filed when the member's first mail after the decision came.

    Raises:
        UsageError: it was appealed before, paid in full, or the window is over.
    """
    allow(claim, Event.APPEAL_FILED, "appealed")
    events = parts.store.claims.events(claim.claim_id)
    mails = parts.store.claims.mails(claim.claim_id)
    since = decided_at(events)
    later = [m.received_at for m in mails if since and m.received_at > since]
    filed_at = min(later, default=parts.clock.now())
    no = why_no_appeal(events, filed_at, parts.policy)
    if no is not None:
        raise UsageError(f"{claim.ref} cannot be appealed: {no}")
    order, assessment = known(parts, claim)
    data = {"filed_at": filed_at.isoformat()}
    act = Act(Event.APPEAL_FILED, need(reason, "--reason"), data=data)
    clock = notify.clock_of_appeal(claim, filed_at, parts.policy)
    reply = written(
        claim,
        lambda: notify.reopen(
            clock,
            assessment,
            order,
            None,
            why=Reopening.APPEAL,
            reopened_at=filed_at,
        ),
    )
    return carry_out(
        parts,
        claim,
        (act,),
        by=by,
        replies=(reply,),
        docs_complete_at=clock.docs_complete_at,
        respond_by=clock.respond_by,
        promised_at=None,
    )


def take_appeal(parts: Parts, claim: Claim, *, by: By) -> Done:
    """Begin the review of an appeal (T27), by somebody who did not decide before.

    Raises:
        UsageError: nobody appealed, or the same person decided before.
    """
    allow(claim, Event.APPEAL_TAKEN, "taken")
    name = name_of(by)
    earlier = deciders(parts.store.claims.events(claim.claim_id))
    if any(is_same_name(name, one) for one in earlier):
        raise UsageError(f"{name} decided it before: another reviewer takes an appeal")
    act = Act(Event.APPEAL_TAKEN)
    return carry_out(parts, claim, (act,), by=by, assess="appeal")


def merge(parts: Parts, claim: Claim, into: Claim, *, by: By) -> Done:
    """Let one claim take over the mails and documents of another (T8).

    Raises:
        UsageError: they are not of one order, or the other one is over.
    """
    check_merge(parts, claim, into, by=by)
    order = order_of(parts.orders, claim)
    replies: tuple[Reply, ...] = ()
    if claim.state is not ClaimState.IDENTITY_HOLD:
        reply = written(claim, lambda: notify.merge(into, claim.ref, order, None))
        replies = (reply,)
    name = name_of(by)

    def take_over(work: Work, _: Claim) -> None:
        kept = work.lock_claim(into.claim_id)
        if kept is None or not kept.is_open:
            raise UsageError(f"{into.ref} has changed meanwhile: look at it again")
        first_at = min(kept.received_at, claim.received_at)
        work.save_claim(kept, replace(kept, received_at=first_at))
        work.share_mails(claim.claim_id, into.claim_id, by=name)
        event = event_now(work, Event.TOOK_OVER, kept.state, kept.state, actor=name)
        work.append_event(into.claim_id, event)
        work.add_jobs(validation(into.claim_id, f"merged:{claim.claim_id}"))

    return carry_out(
        parts,
        claim,
        (Act(Event.MERGED, data={"into": into.ref}),),
        by=by,
        replies=replies,
        also=take_over,
        merged_into=into.claim_id,
    )


def check_merge(parts: Parts, claim: Claim, into: Claim, *, by: By) -> None:
    """Make sure that `merge` is possible as the claims stand; nothing happens.

    Raises:
        UsageError: it is not.
    """
    check_role(by, Event.MERGED)
    allow(claim, Event.MERGED, "merged")
    if is_stopped(parts.store.claims.events(claim.claim_id)):
        raise UsageError(f"{claim.ref} is stopped: `claims resume {claim.ref}` first")
    if claim.claim_id == into.claim_id:
        raise UsageError("a claim cannot be merged into itself")
    if claim.order_number != into.order_number:
        raise UsageError(f"{claim.ref} and {into.ref} are about different orders")
    if not into.is_open or into.state is ClaimState.IDENTITY_HOLD:
        raise UsageError(f"{into.ref} is not open: nothing can be merged into it")


def stop(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Stop a claim: nobody decides or pays it, and its clock runs on (T28).

    Raises:
        UsageError: it is over, or stopped already.
    """
    if not claim.is_open:
        raise UsageError(f"{claim.ref} is over: there is nothing to stop")
    if is_stopped(parts.store.claims.events(claim.claim_id)):
        raise UsageError(f"{claim.ref} is stopped already")
    act = Act(Event.STOPPED, need(reason, "--reason"))
    flags = tuple(dict.fromkeys([*claim.flags, STOPPED]))
    return carry_out(parts, claim, (act,), by=by, flags=flags)


def resume(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Let a stopped claim go on (T28).

    Raises:
        UsageError: it is not stopped.
    """
    if not is_stopped(parts.store.claims.events(claim.claim_id)):
        raise UsageError(f"{claim.ref} is not stopped")
    act = Act(Event.RESUMED, need(reason, "--reason"))
    flags = tuple(flag for flag in claim.flags if flag != STOPPED)
    return carry_out(parts, claim, (act,), by=by, flags=flags, assess="resumed")
