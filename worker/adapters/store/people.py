"""What only people write: waivers, and mails that count for two claims."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store import mail_changes
from worker.adapters.store.claims import belongs_to
from worker.adapters.store.engine import insert
from worker.adapters.store.schema import DocumentRow, MailRow, PieceRow
from worker.domain.documents import DocumentKind, Verdict


def waive(
    session: Session,
    claim_id: int,
    document: DocumentKind,
    *,
    by: str,
    reason: str,
    at: datetime,
) -> None:
    """Do without a document; the first waiver of it stays."""
    values = {"waived_by": by, "waived_at": at, "waived_reason": reason}
    session.execute(
        insert(session, DocumentRow)
        .values(
            claim_id=claim_id,
            kind=document,
            verdict=Verdict.WAIVED,
            files=[],
            evidence="",
            **values,
        )
        .on_conflict_do_update(
            index_elements=["claim_id", "kind"],
            set_=values,
            where=DocumentRow.waived_at.is_(None),
        )
    )


def share_mails(
    session: Session, claim_id: int, into: int, *, by: str, at: datetime
) -> None:
    """Let the mails of a claim count for another one, with what their files serve as.

    Files of a sender who was not proven count from now on: a person looked.
    """
    session.execute(
        sa.update(MailRow)
        .where(belongs_to(claim_id), MailRow.counts_from.is_(None))
        .values(counts_from=at)
        .execution_options(synchronize_session=False)
    )
    mail_ids = session.execute(
        sa.select(MailRow.id).where(belongs_to(claim_id)).order_by(MailRow.id)
    ).scalars()
    mail_changes.share(session, into, list(mail_ids), by=by, at=at)
    pieces = session.execute(
        sa.select(PieceRow).where(PieceRow.claim_id == claim_id).order_by(PieceRow.id)
    ).scalars()
    copied = [column.key for column in PieceRow.__table__.columns if column.key != "id"]
    for piece in list(pieces):
        values = {name: getattr(piece, name) for name in copied} | {"claim_id": into}
        session.execute(
            insert(session, PieceRow).values(**values).on_conflict_do_nothing()
        )
