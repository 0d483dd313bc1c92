"""What an audit reads of the record, and the audits that were made."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store import gap_queries
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import (
    ClaimRow,
    EmailRow,
    JobRow,
    MailboxRow,
    MailRow,
)
from worker.adapters.store.upkeep_schema import AuditRow
from worker.domain.gaps import Gap, GapCode

BATCH = 1000
MOST_KEPT = 1000
"""Gaps that an audit's row keeps. Our choice."""
_BEFORE_SENT = ("draft", "queued", "sending", "held")
_RECEIPT = "received"


@dataclass(frozen=True, slots=True)
class AuditedMailbox:
    """A mailbox of the ledger, as far as it was read."""

    mailbox_id: int
    uidvalidity: int | None
    last_uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRaw:
    """The raw bytes that a mail should have.

    `size_bytes` is None where the row does not say how many are kept.
    """

    mail_id: int
    uid: int
    uidvalidity: int
    sha256: str
    size_bytes: int | None
    is_erased: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """An audit that was made."""

    audit_id: int
    at: datetime
    is_deep: bool
    counts: dict[str, Any]
    gap_count: int
    gaps: tuple[str, ...]
    """Their keys, the first thousand."""


class Audits:
    """Reads what audits compare, and those that were made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- the ledger --

    def mailbox(self, name: str) -> AuditedMailbox | None:
        """Return a mailbox by its name in the ledger; None if it was never read."""
        with self._database.read() as session:
            row = session.execute(
                sa.select(MailboxRow).where(MailboxRow.name == name)
            ).scalar_one_or_none()
            if row is None:
                return None
            return AuditedMailbox(row.id, row.uidvalidity, row.last_uid)

    def uids(
        self, mailbox_id: int, uidvalidity: int, first_uid: int, last_uid: int
    ) -> set[int]:
        """Return which UIDs of a window have a row."""
        with self._database.read() as session:
            return set(
                session.execute(
                    sa.select(MailRow.uid).where(
                        MailRow.mailbox_id == mailbox_id,
                        MailRow.uidvalidity == uidvalidity,
                        MailRow.uid.between(first_uid, last_uid),
                    )
                ).scalars()
            )

    def raws(self) -> Iterator[KeptRaw]:
        """Yield the raw bytes that mails should have, in batches of one read each."""
        with self._database.read() as session:
            erased = set(
                gap_queries.ids(session, MailRow.id, MailRow.erased_at.is_not(None))
            )
        last = 0
        columns = sa.select(
            MailRow.id,
            MailRow.uid,
            MailRow.uidvalidity,
            MailRow.sha256,
            MailRow.size_bytes,
            MailRow.trouble,
        )
        while True:
            with self._database.read() as session:
                rows = session.execute(
                    columns.where(MailRow.id > last).order_by(MailRow.id).limit(BATCH)
                ).all()
            for row in rows:
                if row.sha256 is not None:
                    yield KeptRaw(
                        mail_id=row.id,
                        uid=row.uid,
                        uidvalidity=row.uidvalidity,
                        sha256=row.sha256,
                        size_bytes=None if row.trouble else row.size_bytes,
                        is_erased=row.id in erased,
                    )
            if len(rows) < BATCH:
                return
            last = rows[-1].id

    def needs_raw(self, sha256: str) -> bool:
        """Return whether a mail that is not erased has these bytes."""
        with self._database.read() as session:
            return session.execute(
                sa.select(
                    sa.exists().where(
                        MailRow.sha256 == sha256, MailRow.erased_at.is_(None)
                    )
                )
            ).scalar_one()

    def mail_gaps(self) -> list[Gap]:
        """Return what is wrong with the ends of mails."""
        with self._database.read() as session:
            return gap_queries.of_mails(session)

    # -- claims --

    def claim_gaps(self) -> list[Gap]:
        """Return what is wrong with histories, and claims that no mail opened."""
        with self._database.read() as session:
            return gap_queries.of_claims(session)

    def unanswered(self) -> list[int]:
        """Return claims without an acknowledgement in the outbox, ascending.

        Those of which every mail is held for its sender's identity are left out: what
        such a mail is answered with is no acknowledgement.
        """
        has_receipt = sa.exists().where(
            EmailRow.claim_id == ClaimRow.id, EmailRow.kind == _RECEIPT
        )
        with self._database.read() as session:
            return list(
                session.execute(
                    sa.select(ClaimRow.id)
                    .where(
                        ~has_receipt,
                        ClaimRow.state != "identity_hold",
                        ClaimRow.erased_at.is_(None),
                    )
                    .order_by(ClaimRow.id)
                ).scalars()
            )

    def assessment_job(self, claim_id: int) -> str | None:
        """Return how the jobs that assess a claim stand; None where all are done.

        `alive` where one will run, `quarantined` where one is a dead letter.
        """
        prefix = f"{claim_id}:"
        with self._database.read() as session:
            states = set(
                session.execute(
                    sa.select(JobRow.state).where(
                        JobRow.kind == "validate",
                        JobRow.ref.between(prefix, f"{claim_id};"),
                        JobRow.state != "done",
                    )
                ).scalars()
            )
        if not states:
            return None
        return "alive" if states & gap_queries.ALIVE else "quarantined"

    # -- the outbox --

    def email_gaps(self) -> list[Gap]:
        """Return what is wrong with the outbox, bytes that were sent aside."""
        with self._database.read() as session:
            return gap_queries.of_emails(session)

    def changed_emails(self, *, is_deep: bool) -> Iterator[Gap]:
        """Yield e-mails whose bytes are not those composed; all or the unsent ones.

        E-mails that were composed before digests were kept have none.
        """
        last = 0
        is_wanted = [
            EmailRow.raw.is_not(None),
            EmailRow.raw_sha256.is_not(None),
            EmailRow.erased_at.is_(None),
        ]
        if not is_deep:
            is_wanted = [EmailRow.status.in_(_BEFORE_SENT), *is_wanted]
        while True:
            with self._database.read() as session:
                rows = session.execute(
                    sa.select(EmailRow.id, EmailRow.raw, EmailRow.raw_sha256)
                    .where(EmailRow.id > last, *is_wanted)
                    .order_by(EmailRow.id)
                    .limit(BATCH // 5)
                ).all()
            for row in rows:
                if hashlib.sha256(row.raw).hexdigest() != row.raw_sha256:
                    yield Gap(code=GapCode.EMAIL_CHANGED, ref=f"email:{row.id}")
            if not rows:
                return
            last = rows[-1].id

    # -- counts and earlier audits --

    def counts(self) -> dict[str, int]:
        """Return how much there was to compare."""
        with self._database.read() as session:
            totals = {
                name: session.execute(
                    sa.select(sa.func.count()).select_from(table)
                ).scalar_one()
                for name, table in (
                    ("mails", MailRow),
                    ("claims", ClaimRow),
                    ("emails", EmailRow),
                )
            }
            totals["open"] = session.execute(
                sa.select(sa.func.count()).where(MailRow.fate.is_(None))
            ).scalar_one()
            totals["dead_letters"] = session.execute(
                sa.select(sa.func.count()).where(JobRow.state == "quarantined")
            ).scalar_one()
        return totals

    def newest(self) -> Audited | None:
        """Return the last audit that was made, or None."""
        with self._database.read() as session:
            return newest(session)


def newest(session: Session) -> Audited | None:
    """Return the last audit that was made, or None."""
    row = session.execute(
        sa.select(AuditRow).order_by(AuditRow.id.desc()).limit(1)
    ).scalar_one_or_none()
    if row is None:
        return None
    return Audited(
        audit_id=row.id,
        at=row.at,
        is_deep=row.is_deep,
        counts=dict(row.counts),
        gap_count=row.gap_count,
        gaps=tuple(row.gaps),
    )


def record(
    session: Session,
    gaps: Sequence[Gap],
    counts: dict[str, int],
    *,
    at: datetime,
    is_deep: bool,
) -> int:
    """Write an audit; return its number."""
    row = AuditRow(
        at=at,
        is_deep=is_deep,
        counts=counts,
        gap_count=len(gaps),
        gaps=[gap.key for gap in gaps[:MOST_KEPT]],
    )
    session.add(row)
    session.flush()
    return row.id
