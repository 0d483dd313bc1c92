"""Claims that no mail gives again, which a rebuilt record takes over as they are."""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.schema import Base, ClaimRow

Row = dict[str, Any]
_PARTS = {
    "findings": ("assessment_id", "assessments"),
    "photograph_keys": ("photograph_id", "photographs"),
}
"""Rows that belong to a claim through a row of another table."""


class WholeClaims:
    """The claims of an old record that were erased, or that a new one has not made.

    Their rows are numbered on behind those that were made.
    """

    def __init__(self, old: Session, new: Session) -> None:
        made = set(new.execute(sa.select(ClaimRow.id)).scalars())
        rows = old.execute(sa.select(ClaimRow.id, ClaimRow.erased_at))
        self._old, self._new = old, new
        self._moved_by: dict[str, int] = {}
        self.ids = frozenset(
            row.id for row in rows if row.erased_at is not None or row.id not in made
        )

    def left_out(self, table: sa.Table, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows of the new record that are of none of these claims."""
        column, numbers = self._marks(self._new, table)
        return (row for row in rows if column is None or row[column] not in numbers)

    def taken(
        self, table: sa.Table, rows: Iterable[Row], write: Session
    ) -> Iterator[Row]:
        """Yield the rows of the old record that are of these claims, numbered anew."""
        column, numbers = self._marks(self._old, table)
        if column is None or not self.ids:
            return
        moved: dict[str, int] = {}
        if table.name in _PARTS:
            moved[column] = self._moved_by[_PARTS[table.name][1]]
        elif "id" in table.columns and table.name != "claims":
            last = write.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
            self._moved_by[table.name] = moved["id"] = last
        for row in rows:
            if row[column] in numbers:
                yield row | {name: row[name] + by for name, by in moved.items()}

    def _marks(
        self, session: Session, table: sa.Table
    ) -> tuple[str | None, frozenset[int]]:
        """Return by which column, and which values, rows belong to these claims."""
        if table.name == "claims":
            return "id", self.ids
        if table.name not in _PARTS:
            return ("claim_id" if "claim_id" in table.columns else None), self.ids
        column, name = _PARTS[table.name]
        parent = Base.metadata.tables[name]
        rows = session.execute(sa.select(parent.c.id, parent.c.claim_id))
        return column, frozenset(row.id for row in rows if row.claim_id in self.ids)
