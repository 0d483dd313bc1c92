"""Lists that a person keeps under a name."""

from dataclasses import dataclass

import sqlalchemy as sa

from worker.adapters.store.desk_schema import SavedViewRow
from worker.adapters.store.engine import Database, insert
from worker.domain.errors import UsageError

MOST = 30
LONGEST_NAME = 60
LONGEST_QUERY = 1000


@dataclass(frozen=True, slots=True)
class SavedView:
    """A list under a name; `query` is that of its address."""

    view_id: int
    name: str
    query: str


class Views:
    """Reads and writes the saved views of people; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, person_id: int) -> list[SavedView]:
        """Return the views of a person by name."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(SavedViewRow)
                .where(SavedViewRow.staff_id == person_id)
                .order_by(SavedViewRow.name)
            ).scalars()
            return [SavedView(row.id, row.name, row.query) for row in rows]

    def save(self, person_id: int, name: str, query: str) -> None:
        """Keep a list under a name; one that had the name is replaced.

        Raises:
            UsageError: no name, a name or list that is too long, or too many views.
        """
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME:
            raise UsageError(f"a view needs a name of 1 to {LONGEST_NAME} letters")
        if len(query) > LONGEST_QUERY:
            raise UsageError("that list has too many filters to be kept")
        with self._database.write() as session:
            session.execute(
                insert(session, SavedViewRow)
                .values(staff_id=person_id, name=name, query=query)
                .on_conflict_do_update(
                    index_elements=["staff_id", "name"], set_={"query": query}
                )
            )
            own = sa.select(sa.func.count()).where(SavedViewRow.staff_id == person_id)
            if session.execute(own).scalar_one() > MOST:
                raise UsageError(f"{MOST} views are the most: delete one first")

    def delete(self, person_id: int, view_id: int) -> None:
        """Forget a view of the person; another's stays."""
        with self._database.write() as session:
            session.execute(
                sa.delete(SavedViewRow).where(
                    SavedViewRow.id == view_id, SavedViewRow.staff_id == person_id
                )
            )
