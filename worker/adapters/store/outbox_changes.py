"""Changes of the outbox, in a caller's transaction."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import dialect_of, insert_into
from worker.adapters.store.outbox import NewEmail
from worker.adapters.store.schema import EmailRow, table_of
from worker.domain.deadlines import SentAnswer


def add_emails(
    session: Session, emails: Sequence[NewEmail], *, at: datetime
) -> list[tuple[int, NewEmail]]:
    """Write outbox rows; one whose key exists already is left as it is.

    Returns the new rows with their ids.
    """
    rows = [
        {
            "dedup_key": email.dedup_key,
            "claim_id": email.claim_id,
            "mail_id": email.mail_id,
            "kind": email.kind,
            "recipient": email.recipient,
            "subject": email.subject[:400],
            "message_id": email.message_id,
            "raw": email.raw,
            "raw_sha256": None
            if email.raw is None
            else hashlib.sha256(email.raw).hexdigest(),
            "status": email.status,
            "held_reason": email.held_reason,
            "policy_version": email.policy_version,
            "created_at": at,
            "sent_at": email.sent_at,
            "last_code": email.last_code,
        }
        for email in emails
    ]
    if not rows:
        return []
    added = session.connection().execute(_adding(dialect_of(session)), rows)
    ids = {row.dedup_key: row.id for row in added}
    fresh = {email.dedup_key: email for email in reversed(emails)}
    return [(ids[key], fresh[key]) for key in ids]


@cache
def _adding(dialect: str) -> sa.UpdateBase:
    return (
        insert_into(dialect, table_of(EmailRow))
        .on_conflict_do_nothing(index_elements=["dedup_key"])
        .returning(EmailRow.id, EmailRow.dedup_key, sort_by_parameter_order=True)
    )


def cancel_drafts(session: Session, claim_id: int) -> list[int]:
    """Cancel the claim's drafts; return their ids."""
    found = session.connection().execute(_CANCELLING, {"the_claim": claim_id})
    return list(found.scalars())


def release_held(session: Session, email_id: int, *, at: datetime) -> bool:
    """Queue a held e-mail; False when it is not held, or was never rendered."""
    done = session.execute(
        sa.update(EmailRow)
        .where(
            EmailRow.id == email_id,
            EmailRow.status == "held",
            EmailRow.raw.is_not(None),
        )
        .values(status="queued", held_reason="", looked_at=at)
        .returning(EmailRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    return done is not None


def cancel_held(session: Session, email_id: int, *, at: datetime) -> bool:
    """Give up a held e-mail; False when it is not held."""
    done = session.execute(
        sa.update(EmailRow)
        .where(EmailRow.id == email_id, EmailRow.status == "held")
        .values(status="cancelled", looked_at=at)
        .returning(EmailRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    return done is not None


def hold_unsent(session: Session, email_id: int, *, reason: str) -> None:
    """Hold an e-mail that is not sent yet; one that was sent stays sent."""
    session.execute(
        sa.update(EmailRow)
        .where(EmailRow.id == email_id, EmailRow.status.in_(("queued", "sending")))
        .values(status="held", held_reason=reason[:60])
        .execution_options(synchronize_session=False)
    )


def begin_attempts(session: Session, email_ids: Sequence[int]) -> None:
    """Record that attempts are about to be made; an unanswered one was uncertain.

    A row found in `sending` had an attempt whose end nobody recorded.
    """
    session.execute(
        sa.update(EmailRow)
        .where(EmailRow.id.in_(email_ids))
        .values(
            status="sending",
            attempts=EmailRow.attempts + 1,
            uncertain=EmailRow.uncertain
            + sa.case((EmailRow.status == "sending", 1), else_=0),
        )
        .execution_options(synchronize_session=False)
    )


def end_attempt(
    session: Session,
    email_id: int,
    *,
    status: str,
    code: str,
    at: datetime,
    held_reason: str = "",
    was_uncertain: bool = False,
) -> None:
    """Record how an attempt ended."""
    session.execute(
        sa.update(EmailRow)
        .where(EmailRow.id == email_id)
        .values(
            status=status,
            last_code=code[:40],
            held_reason=held_reason,
            sent_at=at if status == "sent" else None,
            uncertain=EmailRow.uncertain + int(was_uncertain),
        )
        .execution_options(synchronize_session=False)
    )


def mark_sent(
    session: Session, email_ids: Sequence[int], *, code: str, at: datetime
) -> None:
    """Record that the relay took e-mails, with the same answer."""
    session.execute(
        sa.update(EmailRow)
        .where(EmailRow.id.in_(email_ids))
        .values(status="sent", last_code=code[:40], held_reason="", sent_at=at)
        .execution_options(synchronize_session=False)
    )


def mark_bounced(session: Session, email_id: int, *, code: str) -> bool:
    """Record that a sent e-mail came back; False when it is not `sent` (any more)."""
    done = session.execute(
        sa.update(EmailRow)
        .where(EmailRow.id == email_id, EmailRow.status == "sent")
        .values(status="bounced", last_code=code[:40])
        .returning(EmailRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    return done is not None


def answers_of(
    session: Session, claim_id: int, kinds: Sequence[str]
) -> list[SentAnswer]:
    """Return the claim's sent e-mails of some kinds, oldest first.

    One that came back is not among them.
    """
    rows = session.execute(
        sa.select(EmailRow.kind, EmailRow.created_at, EmailRow.sent_at)
        .where(
            EmailRow.claim_id == claim_id,
            EmailRow.kind.in_(kinds),
            EmailRow.status == "sent",
        )
        .order_by(EmailRow.sent_at, EmailRow.id)
    )
    return [
        SentAnswer(row.kind, row.created_at, row.sent_at) for row in rows if row.sent_at
    ]


# Made once: making a statement takes longer than running it.
_CANCELLING = (
    sa.update(table_of(EmailRow))
    .where(EmailRow.claim_id == sa.bindparam("the_claim"), EmailRow.status == "draft")
    .values(status="cancelled")
    .returning(EmailRow.id)
)
