"""What alerts say to a person, by their stable codes."""

ALERTS = {
    "audit_gaps": "an audit found gaps: see `claims audit`",
    "watch_redis": "Redis does not answer: jobs run more slowly",
    "watch_poller": "no process reads the mailbox: see `claims poll`",
    "watch_mailbox": "the mailbox is not being read: see `claims doctor`",
    "watch_workers": "no process runs jobs: see `claims work`",
    "watch_scheduler": "no process keeps the deadlines: see `claims schedule`",
    "watch_outbox": "the relay takes no e-mail: see `claims doctor`",
    "watch_forecast": "at this pace claims will be answered late within 24 hours",
    "dead_letter": "a job failed for good; nothing tries it again",
    "email_refused": "an e-mail was refused; its recipient did not get it",
    "email_bounced": "an e-mail came back: it could not be delivered",
    "bounce_unproven": "a bounce names an address we wrote to, but no e-mail of ours",
    "machine_named_claim": "a machine's mail has the form of a member's claim",
    "several_orders": "a mail names several orders: see `claims assign`",
    "placement_failed": "what a person did in triage could not be carried out",
    "mailbox_lost": "the mailbox cannot be opened: see `claims doctor`",
    "orders_lost": "the order directory does not answer: see `claims doctor`",
    "orders_unclear": "the order directory says of an order what cannot be read",
    "email_uncertain": "sending a decision ended without an answer: see `claims held`",
    "smtp_blocked": "the relay takes nothing from us: see `claims doctor`",
    "template_error": "an e-mail could not be written: its template fails",
    "bad_recipient": "an e-mail has no address that can be written to",
    "fetch_failed": "a mail could not be fetched from the mailbox",
    "mail_after_close": "a mail came to a claim that is closed",
    "uidvalidity_changed": "the mail server numbered the mailbox anew",
    "breaker_open": "too many automatic e-mails in an hour: see `claims held`",
    "warn_48h": "48 hours are left to respond",
    "warn_24h": "24 hours are left to respond",
    "documents_expiry": "the documents did not come in time: see `claims close`",
    "stale_draft_sent": "staff sent a draft that was out of date: the claim stands",
    "sent_unclear": "staff sent a decision that cannot be read for certain",
    "sent_needs_second": "staff sent a decision that needs a second person",
    "sent_refused": "staff sent a decision that the terms or the state forbid",
    "points_of_another": "a paid claim moved no points: the ledger has its order under"
    " another member",
    "approval_needed": "a decision waits for a second person",
    "reply_not_sent": "a reply from the desk was not sent: look at its claim",
    "withdrawal_asked": "a member seems to take the claim back: see `claims withdraw`",
}


_NUMBERED = {"job": "job", "mail": "mail", "email": "e-mail"}
_WATCHED = "watch_"


def about(code: str, ref: str) -> str:
    """Return what an alert is about, in words; "" where its sentence says it all.

    Args:
        code: the alert's.
        ref: as it is stored: `job:12`, `email:7`, `claim:3:2026-11-25`,
            `relay:550:2026-11-18`, `mailbox:login_refused:20261118T191200`.
    """
    kind, _, rest = ref.partition(":")
    first = rest.partition(":")[0]
    if kind in _NUMBERED and first.isdecimal():
        return f"{_NUMBERED[kind]} {first}"
    if kind == "relay":
        return f"the relay answered {first.replace('_', ' ')}"
    return first.replace("_", " ") if code.startswith(_WATCHED) else ""


def says(code: str) -> str:
    """Return the sentence of an alert; one without a sentence is its own words."""
    return ALERTS.get(code, code.replace("_", " "))
