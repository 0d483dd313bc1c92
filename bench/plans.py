"""Watches the statements of a PostgreSQL engine, and looks at how each is carried out.

A plan that reads a large table from end to end costs more with every mail there is.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

LARGE = ("claims", "mails", "jobs", "claim_events", "emails", "pieces", "documents")
"""Tables that grow with the mails."""
READS = ("select", "with")
ALL = (*READS, "insert", "update", "delete")


class PlanWatch:
    """Notes what an engine is asked; explains it when told to.

    Args:
        engine: of a PostgreSQL that has statistics of its tables.
        only: the first words of the statements that are noted.
        tables: that no statement may read from end to end.
    """

    def __init__(
        self,
        engine: sa.Engine,
        only: Collection[str] = READS,
        *,
        tables: Collection[str] = LARGE,
    ) -> None:
        self._engine = engine
        self._only = tuple(only)
        self._whole = re.compile(rf"Seq Scan on ({'|'.join(tables)})\b")
        self._ran: dict[str, object] = {}
        self._count = 0
        self._is_on = True
        sa.event.listen(engine, "before_cursor_execute", self._note)

    def take(self) -> tuple[int, dict[str, object]]:
        """Return how many statements ran since the last time, and each with values."""
        taken = self._count, self._ran
        self._count, self._ran = 0, {}
        return taken

    def whole(self, ran: Mapping[str, object], name: str) -> set[str]:
        """Return the tables that these read whole; print each such plan."""
        found = set()
        with self._unwatched(), self._engine.connect() as connection:
            cursor = connection.connection.cursor()
            for statement, parameters in ran.items():
                cursor.execute(f"explain {statement}", parameters)  # type: ignore[arg-type]
                plan = "\n".join(row[0] for row in cursor.fetchall())
                tables = set(self._whole.findall(plan))
                if tables:
                    print(f"\n-- {name}\n{statement}\n{plan}\n")
                found |= tables
            connection.rollback()
        return found

    @contextmanager
    def _unwatched(self) -> Iterator[None]:
        self._is_on = False
        try:
            yield
        finally:
            self._is_on = True

    def _note(self, *noted: object) -> None:
        _connection, _cursor, statement, parameters, *_ = noted
        if self._is_on and str(statement).lstrip().lower().startswith(self._only):
            if isinstance(parameters, list):
                parameters = parameters[0]
            self._count += 1
            self._ran.setdefault(str(statement), parameters)
