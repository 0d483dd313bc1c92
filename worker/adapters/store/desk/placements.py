"""What people did in triage, kept for the moment in which it can be undone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import PendingPlacementRow
from worker.adapters.store.engine import Database, insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a person did in triage, before it happens; see `triaging.py`."""

    pending_id: int
    target: str
    deed: str
    mail_id: int | None
    claim_id: int | None
    seen: str
    data: Mapping[str, str]
    reason: str
    by: str
    due_at: datetime
    why_not: str


class Placements:
    """Reads the placements that wait for their moment, or did not happen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, pending_id: int) -> Placement | None:
        """Return one, or None where it happened or was undone."""
        with self._database.read() as session:
            row = session.get(PendingPlacementRow, pending_id)
            return None if row is None else _placement(row)

    def of_mails(self, mail_ids: Collection[int]) -> dict[int, list[Placement]]:
        """Return those about some mails, oldest first."""
        return self._by("mail_id", PendingPlacementRow.mail_id.in_(list(mail_ids)))

    def of_claims(self, claim_ids: Collection[int]) -> dict[int, list[Placement]]:
        """Return those about some claims, oldest first."""
        return self._by("claim_id", PendingPlacementRow.claim_id.in_(list(claim_ids)))

    def _by(
        self, name: str, where: sa.ColumnElement[bool]
    ) -> dict[int, list[Placement]]:
        found: dict[int, list[Placement]] = {}
        with self._database.read() as session:
            rows = session.execute(
                sa.select(PendingPlacementRow)
                .where(where)
                .order_by(PendingPlacementRow.id)
            ).scalars()
            for row in rows:
                found.setdefault(getattr(row, name), []).append(_placement(row))
        return found

    def undo(self, *, mail_id: int | None = None, claim_id: int | None = None) -> int:
        """Take back what has not happened yet, or what did not; count them."""
        where = (
            PendingPlacementRow.claim_id == claim_id
            if mail_id is None
            else PendingPlacementRow.mail_id == mail_id
        )
        with self._database.write() as session:
            gone = session.execute(
                sa.delete(PendingPlacementRow)
                .where(where)
                .returning(PendingPlacementRow.id)
                .execution_options(synchronize_session=False)
            ).scalars()
            return len(gone.all())


def put_placement(
    session: Session, placement: Placement, *, at: datetime
) -> int | None:
    """Write a placement in a caller's transaction; None where one is there already.

    One that did not happen gives way.
    """
    session.execute(
        sa.delete(PendingPlacementRow).where(
            PendingPlacementRow.target == placement.target,
            PendingPlacementRow.why_not != "",
        )
    )
    return session.execute(
        insert(session, PendingPlacementRow)
        .values(
            target=placement.target,
            deed=placement.deed,
            mail_id=placement.mail_id,
            claim_id=placement.claim_id,
            seen=placement.seen,
            data=dict(placement.data),
            reason=placement.reason,
            by=placement.by,
            at=at,
            due_at=placement.due_at,
            why_not="",
        )
        .on_conflict_do_nothing(index_elements=["target"])
        .returning(PendingPlacementRow.id)
    ).scalar()


def take_placement(session: Session, pending_id: int) -> bool:
    """End a placement that happens now; False where it was undone."""
    gone = session.execute(
        sa.delete(PendingPlacementRow)
        .where(PendingPlacementRow.id == pending_id)
        .returning(PendingPlacementRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    return gone is not None


def stop_placement(session: Session, pending_id: int, *, why_not: str) -> None:
    """Say why a placement did not happen."""
    session.execute(
        sa.update(PendingPlacementRow)
        .where(PendingPlacementRow.id == pending_id)
        .values(why_not=why_not)
        .execution_options(synchronize_session=False)
    )


def _placement(row: PendingPlacementRow) -> Placement:
    return Placement(
        pending_id=row.id,
        target=row.target,
        deed=row.deed,
        mail_id=row.mail_id,
        claim_id=row.claim_id,
        seen=row.seen,
        data=dict(row.data),
        reason=row.reason,
        by=row.by,
        due_at=row.due_at,
        why_not=row.why_not,
    )
