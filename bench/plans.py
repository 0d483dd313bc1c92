"""Watches the statements of a PostgreSQL engine, and looks at how each is carried out.

A plan that reads a large table from end to end costs more with every mail there is.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

LARGE = ("claims", "mails", "jobs", "claim_events", "emails", "pieces", "documents")
"""Tables that grow with the mails."""
_WHOLE = re.compile(rf"Seq Scan on ({'|'.join(LARGE)})\b")
READS = ("select", "with")
ALL = (*READS, "insert", "update", "delete")


class PlanWatch:
    """Notes what an engine is asked; explains it when told to.

    Args:
        engine: of a PostgreSQL that has statistics of its tables.
        only: the first words of the statements that are noted.
    """

    def __init__(self, engine: sa.Engine, only: Collection[str] = READS) -> None:
        self._engine = engine
        self._only = tuple(only)
        self._ran: list[tuple[str, object]] = []
        self._is_on = True
        sa.event.listen(engine, "before_cursor_execute", self._note)

    def take(self) -> list[tuple[str, object]]:
        """Return the statements since the last time, with their parameters."""
        ran, self._ran = self._ran, []
        return ran

    def whole(self, ran: list[tuple[str, object]], name: str) -> set[str]:
        """Return the large tables that these read whole; print each such plan."""
        found = set()
        with self._unwatched(), self._engine.connect() as connection:
            cursor = connection.connection.cursor()
            for statement, parameters in ran:
                cursor.execute(f"explain {statement}", parameters)
                plan = "\n".join(row[0] for row in cursor.fetchall())
                tables = set(_WHOLE.findall(plan))
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
            self._ran.append((str(statement), parameters))
