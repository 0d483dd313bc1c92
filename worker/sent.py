"""What staff sent from their own mail program: their decision, or nothing for us.

A draft of ours moves its claim as if it had been released here; whoever sent it is the
actor, and all rules for persons hold. What cannot be read for certain, or may not be
done by one person, moves nothing and raises an alert. The member has the mail already,
so none is sent.

Source: lifecycle.md section 8, points 9 and 11; T21; clause C10.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime

from worker import decide, notify
from worker.adapters import sent_mails
from worker.adapters.store import Job, NewEmail, NewJob
from worker.adapters.store.outbox import Email
from worker.bootstrap import Parts
from worker.composing import SEND
from worker.domain.claim import Claim, Event
from worker.domain.decisions import ProposedDecision
from worker.domain.errors import GiveUp, RetryLater, UsageError
from worker.domain.reply import Reply, ReplyKind
from worker.domain.sent_mail import SentMail
from worker.lookups import Lookups, order_of, reasons_for_two
from worker.replies.recipients import address_on_file
from worker.replies.sent_texts import (
    AMOUNT_GAP,
    cited,
    open_gaps,
    read_amount,
    read_clauses,
)
from worker.steps.shared import event_now

_SUBJECT = re.compile(r"\[#CLM-0*([1-9]\d{0,11})\]")
STALE, UNCLEAR = "stale_draft_sent", "sent_unclear"
NEEDS_SECOND, REFUSED = "sent_needs_second", "sent_refused"
SOURCE = {"source": "sent_folder"}


@dataclass(frozen=True, slots=True)
class _Found:
    """A sent mail with its bytes and the instant that counts for our clock."""

    mail: SentMail
    raw: bytes
    at: datetime


def job_of(uidvalidity: int, uid: int) -> NewJob:
    """Return the job that takes one mail of the sent folder; one lane for all."""
    return NewJob("sent", f"{uidvalidity}:{uid}", SEND, lane="sent")


def is_of_interest(parts: Parts, header: bytes) -> bool:
    """Return whether a sent mail may be about a claim, by its headers alone."""
    mail = sent_mails.parse(header)
    return (
        _claim_of(parts, mail) is not None or _SUBJECT.search(mail.subject) is not None
    )


def take(parts: Parts, job: Job) -> None:
    """Do what one sent mail means. Safe to run twice.

    Raises:
        GiveUp: the mail is gone, or too large.
        RetryLater: the mailbox or the order directory is away.
    """
    if parts.sent_folder is None:
        raise GiveUp("no_sent_folder")
    uidvalidity, _, uid = job.ref.partition(":")
    raw, taken_at = parts.sent_folder.fetch(int(uidvalidity), int(uid))
    now = parts.clock.now()
    found = _Found(sent_mails.parse(raw), raw, min(taken_at or now, now))
    draft = parts.store.sent.draft_of(found.mail.tokens)
    if not _is_own_copy(parts, found.mail):
        if draft is None:
            _in_thread(parts, found)
        else:
            _of_draft(parts, draft, found)
    with parts.store.transaction() as work:
        work.finish(job)


def _is_own_copy(parts: Parts, mail: SentMail) -> bool:
    """Return whether the relay keeps copies here of what we sent ourselves."""
    ids = [] if mail.message_id is None else [mail.message_id]
    own = parts.store.outbox.with_message_id(ids)
    return own is not None and own.status not in {"draft", "cancelled"}


# -- a draft of ours ----------------------------------------------------------------


def _of_draft(parts: Parts, draft: Email, found: _Found) -> None:
    key = f"sent:{draft.email_id}"
    if parts.store.sent.with_key(key) is not None:
        _in_thread(parts, found)  # a later mail, whose References still name it
        return
    claim = None if draft.claim_id is None else parts.store.claims.get(draft.claim_id)
    if claim is None:
        return
    code = (
        STALE if draft.status == "cancelled" else _decided(parts, claim, draft, found)
    )
    if code:
        _tell(parts, code, f"email:{draft.email_id}", claim)


def _decided(parts: Parts, claim: Claim, draft: Email, found: _Found) -> str:
    """Carry out what the mail decides; return the alert's code where it cannot be.

    Raises:
        RetryLater: the claim is changing at this moment.
    """
    again = _draft_again(parts, claim)
    mail = found.mail
    if again is None or again.kind != draft.kind:
        return STALE
    texts = _rendered(parts, again)
    is_certain = (
        draft.recipient.lower() in mail.to_addresses
        and _is_ours(parts, mail.from_address)
        and mail.texts
        and not open_gaps(texts, mail.texts)
    )
    if not is_certain:
        return UNCLEAR
    try:
        decision = _read(parts, claim, again, mail)
        if decision is None:
            return UNCLEAR
        if reasons_for_two(parts, claim, decision):
            return NEEDS_SECOND
        decide.settle(
            parts,
            claim,
            decision,
            decide.ways_to_propose(parts, claim, decision),
            by=mail.from_address,
            sent=_by_hand(draft, found),
        )
    except UsageError:
        now = parts.store.claims.get(claim.claim_id)
        if now is not None and now.version != claim.version:
            raise RetryLater("claim_changed") from None
        return REFUSED
    return ""


def _read(
    parts: Parts, claim: Claim, reply: Reply, mail: SentMail
) -> ProposedDecision | None:
    """Return what the sent text decides, or None where that is in doubt.

    Raises:
        UsageError: the terms or the state do not allow it.
    """
    by = mail.from_address
    if reply.kind is ReplyKind.APPROVED:
        places = _rendered(parts, reply, amount=AMOUNT_GAP)
        amount = read_amount(places, mail.texts)
        if amount is None:
            return None
        return decide.approval(parts, claim, amount=f"{amount.amount:f}", by=by)
    relied_on = decide.rejection(parts, claim, clauses=(), by=by).clauses
    clauses = cited(_rendered(parts, reply), mail.texts, relied_on)
    if not clauses:
        return None
    return decide.rejection(parts, claim, clauses=clauses, by=by)


def _draft_again(parts: Parts, claim: Claim) -> Reply | None:
    """Return the claim's draft as it is worded now, to know the places in it."""
    assessment = parts.store.claims.latest_assessment(claim.claim_id)
    if assessment is None:
        return None
    order = order_of(parts.orders, claim)
    return notify.draft(claim, assessment, order, policy=parts.policy)


def _rendered(parts: Parts, reply: Reply, **facts: str) -> tuple[str, ...]:
    rendered = parts.renderer.render(
        reply.kind, reply.facts | facts, locale=reply.locale
    )
    return (rendered.text, sent_mails.text_of_html(rendered.html))


def _by_hand(draft: Email, found: _Found) -> decide.SentByHand:
    email = NewEmail(
        dedup_key=f"sent:{draft.email_id}",
        kind=draft.kind,
        recipient=draft.recipient,
        status="sent",
        claim_id=draft.claim_id,
        subject=found.mail.subject,
        message_id=found.mail.message_id,
        raw=found.raw,
        policy_version=draft.policy_version,
        sent_at=found.at,
    )
    data = SOURCE | {"sent_at": found.at.isoformat(), "draft": str(draft.email_id)}
    return decide.SentByHand(found.at, email, data)


def _is_ours(parts: Parts, address: str) -> bool:
    """Return whether an address is of a domain of ours: a person's of the staff."""
    domains = {own.rpartition("@")[2].lower() for own in parts.own_addresses}
    return address.rpartition("@")[2] in domains


# -- any other mail about a claim ---------------------------------------------------


def _in_thread(parts: Parts, found: _Found) -> None:
    """Note a mail of a claim's thread; ask a person where it may be the draft.

    It stops no clock: whether it says what the claim needs, only a person knows.
    """
    mail = found.mail
    claim = _claim_of(parts, mail)
    is_certain = claim is not None
    if claim is None:
        number = _SUBJECT.search(mail.subject)
        claim = None if number is None else parts.store.claims.get(int(number[1]))
    if claim is None:
        return
    to = address_on_file(claim, order_of(parts.orders, claim).member)
    if to is None or to.lower() not in mail.to_addresses:
        return
    name = mail.message_id or hashlib.sha256(found.raw).hexdigest()
    slot = hashlib.sha256(name.encode()).hexdigest()[:40]
    if _may_be_draft(parts, claim, mail):
        _tell(parts, UNCLEAR, f"claim:{claim.claim_id}:{slot}", claim)
    elif is_certain:
        _note(parts, claim, found, slot)


def _may_be_draft(parts: Parts, claim: Claim, mail: SentMail) -> bool:
    """Return whether a mail without our token reads like the draft that lies there."""
    if parts.store.outbox.draft_of(claim.claim_id) is None:
        return False
    reply = _draft_again(parts, claim)
    if reply is None:
        return False
    if reply.kind is ReplyKind.APPROVED:
        places = _rendered(parts, reply, amount=AMOUNT_GAP)
        return any(read_amount(places, (text,)) is not None for text in mail.texts)
    drafted = read_clauses(_rendered(parts, reply)[0])
    return any(drafted & read_clauses(text) for text in mail.texts)


def _note(parts: Parts, claim: Claim, found: _Found, slot: str) -> None:
    with parts.store.transaction() as work:
        if not work.fire_slot(f"sent:{claim.claim_id}", slot):
            return
        now = work.lock_claim(claim.claim_id)
        if now is None:
            return
        event = event_now(
            work,
            Event.STATUS_SENT,
            now.state,
            now.state,
            actor=found.mail.from_address or "staff",
            reason="a mail of staff in the thread",
        )
        data = SOURCE | {"sent_at": found.at.isoformat()}
        work.append_event(claim.claim_id, replace(event, data=data))


def _claim_of(parts: Parts, mail: SentMail) -> Claim | None:
    known = Lookups(parts.store, parts.orders, parts.secret_key)
    return known.claim_of_messages(mail.tokens)


def _tell(parts: Parts, code: str, ref: str, claim: Claim) -> None:
    with parts.store.transaction() as work:
        work.raise_alert(code, ref, claim_id=claim.claim_id)
