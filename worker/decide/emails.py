"""Held e-mails: a person sends them after all, or gives them up."""

from worker.adapters.store import NewJob, Work
from worker.adapters.store.outbox import Email
from worker.bootstrap import Parts
from worker.composing import SEND
from worker.decide.common import By, check_role, name_of
from worker.domain.claim import Event
from worker.domain.errors import UsageError
from worker.steps.shared import event_now


def release(parts: Parts, email_id: int, *, by: By) -> str:
    """Send a held e-mail after all; return its subject.

    Raises:
        UsageError: it is not held, or its template failed and there is nothing to send.
    """
    email = _held(parts, email_id)
    check_role(by, Event.EMAIL_RELEASED)
    name = name_of(by)
    with parts.store.transaction() as work:
        if not work.release_held(email_id):
            raise UsageError(f"e-mail {email_id} was never rendered: mend its template")
        work.add_jobs(NewJob("send", f"{email_id}:released:{email.attempts}", SEND))
        _note(work, email, Event.EMAIL_RELEASED, by=name, reason=email.kind)
    return email.subject


def discard(parts: Parts, email_id: int, *, by: By, reason: str) -> str:
    """Give up a held e-mail, which is not sent again; return its subject.

    Raises:
        UsageError: it is not held.
    """
    email = _held(parts, email_id)
    check_role(by, Event.EMAIL_DISCARDED)
    name = name_of(by)
    with parts.store.transaction() as work:
        if not work.cancel_held(email_id):
            raise UsageError(f"e-mail {email_id} is not held any more")
        why = f"{email.kind}: {reason}"
        _note(work, email, Event.EMAIL_DISCARDED, by=name, reason=why)
    return email.subject


def _held(parts: Parts, email_id: int) -> Email:
    email = parts.store.outbox.find(email_id)
    if email is None or email.status != "held":
        raise UsageError(f"e-mail {email_id} is not held: see `claims held`")
    return email


def _note(work: Work, email: Email, event: Event, *, by: str, reason: str) -> None:
    """Write what a person did with an e-mail into its claim's history."""
    claim = None if email.claim_id is None else work.lock_claim(email.claim_id)
    if claim is not None:
        state = claim.state
        work.append_event(
            claim.claim_id,
            event_now(work, event, state, state, actor=by, reason=reason),
        )
