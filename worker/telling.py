"""Tells people of alerts, each once: by webhook, or by e-mail through the outbox.

Whoever tells an alert takes it first, for a minute. What a webhook did not take is
tried again; killed between its answer and the record of it, it hears twice.
"""

import time
from datetime import timedelta

import structlog

from worker.adapters import webhook
from worker.adapters.store.watches import Untold, mark_told
from worker.bootstrap import Parts
from worker.composing import compose_decided, queue_emails
from worker.domain.alert_words import says
from worker.domain.deadlines import is_answered
from worker.domain.decisions import pending
from worker.domain.reply import TO_STAFF, Reply
from worker.lookups import reasons_for_two
from worker.replies.staff import (
    ask_approval,
    tell_alert,
    tell_dead_letter,
    tell_silence,
    warn_due,
)

__all__ = ["tell"]

log = structlog.get_logger()

HOLD_FOR = timedelta(minutes=1)
AT_MOST_S = 30.0
"""How long one round takes before the rest waits for the next. Our choice: what is
begun then still ends before `HOLD_FOR`."""
WEBHOOK, EMAIL = "webhook", "email"
LONG_SILENT = timedelta(minutes=1)
"""A mailbox that was read less long ago cannot be opened; how long says nothing yet."""


def tell(parts: Parts) -> int:
    """Tell what nobody was told of; return how many alerts that were.

    Where a webhook does not take one, the others wait for the next round.

    Raises:
        RetryLater: the record is away.
    """
    url = parts.settings.alert_url
    if url is None:
        return 0
    target, address = url.get_secret_value(), parts.settings.alert_address
    channel = WEBHOOK if address is None else EMAIL
    told, until = 0, time.monotonic() + AT_MOST_S
    while time.monotonic() < until:
        one = parts.store.watches.take_untold(channel, hold_for=HOLD_FOR)
        if one is None:
            break
        if address is not None:
            _email(parts, address, one)
        elif not _post(parts, target, one):
            break
        told += 1
    return told


def _post(parts: Parts, url: str, one: Untold) -> bool:
    facts: dict[str, str | int] = {
        "alert": one.alert_id,
        "code": one.code,
        "about": one.ref,
        "says": says(one.code),
        "raised_at": one.raised_at.isoformat(),
    }
    if not webhook.post(url, facts):
        log.warning("alert_not_told", code=one.code)
        return False
    parts.store.watches.mark_told(one.alert_id, WEBHOOK, at=parts.clock.now())
    return True


def _email(parts: Parts, to: str, one: Untold) -> None:
    told = []
    if not _is_about_a_telling(parts, one):
        told.append(compose_decided(parts, _told(parts, to, one)))
    with parts.store.transaction() as work:
        queue_emails(work, told)
        mark_told(work.session, one.alert_id, EMAIL, at=work.at)


def _is_about_a_telling(parts: Parts, one: Untold) -> bool:
    """Return whether an alert says that such an e-mail did not arrive: no more mail."""
    kind, _, rest = one.ref.partition(":")
    if kind not in {"email", "job"} or not rest.isdecimal():
        return False
    number: int | None = int(rest)
    if kind == "job":
        letter = parts.desk.dead_letters.find(int(rest))
        number = None if letter is None else letter.email_id
    email = None if number is None else parts.store.outbox.find(number)
    return email is not None and email.kind in TO_STAFF


def _told(parts: Parts, to: str, one: Untold) -> Reply:
    """Return the e-mail of an alert: its own, or the general one.

    What was settled since it was raised has the general one too.
    """
    about, _, rest = one.ref.partition(":")
    number = int(rest.partition(":")[0]) if about in {"claim", "job"} else 0
    match one.code:
        case "warn_48h" | "warn_24h":
            found = _warning(parts, to, number)
        case "approval_needed":
            found = _request(parts, to, number)
        case "dead_letter":
            found = _dead_letter(parts, to, number)
        case "watch_mailbox":
            found = _silence(parts, to)
        case _:
            found = None
    return found or tell_alert(_facts(one), to, at=one.raised_at)


def _warning(parts: Parts, to: str, claim_id: int) -> Reply | None:
    claim = parts.store.claims.get(claim_id)
    if claim is None or claim.respond_by is None or is_answered(claim):
        return None
    now = parts.clock.now()
    return warn_due(claim, to, respond_by=claim.respond_by, now=now)


def _request(parts: Parts, to: str, claim_id: int) -> Reply | None:
    claim = parts.store.claims.get(claim_id)
    decision = None if claim is None else pending(parts.store.claims.events(claim_id))
    if claim is None or decision is None or claim.respond_by is None:
        return None
    reasons = reasons_for_two(parts, claim, decision)
    if not reasons:
        return None
    return ask_approval(
        claim,
        to,
        amount=decision.amount,
        reasons=reasons,
        respond_by=claim.respond_by,
    )


def _dead_letter(parts: Parts, to: str, job_id: int) -> Reply | None:
    letter = parts.desk.dead_letters.find(job_id)
    if letter is None:
        return None
    return tell_dead_letter(
        job_id,
        to,
        job_kind=letter.kind,
        reason=letter.reason,
        attempts=letter.attempts,
        at=letter.died_at,
    )


def _silence(parts: Parts, to: str) -> Reply | None:
    now = parts.clock.now()
    passes = [box.passed_at for box in parts.store.stats.mailboxes() if box.passed_at]
    # One that is not read any more has an older pass than the one that should be.
    if not passes or now - max(passes) < LONG_SILENT:
        return None
    return tell_silence(to, last_pass_at=max(passes), now=now)


def _facts(one: Untold) -> dict[str, str]:
    return {
        "alert": str(one.alert_id),
        "code": one.code,
        "about": one.ref,
        "says": says(one.code),
    }
