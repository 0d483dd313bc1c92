"""The staff's sent folder: its cursor, and which drafts were sent from there."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, insert
from worker.adapters.store.outbox import Email, to_email
from worker.adapters.store.schema import EmailRow, SentFolderRow
from worker.domain.sent_mail import SentCursor

_DRAFT = "%:draft-%"
"""In the keys of drafts; see `replies/decisions.py`."""


class Sent:
    """Reads; the functions below write in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cursor(self, name: str) -> SentCursor | None:
        """Return how far a folder was looked through, or None before the first time."""
        with self._database.read() as session:
            row = session.get(SentFolderRow, name)
            if row is None:
                return None
            return SentCursor(row.uidvalidity, row.last_uid, row.passed_at)

    def draft_of(self, message_ids: Sequence[str]) -> Email | None:
        """Return the draft with one of these Message-IDs; one that stands comes first.

        It may have been cancelled since: then it is stale.
        """
        with self._database.read() as session:
            row = session.execute(
                sa.select(EmailRow)
                .where(
                    EmailRow.message_id.in_(message_ids),
                    EmailRow.dedup_key.like(_DRAFT),
                    EmailRow.status.in_(("draft", "cancelled")),
                )
                .order_by(EmailRow.status.desc(), EmailRow.id.desc())
                .limit(1)
            ).scalar_one_or_none()
            return None if row is None else to_email(row)

    def with_key(self, dedup_key: str) -> Email | None:
        """Return the e-mail with this key, or None."""
        with self._database.read() as session:
            row = session.execute(
                sa.select(EmailRow).where(EmailRow.dedup_key == dedup_key)
            ).scalar_one_or_none()
            return None if row is None else to_email(row)


def advance(
    session: Session, name: str, uidvalidity: int, last_uid: int, *, at: datetime
) -> None:
    """Move a folder's cursor on; within one UIDVALIDITY it never goes back."""
    row = session.get(SentFolderRow, name, with_for_update=True)
    if row is not None and row.uidvalidity == uidvalidity:
        last_uid = max(last_uid, row.last_uid)
    values = {
        "uidvalidity": uidvalidity,
        "last_uid": last_uid,
        "passed_at": at,
    }
    session.execute(
        insert(session, SentFolderRow)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )
