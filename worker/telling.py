"""Tells people of alerts, each once: by webhook, or by e-mail through the outbox.

Whoever tells an alert takes it first, for a minute. What a webhook did not take is
tried again; killed between its answer and the record of it, it hears twice.
"""

import time
from datetime import timedelta
from urllib.parse import urlsplit

import structlog

from worker.adapters import webhook
from worker.adapters.store import Work
from worker.adapters.store.watches import Untold, mark_told
from worker.bootstrap import Parts
from worker.composing import compose, queue_emails
from worker.domain.alert_words import says
from worker.domain.reply import Reply, ReplyKind
from worker.replies.staff import tell_alert

__all__ = ["tell"]

log = structlog.get_logger()

HOLD_FOR = timedelta(minutes=1)
AT_MOST_S = 30.0
"""How long one round takes before the rest waits for the next. Our choice: what is
begun then still ends before `HOLD_FOR`."""
WEBHOOK, EMAIL = "webhook", "email"


def tell(parts: Parts) -> int:
    """Tell what nobody was told of; return how many alerts that were.

    Where a webhook does not take one, the others wait for the next round.

    Raises:
        RetryLater: the record is away.
    """
    url = parts.settings.alert_url
    if url is None:
        return 0
    target = url.get_secret_value()
    is_email = urlsplit(target).scheme == "mailto"
    channel = EMAIL if is_email else WEBHOOK
    told, until = 0, time.monotonic() + AT_MOST_S
    while time.monotonic() < until:
        one = parts.store.watches.take_untold(channel, hold_for=HOLD_FOR)
        if one is None:
            break
        if is_email:
            _email(parts, target.removeprefix("mailto:"), one)
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
    with parts.store.transaction() as work:
        if not _is_about_a_telling(parts, one):
            _queue(parts, work, tell_alert(_facts(one), to, at=one.raised_at))
        mark_told(work.session, one.alert_id, EMAIL, at=work.at)


def _is_about_a_telling(parts: Parts, one: Untold) -> bool:
    """Return whether an alert says that such an e-mail did not arrive: no more mail."""
    kind, _, number = one.ref.partition(":")
    if kind != "email" or not number.isdecimal():
        return False
    email = parts.store.outbox.find(int(number))
    return email is not None and email.kind == ReplyKind.STAFF_ALERT


def _facts(one: Untold) -> dict[str, str]:
    return {
        "alert": str(one.alert_id),
        "code": one.code,
        "about": one.ref,
        "says": says(one.code),
    }


def _queue(parts: Parts, work: Work, reply: Reply) -> None:
    email = compose(parts, reply, received_at=None, go_live_at=None, is_decided=True)
    queue_emails(work, [email])
