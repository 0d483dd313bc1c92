"""Who looks at a claim just now, and who writes to its member."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from worker.adapters.store.desk_schema import PresenceRow
from worker.adapters.store.engine import Database, insert

BEAT = timedelta(seconds=15)
GONE_AFTER = timedelta(seconds=40)
"""Two beats missed, and a little for the way."""


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody at a claim."""

    name: str
    is_writing: bool


class Presence:
    """Beats of open pages; by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, claim_id: int, name: str, *, is_writing: bool) -> None:
        """Say that somebody has the claim's page open; forget who left it."""
        clock = self._database.now_ms
        with self._database.write() as session:
            session.execute(
                sa.delete(PresenceRow)
                .where(
                    PresenceRow.claim_id == claim_id,
                    PresenceRow.seen_at_ms < clock - _GONE_MS,
                )
                .execution_options(synchronize_session=False)
            )
            session.execute(
                insert(session, PresenceRow)
                .values(
                    claim_id=claim_id,
                    name=name,
                    seen_at_ms=clock,
                    is_writing=is_writing,
                )
                .on_conflict_do_update(
                    index_elements=["claim_id", "name"],
                    set_={"seen_at_ms": clock, "is_writing": is_writing},
                )
            )

    def leave(self, claim_id: int, name: str) -> None:
        """Say that somebody closed the page."""
        with self._database.write() as session:
            session.execute(
                sa.delete(PresenceRow).where(
                    PresenceRow.claim_id == claim_id, PresenceRow.name == name
                )
            )

    def others(self, claim_id: int, name: str) -> list[Present]:
        """Return who else is there, by name."""
        clock = self._database.now_ms
        with self._database.read() as session:
            rows = session.execute(
                sa.select(PresenceRow)
                .where(
                    PresenceRow.claim_id == claim_id,
                    PresenceRow.name != name,
                    PresenceRow.seen_at_ms >= clock - _GONE_MS,
                )
                .order_by(PresenceRow.name)
            ).scalars()
            return [Present(row.name, row.is_writing) for row in rows]


_GONE_MS = int(GONE_AFTER.total_seconds() * 1000)
