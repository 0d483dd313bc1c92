"""Who works on a claim."""

import sqlalchemy as sa

from worker.adapters.store.engine import Database
from worker.adapters.store.schema import ClaimRow


class Assignments:
    """Gives claims to people; it decides nothing, so the version stays."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, claim_id: int) -> str | None:
        """Return who has the claim, by sign-in name."""
        with self._database.read() as session:
            return session.execute(
                sa.select(ClaimRow.assigned_to).where(ClaimRow.id == claim_id)
            ).scalar_one_or_none()

    def give(self, claim_id: int, name: str | None) -> None:
        """Give the claim to somebody; None to nobody."""
        with self._database.write() as session:
            session.execute(
                sa.update(ClaimRow)
                .where(ClaimRow.id == claim_id)
                .values(assigned_to=name)
                .execution_options(synchronize_session=False)
            )
