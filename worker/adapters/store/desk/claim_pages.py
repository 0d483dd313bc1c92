"""What the page of one claim shows besides the claim itself.

Each query finds its rows by the claim's number, so its cost depends on that claim.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database
from worker.adapters.store.schema import (
    AssessmentRow,
    ClaimRow,
    DocumentRow,
    EmailRow,
    MailRow,
    SharedMailRow,
)
from worker.adapters.store.upkeep_schema import ErasureRow
from worker.domain.claim import ClaimState
from worker.domain.documents import DocumentKind
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate, Mail

_MAIL = TypeAdapter(Mail)
SHOWN = ("queued", "sending", "sent", "bounced", "refused", "held")
"""E-mails that are part of the thread: drafts and what was taken away are not."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One mail of the thread, ours or theirs, sorted by when it came or left."""

    at: datetime
    is_ours: bool
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadMail:
    """A received mail of a claim; `mail` is None where it could not be read.

    `notes` says by path why a file serves as nothing, `settled_by` names the person
    who brought it here, `is_shared` that it belongs to another claim.
    """

    mail_id: int
    sha256: str
    size_bytes: int
    received_at: datetime
    received_from: str | None
    header_date_at: datetime | None
    mail: Mail | None
    fate: Fate | None
    sender_tier: SenderTier | None
    sender_address: str | None
    counts_from: datetime | None
    signal: str
    flags: tuple[str, ...]
    notes: dict[str, str]
    settled_by: str | None
    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadEmail:
    """An e-mail of ours about a claim, with what became of it."""

    email_id: int
    kind: str
    recipient: str
    subject: str
    status: str
    held_reason: str
    last_code: str
    policy_version: str
    created_at: datetime
    sent_at: datetime | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Extras:
    """What the row of a claim has that the rules need not know."""

    assigned_to: str | None
    decided_usd: Decimal | None
    paid_at: datetime | None
    payout_ref: str | None


@dataclass(frozen=True, slots=True)
class Waiver:
    """Who let a claim do without a document, and why."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class AssessmentHead:
    """One version of what software worked out."""

    assessment_id: int
    at: datetime
    state: ClaimState
    policy_version: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of an erased claim; `erasure` and `basis` where a person did it.

    Without them its retention was over.
    """

    erased_at: datetime
    erasure: int | None
    basis: str | None


class ClaimPages:
    """Reads what the page of a claim shows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def extras(self, claim_id: int) -> Extras:
        """Return the rest of a claim's row."""
        with self._database.read() as session:
            row = session.execute(
                sa.select(
                    ClaimRow.assigned_to,
                    ClaimRow.decided_usd,
                    ClaimRow.paid_at,
                    ClaimRow.payout_ref,
                ).where(ClaimRow.id == claim_id)
            ).one()
        return Extras(*row)

    def tombstone(self, claim_id: int) -> Tombstone | None:
        """Return when and under which number a claim was erased; None where it is not.

        An erasure is written with its claims, at the same instant.
        """
        query = (
            sa.select(ClaimRow.erased_at, ErasureRow.id, ErasureRow.basis)
            .outerjoin(ErasureRow, ErasureRow.at == ClaimRow.erased_at)
            .where(ClaimRow.id == claim_id, ClaimRow.erased_at.is_not(None))
            .order_by(ErasureRow.id)
        )
        with self._database.read() as session:
            row = session.execute(query).first()
        if row is None or row.erased_at is None:
            return None
        return Tombstone(row.erased_at, row.id, row.basis)

    def waivers(self, claim_id: int) -> dict[DocumentKind, Waiver]:
        """Return who waived which document."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(DocumentRow).where(
                    DocumentRow.claim_id == claim_id, DocumentRow.waived_at.is_not(None)
                )
            ).scalars()
            return {
                DocumentKind(row.kind): Waiver(
                    row.waived_by or "", row.waived_at, row.waived_reason
                )
                for row in rows
                if row.waived_at is not None
            }

    def assessments(self, claim_id: int, *, limit: int) -> list[AssessmentHead]:
        """Return what was worked out when, newest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(
                    AssessmentRow.id,
                    AssessmentRow.at,
                    AssessmentRow.state,
                    AssessmentRow.policy_version,
                )
                .where(AssessmentRow.claim_id == claim_id)
                .order_by(AssessmentRow.id.desc())
                .limit(limit)
            )
            return [
                AssessmentHead(
                    row.id, row.at, ClaimState(row.state), row.policy_version
                )
                for row in rows
            ]

    def thread(self, claim_id: int) -> list[Place]:
        """Return where each mail of a claim stands in its thread, newest last."""
        came = sa.func.coalesce(MailRow.received_at, MailRow.first_seen_at)
        left = sa.func.coalesce(EmailRow.sent_at, EmailRow.created_at)
        with self._database.read() as session:
            mails = session.execute(
                sa.select(came, MailRow.id).where(_of_claim(session, claim_id))
            )
            places = [Place(at, False, number) for at, number in mails]  # noqa: FBT003 - a field
            emails = session.execute(
                sa.select(left, EmailRow.id).where(*_shown(claim_id))
            )
            places += [Place(at, True, number) for at, number in emails]  # noqa: FBT003
        return sorted(places)

    def mails(self, claim_id: int, mail_ids: Sequence[int]) -> dict[int, ThreadMail]:
        """Return those of some mails that are a claim's, by their number."""
        if not mail_ids:
            return {}
        with self._database.read() as session:
            rows = session.execute(
                sa.select(MailRow).where(
                    MailRow.id.in_(mail_ids), _of_claim(session, claim_id)
                )
            ).scalars()
            return {row.id: _mail(row, claim_id) for row in rows}

    def emails(self, claim_id: int, email_ids: Sequence[int]) -> dict[int, ThreadEmail]:
        """Return those of some e-mails that are a claim's thread, by their number."""
        if not email_ids:
            return {}
        with self._database.read() as session:
            rows = session.execute(
                sa.select(EmailRow).where(EmailRow.id.in_(email_ids), *_shown(claim_id))
            ).scalars()
            return {row.id: _email(row) for row in rows}


def _of_claim(session: Session, claim_id: int) -> sa.ColumnElement[bool]:
    """Return the condition for the settled mails of a claim, shared ones too.

    Those are looked up first: with them written out, both databases use indexes.
    """
    shared = session.execute(
        sa.select(SharedMailRow.mail_id).where(SharedMailRow.claim_id == claim_id)
    ).scalars()
    return sa.and_(
        MailRow.fate.is_not(None),
        sa.or_(MailRow.claim_id == claim_id, MailRow.id.in_(list(shared))),
    )


def _shown(claim_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        EmailRow.claim_id == claim_id,
        EmailRow.status.in_(SHOWN),
        EmailRow.kind.not_like("staff%"),
    )


def _mail(row: MailRow, claim_id: int) -> ThreadMail:
    return ThreadMail(
        mail_id=row.id,
        sha256=row.sha256 or "",
        size_bytes=row.size_bytes,
        received_at=row.received_at or row.first_seen_at,
        received_from=row.received_from,
        header_date_at=row.header_date_at,
        mail=_MAIL.validate_json(row.reading) if row.reading else None,
        fate=Fate(row.fate) if row.fate else None,
        sender_tier=SenderTier(row.sender_tier) if row.sender_tier else None,
        sender_address=row.sender_address,
        counts_from=row.counts_from,
        signal=row.signal,
        flags=tuple(row.flags),
        notes=dict(row.notes),
        settled_by=row.settled_by,
        is_shared=row.claim_id != claim_id,
    )


def _email(row: EmailRow) -> ThreadEmail:
    return ThreadEmail(
        email_id=row.id,
        kind=row.kind,
        recipient=row.recipient,
        subject=row.subject,
        status=row.status,
        held_reason=row.held_reason,
        last_code=row.last_code,
        policy_version=row.policy_version,
        created_at=row.created_at,
        sent_at=row.sent_at,
        raw=row.raw or b"",
    )
