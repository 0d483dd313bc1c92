"""Claims with their events, files and documents."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from worker.adapters.store import assessments
from worker.adapters.store.engine import Database, insert
from worker.adapters.store.schema import (
    NO_DEADLINE,
    ClaimEventRow,
    ClaimRow,
    DocumentRow,
    MailboxRow,
    MailRow,
    PieceRow,
    SharedMailRow,
)
from worker.domain.claim import Claim, ClaimEvent, ClaimState, ClaimType, Event
from worker.domain.deadlines import deadline_at
from worker.domain.documents import DocumentKind, DocumentVerdict, Piece, Verdict, Why
from worker.domain.errors import StaleClaim
from worker.domain.findings import Assessment
from worker.domain.orders import normal_id

_NOBODYS = (ClaimState.IDENTITY_HOLD, ClaimState.MERGED, ClaimState.NOT_A_CLAIM)


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

    def get(self, claim_id: int) -> Claim | None:
        """Return one claim, or None."""
        with self._database.read() as session:
            row = session.get(ClaimRow, claim_id)
            return None if row is None else to_claim(row)

    def of_order(self, order_number: str) -> list[tuple[Claim, str | None]]:
        """Return every claim of an order and whom it is held for, newest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(ClaimRow)
                .where(ClaimRow.order_key == normal_id(order_number))
                .order_by(ClaimRow.id.desc())
            ).scalars()
            return [(to_claim(row), row.held_address) for row in rows]

    def earlier_of_member(self, claim: Claim, *, since: datetime) -> list[int]:
        """Return a member's earlier claims by number; held ones are not theirs yet."""
        with self._database.read() as session:
            return list(
                session.execute(
                    sa.select(ClaimRow.id)
                    .where(
                        ClaimRow.member_key == normal_id(claim.member_id),
                        ClaimRow.id < claim.claim_id,
                        ClaimRow.received_at >= since,
                        ClaimRow.state.not_in(_NOBODYS),
                    )
                    .order_by(ClaimRow.id)
                ).scalars()
            )

    def go_live_at(self, claim_id: int) -> datetime | None:
        """Return the go-live instant of the mailbox where the claim's mail came in."""
        with self._database.read() as session:
            return session.execute(
                sa.select(MailboxRow.go_live_at)
                .join(MailRow, MailRow.mailbox_id == MailboxRow.id)
                .where(belongs_to(claim_id))
                .order_by(MailRow.id)
                .limit(1)
            ).scalar()

    def mails(self, claim_id: int) -> list[ClaimMail]:
        """Return the mails of a claim in the order in which they were settled."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(MailRow)
                .where(belongs_to(claim_id), MailRow.fate != "duplicate")
                .order_by(MailRow.id)
            ).scalars()
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

    def pieces(self, claim_id: int) -> list[Piece]:
        """Return the files of a claim, oldest mail first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(PieceRow)
                .where(PieceRow.claim_id == claim_id)
                .order_by(PieceRow.mail_id, PieceRow.id)
            ).scalars()
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

    def waived(self, claim_id: int) -> dict[DocumentKind, datetime]:
        """Return the documents that a person waived, and when."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(DocumentRow.kind, DocumentRow.waived_at).where(
                    DocumentRow.claim_id == claim_id, DocumentRow.waived_at.is_not(None)
                )
            )
            return {DocumentKind(row.kind): row.waived_at for row in rows}

    def latest_assessment(self, claim_id: int) -> Assessment | None:
        """Return the newest assessment, or None."""
        with self._database.read() as session:
            return assessments.latest(session, claim_id)

    def closed_incomplete_at(self, claim_id: int) -> datetime | None:
        """Return when a claim was last closed because documents stayed missing."""
        with self._database.read() as session:
            return session.execute(
                sa.select(sa.func.max(ClaimEventRow.at)).where(
                    ClaimEventRow.claim_id == claim_id,
                    ClaimEventRow.event == Event.DOCS_EXPIRED,
                )
            ).scalar()

    def decided_usd(self, claim_id: int) -> Decimal | None:
        """Return the approved amount, or None while nothing is approved."""
        with self._database.read() as session:
            return session.execute(
                sa.select(ClaimRow.decided_usd).where(ClaimRow.id == claim_id)
            ).scalar()

    def events(self, claim_id: int) -> list[ClaimEvent]:
        """Return the claim's history, oldest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(ClaimEventRow)
                .where(ClaimEventRow.claim_id == claim_id)
                .order_by(ClaimEventRow.seq)
            ).scalars()
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


def belongs_to(claim_id: int) -> sa.ColumnElement[bool]:
    """Return the condition for the mails of a claim, shared ones included.

    As one subquery, since PostgreSQL scans all mails where a subquery is one of two
    alternatives.
    """
    own = aliased(MailRow)
    numbers = sa.union_all(
        sa.select(own.id).where(own.claim_id == claim_id),
        sa.select(SharedMailRow.mail_id).where(SharedMailRow.claim_id == claim_id),
    )
    return MailRow.id.in_(numbers)


def open_claim(
    session: Session,
    claim: Claim,
    *,
    held_address: str | None = None,
    number: int | None = None,
) -> Claim:
    """Insert a new claim; its `claim_id` is ignored and given back filled in.

    It is `number`, or the next one where that is None.
    """
    row = ClaimRow(
        id=number,
        member_id=claim.member_id,
        member_key=normal_id(claim.member_id),
        order_number=claim.order_number,
        order_key=normal_id(claim.order_number),
        package_id=claim.package_id,
        package_key=claim.package_id or "",
        version=1,
        held_address=held_address,
        **_columns(claim),
    )
    session.add(row)
    session.flush()
    return to_claim(row)


def save_claim(session: Session, before: Claim, after: Claim) -> Claim:
    """Write a changed claim if nobody changed it since it was read.

    Raises:
        StaleClaim: the version moved; read again and decide again.
    """
    done = session.execute(
        sa.update(ClaimRow)
        .where(ClaimRow.id == before.claim_id, ClaimRow.version == before.version)
        .values(
            version=before.version + 1,
            package_id=after.package_id,
            package_key=after.package_id or "",
            **_columns(after),
        )
        .execution_options(synchronize_session=False)
    )
    if getattr(done, "rowcount", 0) == 0:
        raise StaleClaim(before.ref)
    session.expire_all()
    return to_claim(session.get_one(ClaimRow, before.claim_id))


def lock_claim(session: Session, claim_id: int) -> Claim | None:
    """Return the claim as it is now; nobody else changes it before the commit."""
    row = session.execute(
        sa.select(ClaimRow)
        .where(ClaimRow.id == claim_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    return None if row is None else to_claim(row)


def append_event(session: Session, claim_id: int, event: ClaimEvent) -> int:
    """Append one event; the sequence of a claim has no gaps. Returns its number."""
    # Who appends at the same time waits here, instead of taking the same number.
    lock_claim(session, claim_id)
    last = session.execute(
        sa.select(sa.func.max(ClaimEventRow.seq)).where(
            ClaimEventRow.claim_id == claim_id
        )
    ).scalar()
    seq = (last or 0) + 1
    session.add(
        ClaimEventRow(
            claim_id=claim_id,
            seq=seq,
            event=event.event,
            actor=event.actor,
            at=event.at,
            state_before=event.state_before,
            state_after=event.state_after,
            reason=event.reason,
            clauses=list(event.clauses),
            data=event.data or {},
        )
    )
    session.flush()
    return seq


def add_pieces(session: Session, claim_id: int, pieces: Sequence[Piece]) -> None:
    """Write the files of a mail; a file that is there already is left as it is."""
    for piece in pieces:
        session.execute(
            insert(session, PieceRow)
            .values(
                claim_id=claim_id,
                mail_id=piece.mail_id,
                path=piece.path[:400],
                filename=piece.filename[:200],
                sha256=piece.sha256,
                kind=piece.kind,
                is_provisional=piece.is_provisional,
                why=piece.why,
                evidence=piece.evidence,
                total_usd=piece.total_usd,
            )
            .on_conflict_do_nothing()
        )


def replace_pieces(
    session: Session, claim_id: int, mail_id: int, pieces: Sequence[Piece]
) -> None:
    """Write the files of a mail anew: its pictures were read."""
    session.execute(
        sa.delete(PieceRow).where(
            PieceRow.claim_id == claim_id, PieceRow.mail_id == mail_id
        )
    )
    add_pieces(session, claim_id, pieces)


def release_held_mails(session: Session, claim_id: int, *, at: datetime) -> None:
    """Let the files of a held claim count from now on."""
    session.execute(
        sa.update(MailRow)
        .where(MailRow.claim_id == claim_id, MailRow.counts_from.is_(None))
        .values(counts_from=at)
        .execution_options(synchronize_session=False)
    )


def to_claim(row: ClaimRow) -> Claim:
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
        **{name: getattr(row, name) for name in _PLAIN},
    )


_PLAIN = tuple(
    field.name
    for field in fields(Claim)
    if field.name.endswith(("_at", "_by", "_address", "_into"))
)
"""Fields that a claim and its row hold alike."""


def _columns(claim: Claim) -> dict[str, object]:
    return {
        "claim_type": claim.claim_type,
        "state": claim.state,
        "is_open": claim.is_open,
        "flags": list(claim.flags),
        "deadline_at": deadline_at(claim) or NO_DEADLINE,
        **{name: getattr(claim, name) for name in _PLAIN},
    }


def _event(row: ClaimEventRow) -> ClaimEvent:
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
