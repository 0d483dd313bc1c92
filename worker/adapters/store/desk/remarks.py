"""What people note on a claim for each other; nothing is changed or deleted."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from worker.adapters.store.desk_schema import RemarkRow
from worker.adapters.store.engine import Database
from worker.ports import Clock

LONGEST = 5000
"""Characters of one remark. Our choice."""
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Remark:
    """One note of a person on a claim."""

    remark_id: int
    by: str
    at: datetime
    text: str


class Remarks:
    """Appends and reads remarks."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, claim_id: int, text: str, *, by: str) -> int:
        """Append a remark; return its number."""
        with self._database.write() as session:
            row = RemarkRow(
                claim_id=claim_id, by=by, at=self._clock.now(), text=text[:LONGEST]
            )
            session.add(row)
            session.flush()
            return row.id

    def of(self, claim_id: int) -> list[Remark]:
        """Return a claim's remarks, the newest MOST_SHOWN of them, oldest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(RemarkRow)
                .where(RemarkRow.claim_id == claim_id)
                .order_by(RemarkRow.id.desc())
                .limit(MOST_SHOWN)
            ).scalars()
            found = [Remark(row.id, row.by, row.at, row.text) for row in rows]
        return found[::-1]
