"""Alerts: what a person should know, one row an incident."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, insert
from worker.adapters.store.schema import AlertRow


@dataclass(frozen=True, slots=True)
class Alert:
    """One incident: a stable code, what it is about as `kind:number`, and when."""

    code: str
    ref: str
    claim_id: int | None
    raised_at: datetime


class Alerts:
    """Reads alerts; `raise_alert` writes them in a step's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, *, limit: int) -> list[Alert]:
        """Return the alerts that nobody was told about, newest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(AlertRow)
                .where(AlertRow.told_at.is_(None))
                .order_by(AlertRow.raised_at.desc(), AlertRow.id.desc())
                .limit(limit)
            ).scalars()
            return [
                Alert(row.code, row.ref, row.claim_id, row.raised_at) for row in rows
            ]


def raise_alert(
    session: Session, code: str, ref: str, *, at: datetime, claim_id: int | None = None
) -> None:
    """Record an incident once."""
    session.execute(
        insert(session, AlertRow)
        .values(code=code, ref=ref, claim_id=claim_id, raised_at=at)
        .on_conflict_do_nothing(index_elements=["code", "ref"])
    )
