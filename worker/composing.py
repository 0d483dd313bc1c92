"""Replies to outbox rows: rendered once, held where a rule says so."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from worker import notify
from worker.adapters.outgoing import Outgoing, build
from worker.adapters.store import NewEmail, NewJob, Work
from worker.adapters.store.recoveries import HELD as RECOVERED
from worker.bootstrap import Parts
from worker.domain.errors import GiveUp
from worker.domain.reply import HELD_WHEN_UNCERTAIN, NO_STORM, Reply, ReplyKind

SEND = "send"
"""The queue of e-mails, and the kind of their jobs."""

MUST_GO_OUT = frozenset({ReplyKind.RESPONSE})
"""Kinds whose holding must be told: the seven days do not wait."""
BUDGET_WINDOW = timedelta(hours=24)
BREAKER_WINDOW = timedelta(hours=1)


def compose_decided(parts: Parts, reply: Reply) -> NewEmail:
    """Return the outbox row of what a person sends: no budget holds it."""
    return compose(parts, reply, received_at=None, go_live_at=None, is_decided=True)


def compose(
    parts: Parts,
    reply: Reply,
    *,
    received_at: datetime | None,
    go_live_at: datetime | None,
    is_decided: bool = False,
    due_at: datetime | None = None,
    is_first: bool = False,
) -> NewEmail:
    """Return the outbox row of a reply, with its bytes; `is_first` about its claim.

    A template that fails, a mail from before go-live, or a spent budget give a row
    that is held with its reason; a person releases it. What a person decided needs no
    budget. What a mail or a date (`due_at`) between a backup and its loss caused may
    have gone out before: then it is sent already, or held.
    """
    common = {
        "dedup_key": reply.dedup_key,
        "kind": reply.kind.value,
        "recipient": reply.to,
        "claim_id": reply.claim_id,
        "mail_id": reply.mail_id,
        "policy_version": parts.policy.version,
    }
    try:
        rendered = parts.renderer.render(reply.kind, reply.facts, locale=reply.locale)
        outgoing = build(
            reply, rendered, identity=parts.identity, now=parts.clock.now()
        )
    except GiveUp as error:
        return NewEmail(**common, status="held", held_reason=error.reason)  # type: ignore[arg-type]
    reason = ""
    if not reply.is_draft:
        is_old = notify.is_before_go_live(received_at, go_live_at)
        if is_old:
            reason = "before_go_live"
        elif not is_decided:
            reason = _spent_budget(parts, reply, is_first=is_first)
    status = "draft" if reply.is_draft else "held" if reason else "queued"
    caused_at = received_at if due_at is None else due_at
    is_ours = status != "draft" and not is_decided
    if is_ours and parts.store.recoveries.may_have_gone_out(
        outgoing.message_id, caused_at
    ):
        return _recovered(parts, reply, common, outgoing)
    return NewEmail(
        **common,  # type: ignore[arg-type]
        status=status,
        held_reason=reason,
        subject=outgoing.subject,
        message_id=outgoing.message_id,
        raw=outgoing.raw,
    )


def _recovered(
    parts: Parts, reply: Reply, common: Mapping[str, object], outgoing: Outgoing
) -> NewEmail:
    """Return an e-mail that may have gone out before a backup was put back.

    One that stops the seven days is a person's to look at even if it went out.
    """
    is_known = parts.store.recoveries.is_known_sent(outgoing.message_id)
    is_sent = is_known and reply.kind not in MUST_GO_OUT
    return NewEmail(
        **common,  # type: ignore[arg-type]
        status="sent" if is_sent else "held",
        held_reason="" if is_sent else RECOVERED,
        subject=outgoing.subject,
        message_id=outgoing.message_id,
        raw=outgoing.raw,
        sent_at=parts.clock.now() if is_sent else None,
        last_code=RECOVERED if is_sent else "",
    )


def queue_emails(work: Work, emails: list[NewEmail], *, is_first: bool = False) -> None:
    """Write outbox rows with the jobs that send them, and alerts for the stuck ones.

    `is_first` says that there is no earlier e-mail about their claim.

    Stuck are e-mails that could not be made, such as `template_error` and
    `bad_recipient`, held ones that keep a deadline, and all that the breaker holds.
    """
    is_alone = is_first and len(emails) == 1
    for email_id, email in work.add_emails(emails):
        if email.status == "queued":
            work.add_jobs(_sending(email_id, email.claim_id, is_alone=is_alone))
        elif email.raw is None or email.kind in MUST_GO_OUT:
            ref = f"email:{email_id}"
            work.raise_alert(email.held_reason, ref, claim_id=email.claim_id)
        if email.held_reason == notify.BREAKER:
            oldest = work.oldest_held_for(notify.BREAKER)
            work.raise_alert("breaker_open", f"email:{oldest}")


def _sending(email_id: int, claim_id: int | None, *, is_alone: bool) -> NewJob:
    """Return the job that sends an e-mail, after the earlier ones of its claim.

    One that the relay defers leaves the lane, and so does one whose sending fails: the
    later ones need not wait for it.
    """
    lane = None if claim_id is None else f"send:{claim_id}"
    return NewJob(SEND, str(email_id), SEND, lane=lane, is_alone=is_alone)


def _spent_budget(parts: Parts, reply: Reply, *, is_first: bool) -> str:
    if reply.kind in HELD_WHEN_UNCERTAIN:
        return ""  # what a person decided is no storm
    now = parts.clock.now()
    since = now - BUDGET_WINDOW
    outbox, number = parts.store.outbox, reply.claim_id
    budgets = notify.Budgets(
        to_address=outbox.automatic_to(reply.to, notify.TO_STRANGERS, since=since)
        if reply.kind in notify.TO_STRANGERS
        else 0,
        most_to_address=parts.settings.answers_per_address,
        about_claim=0
        if number is None or is_first
        else outbox.automatic_about(number, since=since),
        is_breaker_open=_is_breaker_open(parts, now),
    )
    return notify.spent_budget(reply, budgets)


def _is_breaker_open(parts: Parts, now: datetime) -> bool:
    most, outbox = parts.settings.answers_per_hour, parts.store.outbox
    if not most:
        return False
    if outbox.is_held_for(notify.BREAKER):
        return True
    return outbox.automatic(NO_STORM, since=now - BREAKER_WINDOW) >= most
