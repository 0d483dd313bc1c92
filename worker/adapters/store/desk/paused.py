"""Queues that rest: their jobs stay where they are until a person resumes them."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import PausedQueueRow
from worker.adapters.store.engine import Database, insert


@dataclass(frozen=True, slots=True)
class PausedQueue:
    """A queue that rests, since when and by whom."""

    queue: str
    by: str
    at: datetime


class Paused:
    """Reads which queues rest; taking a job asks the same table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self) -> list[PausedQueue]:
        """Return the queues that rest now."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(PausedQueueRow).order_by(PausedQueueRow.queue)
            ).scalars()
            return [PausedQueue(row.queue, row.by, row.at) for row in rows]


def pause(session: Session, queue: str, *, by: str, at: datetime) -> bool:
    """Let a queue rest; False where it rests already."""
    added = session.execute(
        insert(session, PausedQueueRow)
        .values(queue=queue, by=by, at=at)
        .on_conflict_do_nothing(index_elements=["queue"])
        .returning(PausedQueueRow.queue)
    ).scalar()
    return added is not None


def resume(session: Session, queue: str) -> bool:
    """Let a queue run again; False where it did."""
    gone = session.execute(
        sa.delete(PausedQueueRow)
        .where(PausedQueueRow.queue == queue)
        .returning(PausedQueueRow.queue)
        .execution_options(synchronize_session=False)
    ).scalar()
    return gone is not None
