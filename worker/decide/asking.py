"""What a reviewer asks and settles before a decision: members, carriers, facts."""

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
    known,
    name_of,
    need,
    thread,
    written,
)
from worker.domain.claim import ASSESSED_STATES, Claim, ClaimState, ClaimType, Event
from worker.domain.documents import DocumentKind
from worker.domain.errors import UsageError
from worker.domain.identity import SenderTier
from worker.domain.reply import Reply
from worker.lookups import order_of


def ask(parts: Parts, claim: Claim, *, text: str, by: By) -> Done:
    """Ask the member for something specific (T16); it answers the running clock.

    The member's answer starts the seven days again (EX-51).

    Raises:
        UsageError: the claim is not under review, or nothing is asked.
    """
    reply = request(parts, claim, need(text, "--text"))
    now = parts.clock.now()
    return carry_out(
        parts,
        claim,
        (Act(Event.INFO_REQUESTED, text),),
        by=by,
        replies=(reply,),
        documents_asked_at=now,
        documents_due_at=now + parts.policy.documents_due,
    )


def request(parts: Parts, claim: Claim, text: str) -> Reply:
    """Return what `ask` sends.

    Raises:
        UsageError: the claim is not under review.
    """
    allow(claim, Event.INFO_REQUESTED, "asked about")
    due_at = parts.clock.now() + parts.policy.documents_due
    asked = replace(claim, state=ClaimState.AWAITING_MEMBER)
    return _response(parts, asked, notify.StaffNote(text, due_at))


def respond(parts: Parts, claim: Claim, *, by: By, text: str = "") -> Done:
    """Tell the member where the claim stands (T18); it answers the running clock.

    Raises:
        UsageError: no clock runs.
    """
    reply = status(parts, claim, text)
    act = Act(Event.STATUS_SENT, text)
    return carry_out(parts, claim, (act,), by=by, replies=(reply,), assess="answered")


def status(parts: Parts, claim: Claim, text: str) -> Reply:
    """Return what `respond` sends.

    Raises:
        UsageError: no clock runs.
    """
    if claim.respond_by is None or not claim.is_open:
        raise UsageError(f"{claim.ref} owes no response: its seven days do not run")
    return _response(parts, claim, notify.StaffNote(text))


def ask_carrier(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Record that the carrier was asked; the clock runs on (T17)."""
    allow(claim, Event.CARRIER_ASKED, "put to the carrier")
    act = Act(Event.CARRIER_ASKED, need(reason, "--reason"))
    return carry_out(parts, claim, (act,), by=by)


def carrier_answered(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Record what the carrier said; the claim is reviewed again (T17)."""
    allow(claim, Event.CARRIER_ANSWERED, "answered by the carrier")
    act = Act(Event.CARRIER_ANSWERED, need(reason, "--reason"))
    return carry_out(parts, claim, (act,), by=by, assess="carrier")


def waive(
    parts: Parts, claim: Claim, document: DocumentKind, *, by: By, reason: str
) -> Done:
    """Do without a document that the member cannot send (C7, "if available").

    Raises:
        UsageError: the claim is past that, or no reason is given.
    """
    _still_assessed(claim, "waived")
    why = need(reason, "--reason")

    def record(work: Work, saved: Claim) -> None:
        name = name_of(by)
        work.waive(saved.claim_id, document, by=name, reason=why)

    act = Act(Event.DOCUMENT_WAIVED, why, data={"document": document.value})
    return carry_out(parts, claim, (act,), by=by, also=record, assess="waived")


def choose_type(parts: Parts, claim: Claim, kind: ClaimType, *, by: By) -> Done:
    """Say what happened to the package (C5); the claim is assessed anew.

    Raises:
        UsageError: the claim is past that.
    """
    _still_assessed(claim, "changed")
    act = Act(Event.TYPE_CHOSEN, data={"claim_type": kind.value})
    return carry_out(parts, claim, (act,), by=by, claim_type=kind, assess="type")


def choose_package(parts: Parts, claim: Claim, package_id: str, *, by: By) -> Done:
    """Say which package of the order it is; the claim is assessed anew.

    Raises:
        UsageError: the order has no such package, another claim is open for it, or
            the claim is past that.
    """
    _still_assessed(claim, "changed")
    order = order_of(parts.orders, claim)
    if order.package(package_id) is None:
        ids = ", ".join(package.package_id for package in order.packages)
        raise UsageError(f"the order has no package {package_id}; it has {ids}")
    for other, _ in parts.store.claims.of_order(claim.order_number):
        is_open = other.is_open and other.state is not ClaimState.IDENTITY_HOLD
        is_same = is_open and other.package_id == package_id
        if is_same and other.claim_id != claim.claim_id:
            raise UsageError(
                f"{other.ref} is open for that package: `claims merge {claim.ref}"
                f" --into {other.ref}`"
            )
    act = Act(Event.PACKAGE_CHOSEN, data={"package_id": package_id})
    return carry_out(
        parts, claim, (act,), by=by, package_id=package_id, assess="package"
    )


def _still_assessed(claim: Claim, done: str) -> None:
    if claim.state not in ASSESSED_STATES | {ClaimState.AWAITING_MEMBER}:
        allow(claim, Event.INFO_REQUESTED, done)


def _response(parts: Parts, claim: Claim, note: notify.StaffNote) -> Reply:
    now = parts.clock.now()
    order, assessment = known(parts, claim)
    mails = parts.store.claims.mails(claim.claim_id)
    is_proven = any(mail.sender_tier == SenderTier.A for mail in mails)
    return written(
        claim,
        lambda: notify.respond(
            claim,
            assessment,
            order,
            now,
            now + parts.policy.respond_within,
            tier=SenderTier.A if is_proven else SenderTier.B,
            thread=thread(parts, claim),
            note=note,
        ),
    )
