"""Notes for staff: the newest of each claim."""

from functools import cache

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, dialect_of, insert_into, once
from worker.adapters.store.schema import NoteRow, table_of
from worker.domain.note import Note

_NOTE = TypeAdapter(Note)


class Notes:
    """Reads notes; `save` writes them in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @once
    def of_claim(self, claim_id: int) -> Note | None:
        """Return the newest note on a claim, or None."""
        with self._database.read() as session:
            body = session.execute(
                sa.select(NoteRow.body).where(NoteRow.claim_id == claim_id)
            ).scalar()
            return None if body is None else _NOTE.validate_json(body)

    def version_of(self, claim_id: int) -> int | None:
        """Return of which version of a claim its note speaks; None where is none."""
        with self._database.read() as session:
            return session.execute(
                sa.select(NoteRow.version).where(NoteRow.claim_id == claim_id)
            ).scalar()


def save(session: Session, note: Note) -> None:
    """Replace the claim's note."""
    values = {
        "claim_id": note.claim_id,
        "version": note.version,
        "written_at": note.written_at,
        "policy_version": note.policy_version,
        "body": _NOTE.dump_json(note).decode(),
    }
    session.connection().execute(_putting(dialect_of(session)), values)


@cache
def _putting(dialect: str) -> sa.Insert:
    statement = insert_into(dialect, table_of(NoteRow))
    changed = ("version", "written_at", "policy_version", "body")
    return statement.on_conflict_do_update(
        index_elements=["claim_id"],
        set_={name: statement.excluded[name] for name in changed},
    )
