"""THE MAP: which step runs on which queue, how patient it is, and what follows.

    mailbox ─poll─▶ mail row + read + understand (waiting)
    read        ─▶ understand          what the mail says, in a child process
    understand  ─▶ validate, send      which claim it belongs to, in mailbox order
    validate    ─▶ send, draft         what the terms say, in order within a claim
    remind      ─▶ send, draft         what a deadline makes due
    send        ─▶ (claim's clock)     outbox row to the relay
    draft                              draft into the staff's mailbox
    mark                               CLAIMS_AFTER: flag, label or move the mail

Every step reads outside, decides in pure code, and writes its effects, its follow-ups
and its own end in one transaction. It runs twice safely. Why rows and not messages:
ADR-0002.
"""

import dataclasses
from datetime import datetime, timedelta

from worker import ingest, notify, validate
from worker.adapters.store import Job, NewEmail, NewJob, Settled, Work
from worker.adapters.store.claims import ClaimMail
from worker.adapters.store.outbox import Email
from worker.bootstrap import Parts
from worker.composing import compose, queue_emails
from worker.domain.checks import Assessment
from worker.domain.claim import Claim, ClaimEvent, ClaimState, Event, next_state
from worker.domain.deadlines import DueKind, due_events, next_due_at
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate
from worker.domain.orders import Order
from worker.domain.reply import HELD_WHEN_UNCERTAIN, Reply, ReplyKind
from worker.lookups import Lookups, cause_of, dossier_of, order_of
from worker.ports import Delivery
from worker.runner import JobKind

SYSTEM = "system"
UNDERSTAND, VALIDATE, SEND = "understand", "validate", "send"
QUEUES = (UNDERSTAND, VALIDATE, SEND)
RESPONSES = {ReplyKind.RESPONSE, ReplyKind.APPROVED, ReplyKind.REJECTED}
"""Kinds that answer the 7-day clock once the relay has them. Source: clause C10."""


BLOCKED_PAUSE = timedelta(minutes=15)
"""Wait this long when the relay refuses us altogether. Source: reliability.md 2.6."""


def jobs_of_new_mail(mail_id: int, mailbox_id: int) -> list[NewJob]:
    """Return the jobs that are written with a mail row.

    Reading runs beside other readings; understanding waits for it and then for every
    earlier mail of the mailbox, so that a thread is understood in its order.
    """
    lane = f"mailbox:{mailbox_id}"
    return [
        NewJob("read", str(mail_id), UNDERSTAND),
        NewJob("understand", str(mail_id), UNDERSTAND, lane=lane, is_waiting=True),
    ]


# -- read -----------------------------------------------------------------------


def read(parts: Parts, job: Job) -> None:
    """Read the raw mail in a child process and store what it says."""
    mail_id = int(job.ref)
    record = parts.store.mails.get(mail_id)
    mail = parts.reader.read(record.sha256)
    with parts.store.transaction() as work:
        work.put_reading(mail_id, mail)
        work.release_job("understand", job.ref)
        work.finish(job)


def let_others_pass(work: Work, job: Job, _reason: str) -> None:
    """Let later mails be understood while this one is read again."""
    work.leave_lane("understand", job.ref)


def park(work: Work, job: Job, reason: str) -> None:
    """Settle a mail that cannot be read or understood; staff have its raw bytes."""
    work.park_mail(int(job.ref), reason)
    work.cancel_job("understand", job.ref)


# -- understand -----------------------------------------------------------------


def understand(parts: Parts, job: Job) -> None:
    """Give the mail its fate, open or join its claim, and queue the answer owed."""
    mail_id = int(job.ref)
    record = parts.store.mails.get(mail_id)
    if record.fate is not None or record.mail is None:
        with parts.store.transaction() as work:
            work.finish(job)
        return
    arrival = ingest.Arrival(
        mail_id=mail_id,
        internaldate_at=record.internaldate_at,
        first_seen_at=record.first_seen_at,
        given_at=parts.given_at,
    )
    known = Lookups(parts.store, parts.orders, parts.identity.secret_key)
    found = ingest.understand(record.mail, arrival, known, parts.house)
    received_at = found.stamp.received_at
    with parts.store.transaction() as work:
        claim = _touch_claim(work, found)
        work.settle_mail(mail_id, _settled(found, claim))
        if claim is not None:
            work.add_pieces(claim.claim_id, found.pieces)
            if found.fate in {Fate.CLAIM, Fate.FOLLOW_UP}:
                work.add_jobs(validation(claim.claim_id, f"mail:{mail_id}"))
        replies = _replies_without_assessment(parts, found, claim)
        go_live_at = record.go_live_at
        queue_emails(
            work,
            [
                compose(parts, reply, received_at=received_at, go_live_at=go_live_at)
                for reply in replies
            ],
        )
        for alert in found.alerts:
            work.raise_alert(alert, f"mail:{mail_id}")
        if parts.marker is not None:
            work.add_jobs(NewJob("mark", job.ref, SEND))
        work.finish(job)


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
    claim = before if found.joined == before else work.save_claim(before, found.joined)
    event = Event.MAIL_JOINED
    if before.state is ClaimState.IDENTITY_HOLD and claim.state is ClaimState.INTAKE:
        work.release_held_mails(claim.claim_id, at=found.stamp.received_at)
        event = Event.IDENTITY_CONFIRMED
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


# -- validate -------------------------------------------------------------------


def validation(claim_id: int, cause: str) -> NewJob:
    """Return the job that assesses a claim again because of `cause`."""
    lane = f"claim:{claim_id}"
    return NewJob("validate", f"{claim_id}:{cause}", VALIDATE, lane=lane)


def validate_claim(parts: Parts, job: Job) -> None:
    """Assess the claim on what is known now, move its state, write what follows.

    A job caused by a mail sees the mails up to that one, so that its answer says
    what was there when it came; the last job of the lane sees everything.
    """
    claim, order, cause = _load(parts, job)
    mail_id = _mail_id(cause)
    dossier, mails = dossier_of(parts.store, claim, order, up_to_mail_id=mail_id)
    assessment = validate.assess(claim, dossier, parts.policy)
    event = validate.event_for(claim.state, assessment)
    mail = next((one for one in mails if one.mail_id == mail_id), None)
    now = parts.clock.now()
    after = _clocked(parts, _assessed(claim, assessment, event), now)
    replies = notify.answer_assessed(
        claim,
        after,
        assessment,
        order,
        None if mail is None else cause_of(parts.store, mail),
        is_first=mail is not None
        and not parts.store.outbox.has_receipt(claim.claim_id),
        brought_documents=mail is not None and mail.mail_id in _documented(dossier),
        now=now,
        policy=parts.policy,
    )
    with parts.store.transaction() as work:
        saved = work.save_claim(claim, after)
        if event is not None:
            proposed = (f.clause for f in assessment.findings if f.proposes is not None)
            clauses = tuple(dict.fromkeys(proposed))
            work.append_event(
                claim.claim_id,
                event_now(work, event, claim.state, saved.state, clauses=clauses),
            )
        work.save_assessment(claim.claim_id, assessment, job_id=job.job_id)
        _queue(parts, work, claim, mail, replies)
        lay_draft(parts, work, saved, assessment, order, mails)
        work.finish(job)


def _assessed(claim: Claim, assessment: Assessment, event: Event | None) -> Claim:
    """Return the claim as the assessment leaves it, its next deadline aside."""
    is_same_clock = claim.docs_complete_at == assessment.docs_complete_at
    return dataclasses.replace(
        claim,
        state=claim.state if event is None else next_state(claim.state, event),
        docs_complete_at=assessment.docs_complete_at,
        promised_at=claim.promised_at if is_same_clock else None,
        respond_by=assessment.respond_by,
        flags=assessment.flags,
    )


def _clocked(parts: Parts, claim: Claim, now: datetime) -> Claim:
    """Return the claim with its document dates and its next deadline."""
    if claim.state is ClaimState.AWAITING_DOCUMENTS and not claim.documents_asked_at:
        claim = dataclasses.replace(
            claim,
            documents_asked_at=now,
            documents_due_at=now + parts.policy.documents_due,
        )
    return dataclasses.replace(
        claim, next_due_at=next_due_at(claim, parts.policy, claim.received_at)
    )


def _documented(dossier: validate.Dossier) -> set[int]:
    return {mail.mail_id for mail in dossier.mails if mail.pieces}


# -- remind ---------------------------------------------------------------------


def reminder(claim_id: int, at: datetime) -> NewJob:
    """Return the job for what becomes due on a claim at an instant."""
    ref = f"{claim_id}:{at:%Y%m%dT%H%M%SZ}"
    return NewJob("remind", ref, VALIDATE, lane=f"claim:{claim_id}")


def remind(parts: Parts, job: Job) -> None:
    """Do everything that is due on a claim now, each once, and set the next date."""
    claim, order, _ = _load(parts, job)
    now = parts.clock.now()
    assessment = parts.store.claims.latest_assessment(claim.claim_id)
    dossier, mails = dossier_of(parts.store, claim, order)
    if assessment is None:
        assessment = validate.assess(claim, dossier, parts.policy)
    with parts.store.transaction() as work:
        after = claim
        for due in due_events(claim, parts.policy):
            if due.at <= now and work.fire_slot(
                f"claim:{claim.claim_id}:{due.kind}", _slot(due.at)
            ):
                after = _fire(parts, work, due.kind, after, assessment, order, mails)
        later = next_due_at(after, parts.policy, now)
        work.save_claim(claim, dataclasses.replace(after, next_due_at=later))
        work.finish(job)


def _fire(
    parts: Parts,
    work: Work,
    kind: DueKind,
    claim: Claim,
    assessment: Assessment,
    order: Order,
    mails: list[ClaimMail],
) -> Claim:
    """Do one due thing; return the claim as it is afterwards."""
    thread = tuple(mail.message_id for mail in mails if mail.message_id)
    number = claim.claim_id
    match kind:
        case DueKind.WARN_48H | DueKind.WARN_24H:
            work.raise_alert(
                kind, f"claim:{number}:{_slot(claim.respond_by)}", claim_id=number
            )
            work.append_event(
                number, event_now(work, Event.SLA_WARNED, claim.state, claim.state)
            )
        case DueKind.DOCUMENTS_REMINDER:
            reply = notify.remind(claim, assessment, order, now=work.at, thread=thread)
            _queue(parts, work, claim, None, (reply,))
            work.append_event(
                number, event_now(work, Event.DOCS_REMINDER, claim.state, claim.state)
            )
        case DueKind.DOCUMENTS_EXPIRY:
            work.raise_alert(kind, f"claim:{number}", claim_id=number)
            work.append_event(
                number,
                event_now(work, Event.DOCS_EXPIRY_PROPOSED, claim.state, claim.state),
            )
        case DueKind.AUTO_RESPONSE:
            if parts.policy.auto_response and parts.settings.auto_response:
                next_at = work.at + parts.policy.respond_within
                tier = (
                    SenderTier.A
                    if any(m.sender_tier == "A" for m in mails)
                    else SenderTier.B
                )
                reply = notify.respond(
                    claim, assessment, order, work.at, next_at, tier=tier, thread=thread
                )
                _queue(parts, work, claim, None, (reply,))
    return claim


# -- send -----------------------------------------------------------------------


def send(parts: Parts, job: Job) -> None:
    """Hand one outbox row to the relay; record the attempt before and its end after.

    An attempt that nobody saw the end of may have arrived: acknowledgements go out
    again with the same bytes and Message-ID, decisions are held (promise 3).
    """
    email_id = int(job.ref)
    email = parts.store.outbox.get(email_id)
    kind = ReplyKind(email.kind)
    if email.status not in {"queued", "sending"}:
        with parts.store.transaction() as work:
            work.finish(job)
        return
    if email.status == "sending" and kind in HELD_WHEN_UNCERTAIN:
        end = notify.end_of(kind, Delivery.UNCERTAIN)
        with parts.store.transaction() as work:
            _record(parts, work, email, end, code="vanished")
            work.finish(job)
        return
    with parts.store.transaction() as work:
        work.assert_held(job)
        work.begin_attempt(email_id)
    attempt = parts.transport.send(
        envelope_from=parts.identity.from_address,
        recipient=email.recipient,
        raw=email.raw,
    )
    end = notify.end_of(kind, attempt.delivery)
    with parts.store.transaction() as work:
        _record(parts, work, email, end, code=attempt.code)
        if end.is_over:
            work.finish(job)
            return
    wait = BLOCKED_PAUSE if attempt.delivery is Delivery.BLOCKED else None
    raise RetryLater(f"smtp_{attempt.code}", retry_after=wait)


def _record(
    parts: Parts, work: Work, email: Email, end: notify.End, *, code: str
) -> None:
    """Record how an attempt ended and what follows from it."""
    number, claim_id = email.email_id, email.claim_id
    work.end_attempt(
        number,
        status=end.status,
        code=code,
        held_reason=end.held_reason,
        was_uncertain=end.was_uncertain,
    )
    if end.alert is not None:
        ref = f"relay:{code}" if end.alert == "smtp_blocked" else f"email:{number}"
        work.raise_alert(end.alert, ref, claim_id=claim_id)
    kind = ReplyKind(email.kind)
    if end.status == "sent" and claim_id is not None and kind in RESPONSES:
        _answered(parts, work, email, kind)


def _answered(parts: Parts, work: Work, email: Email, kind: ReplyKind) -> None:
    """Stop the claim's 7-day clock; a response sets the next one. Source: C10."""
    claim = parts.store.claims.get(email.claim_id or 0)
    if claim is None:
        return
    after = dataclasses.replace(claim, responded_at=work.at)
    if kind is ReplyKind.RESPONSE:
        # The date that the mail named, which was counted from when it was written.
        named = email.created_at + parts.policy.respond_within
        after = dataclasses.replace(after, respond_by=named, promised_at=work.at)
    later = next_due_at(after, parts.policy, work.at)
    work.save_claim(claim, dataclasses.replace(after, next_due_at=later))
    event = event_now(work, Event.STATUS_SENT, claim.state, claim.state)
    work.append_event(claim.claim_id, event)


def hold(work: Work, job: Job, reason: str) -> None:
    """Hold an e-mail whose job became a dead letter; a person releases it."""
    work.end_attempt(int(job.ref), status="held", code=reason, held_reason=reason)


# -- draft ----------------------------------------------------------------------


def lay_draft(
    parts: Parts,
    work: Work,
    claim: Claim,
    assessment: Assessment,
    order: Order,
    mails: list[ClaimMail],
) -> None:
    """Replace the claim's draft by what would be written on today's facts."""
    stale = work.cancel_drafts(claim.claim_id)
    thread = tuple(mail.message_id for mail in mails if mail.message_id)
    reply = notify.draft(claim, assessment, order, policy=parts.policy, thread=thread)
    fresh: list[tuple[int, NewEmail]] = []
    if reply is not None:
        email = compose(parts, reply, received_at=None, go_live_at=None)
        if email.status == "draft":
            fresh = work.add_emails([email])
        else:
            work.raise_alert(email.held_reason, email.kind, claim_id=claim.claim_id)
    if parts.drafts is not None:
        work.add_jobs(*(NewJob("draft", f"remove:{one}", SEND) for one in stale))
        work.add_jobs(*(NewJob("draft", f"put:{number}", SEND) for number, _ in fresh))


def draft(parts: Parts, job: Job) -> None:
    """Lay one draft into the staff's mailbox, or take a stale one away."""
    if parts.drafts is None:
        raise GiveUp("no_drafts_mailbox")
    what, _, ref = job.ref.partition(":")
    email = parts.store.outbox.get(int(ref))
    if what == "put" and email.status == "draft":
        parts.drafts.put(email.raw, message_id=email.message_id)
    elif what == "remove":
        parts.drafts.remove(message_id=email.message_id)
    with parts.store.transaction() as work:
        work.finish(job)


# -- mark -----------------------------------------------------------------------


def mark(parts: Parts, job: Job) -> None:
    """Flag, label or move a mail that has its fate; its own connection, by UID."""
    if parts.marker is not None:
        record = parts.store.mails.get(int(job.ref))
        parts.marker.mark(uidvalidity=record.uidvalidity, uid=record.uid)
    with parts.store.transaction() as work:
        work.finish(job)


# -- shared ---------------------------------------------------------------------


def event_now(
    work: Work,
    event: Event,
    before: ClaimState | None,
    after: ClaimState,
    *,
    clauses: tuple[str, ...] = (),
    actor: str = SYSTEM,
    reason: str = "",
) -> ClaimEvent:
    """Return an event that happens in this transaction."""
    return ClaimEvent(
        event=event,
        actor=actor,
        at=work.at,
        state_before=before,
        state_after=after,
        reason=reason,
        clauses=clauses,
    )


def _load(parts: Parts, job: Job) -> tuple[Claim, Order, str]:
    number, _, cause = job.ref.partition(":")
    claim = parts.store.claims.get(int(number))
    if claim is None:
        raise GiveUp("no_such_claim")
    return claim, order_of(parts.orders, claim), cause


def _mail_id(cause: str) -> int | None:
    return int(cause.removeprefix("mail:")) if cause.startswith("mail:") else None


def _slot(at: datetime | None) -> str:
    return "none" if at is None else f"{at:%Y%m%dT%H%M%SZ}"


def _queue(
    parts: Parts,
    work: Work,
    claim: Claim,
    mail: ClaimMail | None,
    replies: tuple[Reply, ...],
) -> None:
    received_at = claim.received_at if mail is None else mail.received_at
    go_live_at = parts.store.go_live_at()
    queue_emails(
        work,
        [
            compose(parts, reply, received_at=received_at, go_live_at=go_live_at)
            for reply in replies
        ],
    )


# -- the table ------------------------------------------------------------------

KINDS: dict[str, JobKind[Parts]] = {
    kind.name: kind
    for kind in (
        JobKind(
            "read",
            UNDERSTAND,
            read,
            "understand",
            on_failure=let_others_pass,
            on_quarantine=park,
        ),
        JobKind(
            "understand", UNDERSTAND, understand, "validate, send", on_quarantine=park
        ),
        JobKind("validate", VALIDATE, validate_claim, "send, draft"),
        JobKind("remind", VALIDATE, remind, "send"),
        JobKind("send", SEND, send, "the claim's clock", on_quarantine=hold),
        JobKind("draft", SEND, draft, "nothing"),
        JobKind("mark", SEND, mark, "nothing"),
    )
}
