"""Intake: read a mail in a child process, then understand it in mailbox order."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from worker import ingest, notify
from worker.adapters.store import Job, NewJob, Settled, Work
from worker.adapters.store.claims import ClaimMail
from worker.adapters.store.mails import MailRecord
from worker.bootstrap import Parts
from worker.composing import SEND, compose, queue_emails
from worker.domain.claim import Claim, ClaimState, Event
from worker.domain.documents import PHOTOGRAPHS, Piece
from worker.domain.errors import ClaimMoved, GiveUp, RetryLater, StaleClaim, UsageError
from worker.domain.mail import Fate, Looks, Mail
from worker.domain.reply import Reply
from worker.domain.roles import confirmed, pieces, with_texts, worth_reading
from worker.kinds import Together
from worker.lookups import AtHand, Lookups, Opened, order_of
from worker.ports import ReadFailed
from worker.steps.bounces import undeliver
from worker.steps.shared import OCR, event_now, validation

log = structlog.get_logger()

MOST_READ = 4
"""Mails that a thread reads before it stores what they say. Our choice: more would keep
a few mails from the other readers."""
READ_FOR = timedelta(seconds=1)
WAIT_FOR_OCR = timedelta(minutes=5)
"""An assessment waits no longer for pictures to be read: its receipt is owed. Our
choice; the rings of a quiet worker take seconds."""


def read(parts: Parts, job: Job) -> None:
    """Read the raw mail in a child process and store what it says."""
    (record,) = parts.store.mails.get_many([int(job.ref)])
    mail = parts.reader.read(record.sha256)
    with parts.store.transaction() as work:
        work.finish(job)
        _store(work, [(record, mail)])


def read_together(parts: Parts, jobs: Sequence[Job]) -> Together:
    """Read several mails, and store what they say in one transaction.

    One that cannot be read is left to `read`, and so are those for which there was no
    time: the ones before them wait to be understood.
    """
    until = time.monotonic() + READ_FOR.total_seconds()
    numbers = [int(job.ref) for job in jobs]
    records = {one.mail_id: one for one in parts.store.mails.get_many(numbers)}
    mails: dict[int, Mail] = {}
    for number in sorted(records):
        if time.monotonic() < until:
            with contextlib.suppress(ReadFailed, RetryLater):
                mails[number] = parts.reader.read(records[number].sha256)
    were_read = [job for job in jobs if int(job.ref) in mails]
    with parts.store.transaction() as work:
        done = work.finish_all(were_read)
        ours = sorted(int(job.ref) for job in done)
        _store(work, [(records[number], mails[number]) for number in ours])
    return Together(done, left=[job for job in jobs if job not in were_read])


def _store(work: Work, read_now: Sequence[tuple[MailRecord, Mail]]) -> None:
    work.put_readings({record.mail_id: mail for record, mail in read_now})
    facts = {
        str(record.mail_id): dataclasses.replace(
            record, mail=mail, message_id=mail.message_id
        )
        for record, mail in read_now
    }
    work.release_jobs("understand", facts)


def let_others_pass(work: Work, job: Job, _reason: str) -> None:
    """Let later mails be understood while this one is read again."""
    work.leave_lane("understand", job.ref)


def park(work: Work, job: Job, reason: str) -> None:
    """Settle a mail that cannot be read or understood; staff have its raw bytes."""
    work.park_mail(int(job.ref), reason)
    work.leave_lane("understand", job.ref)
    work.cancel_job("understand", job.ref)


def unpark(work: Work, ref: str) -> bool:
    """Let a parked mail be read once more; False where a person has placed it."""
    is_open = work.unpark_mail(int(ref))
    if is_open:
        work.restore_job("understand", ref)
    return is_open


def understand(parts: Parts, job: Job) -> None:
    """Give the mail its fate, open or join its claim, and queue the answer owed."""
    mail_id = int(job.ref)
    with parts.reading():
        record = (
            job.facts
            if isinstance(job.facts, MailRecord)
            else parts.store.mails.get(mail_id)
        )
        found = None if record.fate is not None else _understood(parts, record)
    if found is None:
        with parts.store.transaction() as work:
            work.finish(job)
        return
    with parts.store.transaction() as work:
        claim = _touch_claim(work, found)
        work.settle_mail(mail_id, _settled(found, claim))
        _follow(parts, work, record, found, claim)
        if found.joined is not None and not found.joined.is_open:
            number = found.joined.claim_id
            work.raise_alert("mail_after_close", f"mail:{mail_id}", claim_id=number)
        if found.bounced is not None:
            undeliver(parts, work, found.bounced)
        for alert in found.alerts:
            about = None if claim is None else claim.claim_id
            work.raise_alert(alert, f"mail:{mail_id}", claim_id=about)
        if parts.marker is not None and record.uid > 0:
            work.add_jobs(NewJob("mark", job.ref, SEND))
        work.finish(job)


def _understood(parts: Parts, record: MailRecord) -> ingest.Understanding:
    if record.mail is None:
        raise GiveUp("not_read")
    arrival = ingest.Arrival(
        mail_id=record.mail_id,
        internaldate_at=record.internaldate_at,
        first_seen_at=record.first_seen_at,
        given_at=parts.given_at,
    )
    known = Lookups(parts.store, parts.orders, parts.identity.secret_key)
    return ingest.understand(record.mail, arrival, known, parts.house)


def settle_assigned(
    parts: Parts,
    record: MailRecord,
    found: ingest.Understanding,
    *,
    by: str,
    is_shared: bool,
    along: Callable[[Work], None] | None = None,
) -> Claim:
    """Carry out what a person made of a mail; return its claim.

    A mail that is shared keeps its own claim and counts for this one too. `along`
    writes what ends with it, in the same transaction.

    Raises:
        ClaimMoved: the claim that it joins changed since that was worked out.
        UsageError: the mail was placed meanwhile.
    """
    try:
        with parts.store.transaction() as work:
            claim = _touch_claim(work, found)
            if claim is None:
                raise GiveUp("no_claim")
            if is_shared:
                work.share_mail(claim.claim_id, record.mail_id, by=by)
            elif not work.assign_mail(record.mail_id, _settled(found, claim), by=by):
                raise UsageError(f"mail {record.mail_id} was placed meanwhile")
            event = Event.SPLIT_OFF if is_shared else Event.MAIL_ASSIGNED
            work.append_event(
                claim.claim_id,
                event_now(work, event, claim.state, claim.state, actor=by),
            )
            _follow(parts, work, record, found, claim)
            if along is not None:
                along(work)
    except StaleClaim:
        raise ClaimMoved(
            "the claim has changed meanwhile: look and try again"
        ) from None
    return claim


def _follow(
    parts: Parts,
    work: Work,
    record: MailRecord,
    found: ingest.Understanding,
    claim: Claim | None,
) -> None:
    """Write what follows from a mail: its files, the assessment, answers owed."""
    mail_id = record.mail_id
    if claim is not None and record.mail is not None:
        work.add_pieces(claim.claim_id, found.pieces)
        _add_photographs(work, claim, record.mail, found.pieces)
        delay = timedelta(0)
        if parts.scanner is not None and _worth_reading(parts, record, found):
            work.add_jobs(NewJob("ocr", str(mail_id), OCR))
            delay = WAIT_FOR_OCR
        if found.fate in {Fate.CLAIM, Fate.FOLLOW_UP}:
            cause = f"mail:{mail_id}"
            facts = _at_hand(parts, work, record, found, claim)
            work.add_jobs(validation(claim.claim_id, cause, delay=delay, facts=facts))
    received_at, go_live_at = found.stamp.received_at, record.go_live_at
    queue_emails(
        work,
        [
            compose(parts, reply, received_at=received_at, go_live_at=go_live_at)
            for reply in _replies_without_assessment(parts, found, claim)
        ],
    )


def _at_hand(
    parts: Parts,
    work: Work,
    record: MailRecord,
    found: ingest.Understanding,
    claim: Claim,
) -> AtHand | None:
    order = found.order
    if order is None or order.order_number != claim.order_number:
        return None
    opened = None
    if found.opens is not None and parts.store.is_together:
        opened = _opened(work, record, found, claim)
    records = {record.mail_id: record}
    return AtHand(claim=claim, order=order, records=records, opened=opened)


def _opened(
    work: Work, record: MailRecord, found: ingest.Understanding, claim: Claim
) -> Opened:
    """Return what the record holds of a claim that this transaction opens."""
    sent_at = None if record.mail is None else record.mail.date_at
    mail = ClaimMail(
        mail_id=record.mail_id,
        received_at=found.stamp.received_at,
        header_date_at=sent_at,
        counts_from=found.counts_from,
        sender_tier=found.sender.tier,
        sender_address=found.sender.address,
        message_id=record.message_id,
        flags=found.flags,
    )
    event = event_now(work, Event.OPENED, None, claim.state)
    return Opened(
        mail=mail,
        event=dataclasses.replace(event, data={}),
        go_live_at=record.go_live_at,
        has_files=bool(found.pieces),
    )


def _add_photographs(
    work: Work, claim: Claim, mail: Mail, brought: tuple[Piece, ...]
) -> None:
    pictures = {
        file.path: file.picture
        for file in mail.attachments
        if file.picture is not None and file.picture.looks_like is Looks.PHOTOGRAPH
    }
    photographs = [
        piece
        for piece in brought
        if piece.kind in PHOTOGRAPHS and piece.path in pictures
    ]
    work.add_photographs(claim.claim_id, photographs, pictures)


def recognise(parts: Parts, job: Job) -> None:
    """Read the pictures of a mail, and say again what its files may serve as.

    Its assessment waits for this, though not for ever: where it has begun without,
    what was read only confirms, and the claim is assessed once more. A mail whose
    pictures cannot be read stays as it is: a reviewer looks.
    """
    mail_id = int(job.ref)
    record = parts.store.mails.get(mail_id)
    claim = parts.store.claims.get(record.claim_id) if record.claim_id else None
    order = None if claim is None else order_of(parts.orders, claim)
    if claim is None or order is None or record.mail is None:
        raise GiveUp("no_claim")
    known = tuple(parts.store.claims.pieces(claim.claim_id))
    mail = with_texts(record.mail, _texts(parts, record, known))
    own = tuple(piece for piece in known if piece.mail_id == mail_id)
    read_now = pieces(
        mail_id,
        mail,
        order,
        claim.claim_type,
        earlier=known,
        own_addresses=parts.house.own_addresses,
    )
    with parts.store.transaction() as work:
        work.put_readings({mail_id: mail})
        if work.hurry_job("validate", f"{claim.claim_id}:mail:{mail_id}"):
            work.replace_pieces(claim.claim_id, mail_id, read_now)
        else:
            merged = confirmed(own, read_now)
            work.replace_pieces(claim.claim_id, mail_id, merged)
            if merged != own and claim.state is not ClaimState.IDENTITY_HOLD:
                work.add_jobs(validation(claim.claim_id, f"ocr:{mail_id}"))
        work.finish(job)


def _texts(
    parts: Parts, record: MailRecord, known: tuple[Piece, ...]
) -> dict[str, str]:
    paths = () if record.mail is None else worth_reading(record.mail, known)
    if parts.scanner is None or not paths:
        return {}
    try:
        return parts.scanner.texts(record.sha256, paths)
    except ReadFailed as error:
        log.warning("pictures_not_read", mail_id=record.mail_id, reason=error.code)
        return {}


def assess_unread(work: Work, job: Job, _reason: str) -> None:
    """Let the assessment run that waits for pictures which nobody could read."""
    claim_id = work.claim_of_mail(int(job.ref))
    if claim_id is not None:
        work.hurry_job("validate", f"{claim_id}:mail:{job.ref}")


def _worth_reading(
    parts: Parts, record: MailRecord, found: ingest.Understanding
) -> bool:
    earlier = (
        () if found.joins is None else parts.store.claims.pieces(found.joins.claim_id)
    )
    mail = record.mail
    return mail is not None and bool(worth_reading(mail, (*earlier, *found.pieces)))


def _touch_claim(work: Work, found: ingest.Understanding) -> Claim | None:
    """Open, join or release the claim that the mail belongs to."""
    if found.opens is not None:
        is_held = found.opens.state is ClaimState.IDENTITY_HOLD
        claim = work.open_claim(
            found.opens, held_address=found.sender.address if is_held else None
        )
        event = Event.HELD if is_held else Event.OPENED
        work.append_event(claim.claim_id, event_now(work, event, None, claim.state))
        return claim
    if found.joins is None or found.joined is None:
        return None
    before = found.joins
    if found.joined == before:
        # An assessment may have moved it since it was read; its history has no gaps.
        now = work.lock_claim(before.claim_id)
        if now is None or now.version != before.version:
            raise StaleClaim(before.ref)
        claim = now
    else:
        claim = work.save_claim(before, found.joined)
    event = Event.MAIL_JOINED
    if before.state is ClaimState.IDENTITY_HOLD and claim.state is ClaimState.INTAKE:
        work.release_held_mails(claim.claim_id, at=found.stamp.received_at)
        event = Event.IDENTITY_CONFIRMED
    if not before.is_open and claim.is_open:
        event = Event.REPLY_AFTER_CLOSE
    work.append_event(claim.claim_id, event_now(work, event, before.state, claim.state))
    return claim


def _settled(found: ingest.Understanding, claim: Claim | None) -> Settled:
    return Settled(
        fate=found.fate,
        signal=found.signal,
        stamp=found.stamp,
        claim_id=None if claim is None else claim.claim_id,
        sender_tier=found.sender.tier,
        sender_address=found.sender.address,
        counts_from=found.counts_from,
        flags=found.flags,
        notes=found.notes,
    )


def _replies_without_assessment(
    parts: Parts, found: ingest.Understanding, claim: Claim | None
) -> tuple[Reply, ...]:
    """Return the answers that need no assessment: no match, or an unproven sender."""
    if found.fate is Fate.CANNOT_MATCH:
        return notify.answer_unmatched(
            found.fate,
            found.cause,
            names_member=found.names_member,
            names_order=found.names_order,
            own=notify.Identity(parts.settings.from_),
        )
    if found.fate is Fate.IDENTITY_HOLD and claim is not None and found.order:
        return notify.answer_held(claim, found.cause, found.order.member)
    return ()
