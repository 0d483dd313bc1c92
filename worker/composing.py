"""Replies to outbox rows: rendered once, held where a rule says so."""

from datetime import datetime, timedelta

from worker import notify
from worker.adapters.outgoing import build
from worker.adapters.store import NewEmail, NewJob, Work
from worker.bootstrap import Parts
from worker.domain.errors import GiveUp
from worker.domain.reply import Reply, ReplyKind

SEND_QUEUE = "send"
MUST_GO_OUT = frozenset({ReplyKind.RESPONSE})
"""Kinds whose holding must be told: the seven days do not wait."""
BUDGET_WINDOW = timedelta(hours=24)
BREAKER_WINDOW = timedelta(hours=1)


def compose(
    parts: Parts,
    reply: Reply,
    *,
    received_at: datetime | None,
    go_live_at: datetime | None,
) -> NewEmail:
    """Return the outbox row of a reply, with its bytes.

    A template that fails, a mail from before go-live, or a spent budget give a row
    that is held with its reason; a person releases it.
    """
    common = {
        "dedup_key": reply.dedup_key,
        "kind": reply.kind.value,
        "recipient": reply.to,
        "claim_id": reply.claim_id,
        "mail_id": reply.mail_id,
    }
    try:
        rendered = parts.renderer.render(reply.kind, reply.facts, locale=reply.locale)
        outgoing = build(
            reply, rendered, identity=parts.identity, now=parts.clock.now()
        )
    except GiveUp as error:
        return NewEmail(**common, status="held", held_reason=error.reason)  # type: ignore[arg-type]
    reason = _held_reason(parts, reply, received_at=received_at, go_live_at=go_live_at)
    status = "draft" if reply.is_draft else "held" if reason else "queued"
    return NewEmail(
        **common,  # type: ignore[arg-type]
        status=status,
        held_reason="" if reply.is_draft else reason,
        subject=outgoing.subject,
        message_id=outgoing.message_id,
        raw=outgoing.raw,
    )


def queue_emails(work: Work, emails: list[NewEmail]) -> None:
    """Write outbox rows with the jobs that send them, and alerts for the stuck ones.

    Stuck are e-mails that could not be made, such as `template_error` and
    `bad_recipient`, held ones that keep a deadline, and all that the breaker holds.
    """
    for email_id, email in work.add_emails(emails):
        if email.status == "queued":
            work.add_jobs(NewJob("send", str(email_id), SEND_QUEUE))
        elif email.raw is None or email.kind in MUST_GO_OUT:
            ref = f"email:{email_id}"
            work.raise_alert(email.held_reason, ref, claim_id=email.claim_id)
        elif email.held_reason == notify.BREAKER:
            work.raise_alert("breaker_open", f"outbox:{work.at:%Y-%m-%dT%H}")


def _held_reason(
    parts: Parts,
    reply: Reply,
    *,
    received_at: datetime | None,
    go_live_at: datetime | None,
) -> str:
    now = parts.clock.now()
    since = now - BUDGET_WINDOW
    outbox, number = parts.store.outbox, reply.claim_id
    budgets = notify.Budgets(
        to_address=outbox.automatic_to(reply.to, notify.TO_STRANGERS, since=since),
        most_to_address=parts.settings.answers_per_address,
        about_claim=0
        if number is None
        else outbox.automatic_about(number, since=since),
        to_all=outbox.automatic(since=now - BREAKER_WINDOW),
        most_to_all=parts.settings.answers_per_hour,
        is_breaker_open=outbox.is_held_for(notify.BREAKER),
    )
    return notify.held_reason(
        reply, budgets, received_at=received_at, go_live_at=go_live_at
    )
