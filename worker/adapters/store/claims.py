"""Claims with their events, files and documents."""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from worker.adapters.store import assessments
from worker.adapters.store.engine import Database, once
from worker.adapters.store.schema import (
    ClaimEventRow,
    ClaimRow,
    DocumentRow,
    MailboxRow,
    MailRow,
    PieceRow,
    SharedMailRow,
    table_of,
)
from worker.domain.claim import Claim, ClaimEvent, ClaimState, ClaimType, Event
from worker.domain.documents import DocumentKind, DocumentVerdict, Piece, Verdict, Why
from worker.domain.findings import Assessment
from worker.domain.orders import normal_id

_NOBODYS = (ClaimState.IDENTITY_HOLD, ClaimState.MERGED, ClaimState.NOT_A_CLAIM)


_CLAIMS, _EVENTS = table_of(ClaimRow), table_of(ClaimEventRow)
_OTHER_MAILS, _SHARED = table_of(MailRow).alias(), table_of(SharedMailRow)
THE_CLAIM = sa.bindparam("the_claim", type_=sa.BigInteger)


@dataclass(frozen=True, slots=True)
class ClaimMail:
    """One mail of a claim, as the assessment needs it."""

    mail_id: int
    received_at: datetime
    header_date_at: datetime | None
    counts_from: datetime | None
    sender_tier: str | None
    sender_address: str | None
    message_id: str | None
    flags: tuple[str, ...]


class Claims:
    """Reads claims; the functions below write them in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @once
    def get(self, claim_id: int) -> Claim | None:
        """Return one claim, or None."""
        with self._database.read() as session:
            found = session.connection().execute(SELECT_CLAIM, {"the_claim": claim_id})
            row = found.one_or_none()
            return None if row is None else to_claim(row)

    def of_order(self, order_number: str) -> list[tuple[Claim, str | None]]:
        """Return every claim of an order and whom it is held for, newest first."""
        with self._database.read() as session:
            rows = session.connection().execute(
                _OF_ORDER, {"the_order": normal_id(order_number)}
            )
            return [(to_claim(row), row.held_address) for row in rows]

    def earlier_of_member(self, claim: Claim, *, since: datetime) -> list[int]:
        """Return a member's earlier claims by number; held ones are not theirs yet."""
        with self._database.read() as session:
            which = {
                "the_member": normal_id(claim.member_id),
                "the_claim": claim.claim_id,
                "the_time": since,
            }
            return list(session.connection().execute(_EARLIER, which).scalars())

    @once
    def go_live_at(self, claim_id: int) -> datetime | None:
        """Return the go-live instant of the mailbox where the claim's mail came in."""
        with self._database.read() as session:
            found = session.connection().execute(_GO_LIVE, {"the_claim": claim_id})
            at: datetime | None = found.scalar()
            return at

    @once
    def mails(self, claim_id: int) -> list[ClaimMail]:
        """Return the mails of a claim in the order in which they were settled."""
        with self._database.read() as session:
            rows = session.connection().execute(_OWN_MAILS, {"the_claim": claim_id})
            return [
                ClaimMail(
                    row.id,
                    row.received_at or row.first_seen_at,
                    row.header_date_at,
                    row.counts_from,
                    row.sender_tier,
                    row.sender_address,
                    row.message_id,
                    tuple(row.flags),
                )
                for row in rows
            ]

    @once
    def pieces(self, claim_id: int) -> list[Piece]:
        """Return the files of a claim, oldest mail first."""
        with self._database.read() as session:
            rows = session.connection().execute(_OWN_PIECES, {"the_claim": claim_id})
            return [
                Piece(
                    mail_id=row.mail_id,
                    path=row.path,
                    filename=row.filename,
                    sha256=row.sha256,
                    kind=DocumentKind(row.kind),
                    is_provisional=row.is_provisional,
                    why=Why(row.why) if row.why else None,
                    evidence=row.evidence,
                    total_usd=row.total_usd,
                )
                for row in rows
            ]

    @once
    def documents(self, claim_id: int) -> list[DocumentVerdict]:
        """Return the present verdicts, D1 first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(DocumentRow)
                .where(DocumentRow.claim_id == claim_id)
                .order_by(DocumentRow.kind)
            ).scalars()
            return [
                DocumentVerdict(
                    DocumentKind(row.kind),
                    Verdict(row.verdict),
                    Why(row.why) if row.why else None,
                    tuple(row.files),
                    row.evidence,
                )
                for row in rows
            ]

    @once
    def waived(self, claim_id: int) -> dict[DocumentKind, datetime]:
        """Return the documents that a person waived, and when."""
        with self._database.read() as session:
            rows = session.connection().execute(_WAIVED, {"the_claim": claim_id})
            return {DocumentKind(row.kind): row.waived_at for row in rows}

    @once
    def latest_assessment(self, claim_id: int) -> Assessment | None:
        """Return the newest assessment, or None."""
        with self._database.read() as session:
            return assessments.latest(session, claim_id)

    @once
    def closed_incomplete_at(self, claim_id: int) -> datetime | None:
        """Return when a claim was last closed because documents stayed missing."""
        with self._database.read() as session:
            return session.execute(
                sa.select(sa.func.max(ClaimEventRow.at)).where(
                    ClaimEventRow.claim_id == claim_id,
                    ClaimEventRow.event == Event.DOCS_EXPIRED,
                )
            ).scalar()

    @once
    def decided_usd(self, claim_id: int) -> Decimal | None:
        """Return the approved amount, or None while nothing is approved."""
        with self._database.read() as session:
            return session.execute(
                sa.select(ClaimRow.decided_usd).where(ClaimRow.id == claim_id)
            ).scalar()

    @once
    def events(self, claim_id: int) -> list[ClaimEvent]:
        """Return the claim's history, oldest first."""
        with self._database.read() as session:
            rows = session.connection().execute(_OWN_EVENTS, {"the_claim": claim_id})
            return [_event(row) for row in rows]

    def due(
        self, now: datetime, *, limit: int = 500
    ) -> list[tuple[int, int, datetime]]:
        """Return id, version and date of claims with a deadline due, earliest first.

        A claim stays due until its job has set the next date.
        """
        with self._database.read() as session:
            rows = session.execute(
                sa.select(ClaimRow.id, ClaimRow.version, ClaimRow.next_due_at)
                .where(ClaimRow.next_due_at <= now)
                .order_by(ClaimRow.next_due_at)
                .limit(limit)
            )
            return [
                (row.id, row.version, row.next_due_at)
                for row in rows
                if row.next_due_at
            ]

    def listed(self, *, open_only: bool, limit: int) -> list[Claim]:
        """Return claims, the most urgent first, those without a clock last."""
        with self._database.read() as session:
            query = sa.select(ClaimRow).limit(limit)
            if open_only:
                query = query.where(ClaimRow.is_open)
            query = query.order_by(
                ClaimRow.respond_by.is_(None), ClaimRow.respond_by, ClaimRow.id
            )
            return [to_claim(row) for row in session.execute(query).scalars()]


def belongs_to(claim_id: int | sa.BindParameter[int]) -> sa.ColumnElement[bool]:
    """Return the condition for the mails of a claim, shared ones included.

    As one subquery, since PostgreSQL scans all mails where a subquery is one of two
    alternatives.
    """
    numbers = sa.union_all(
        sa.select(_OTHER_MAILS.c.id).where(_OTHER_MAILS.c.claim_id == claim_id),
        sa.select(_SHARED.c.mail_id).where(_SHARED.c.claim_id == claim_id),
    )
    return MailRow.id.in_(numbers)


def to_claim(row: ClaimRow | sa.Row[Any]) -> Claim:
    """Return the row as the domain's claim."""
    return Claim(
        claim_id=row.id,
        member_id=row.member_id,
        order_number=row.order_number,
        package_id=row.package_id,
        claim_type=ClaimType(row.claim_type),
        state=ClaimState(row.state),
        version=row.version,
        flags=tuple(row.flags),
        **{name: getattr(row, name) for name in PLAIN},
    )


PLAIN = tuple(
    field.name
    for field in fields(Claim)
    if field.name.endswith(("_at", "_by", "_address", "_into"))
)
"""Fields that a claim and its row hold alike."""


def _event(row: sa.Row[Any]) -> ClaimEvent:
    return ClaimEvent(
        event=Event(row.event),
        actor=row.actor,
        at=row.at,
        state_before=ClaimState(row.state_before) if row.state_before else None,
        state_after=ClaimState(row.state_after),
        reason=row.reason,
        clauses=tuple(row.clauses),
        data=dict(row.data),
    )


# Statements that every mail needs are made once: making one takes longer than running
# it, and rows as tuples longer still as objects.
SELECT_CLAIM = sa.select(_CLAIMS).where(_CLAIMS.c.id == THE_CLAIM)
_OF_ORDER = (
    sa.select(_CLAIMS)
    .where(_CLAIMS.c.order_key == sa.bindparam("the_order"))
    .order_by(_CLAIMS.c.id.desc())
)
_EARLIER = (
    sa.select(_CLAIMS.c.id)
    .where(
        _CLAIMS.c.member_key == sa.bindparam("the_member"),
        _CLAIMS.c.id < THE_CLAIM,
        _CLAIMS.c.received_at >= sa.bindparam("the_time"),
        _CLAIMS.c.state.not_in(_NOBODYS),
    )
    .order_by(_CLAIMS.c.id)
)
_WAIVED = sa.select(DocumentRow.kind, DocumentRow.waived_at).where(
    DocumentRow.claim_id == THE_CLAIM, DocumentRow.waived_at.is_not(None)
)
_GO_LIVE = (
    sa.select(MailboxRow.go_live_at)
    .join(MailRow, MailRow.mailbox_id == MailboxRow.id)
    .where(belongs_to(THE_CLAIM))
    .order_by(MailRow.id)
    .limit(1)
)
_OWN_MAILS = (
    sa.select(
        *(
            table_of(MailRow).c[name]
            for name in (
                "id",
                "received_at",
                "first_seen_at",
                "header_date_at",
                "counts_from",
                "sender_tier",
                "sender_address",
                "message_id",
                "flags",
            )
        )
    )
    .where(belongs_to(THE_CLAIM), MailRow.fate != "duplicate")
    .order_by(MailRow.id)
)
_OWN_PIECES = (
    sa.select(table_of(PieceRow))
    .where(PieceRow.claim_id == THE_CLAIM)
    .order_by(PieceRow.mail_id, PieceRow.id)
)
_OWN_EVENTS = (
    sa.select(_EVENTS).where(_EVENTS.c.claim_id == THE_CLAIM).order_by(_EVENTS.c.seq)
)
