"""Browsers that are signed in: the cookie's secret is known by its sha256 only."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import sqlalchemy as sa

from worker.adapters.store.desk.people import to_person
from worker.adapters.store.desk_schema import DeskSessionRow, StaffRow
from worker.adapters.store.engine import Database
from worker.domain.staff import Person
from worker.ports import Clock

IDLE_FOR = timedelta(hours=12)
LIVES_FOR = timedelta(days=7)
"""Our choice: a working day without a click, a working week in all."""
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DeskSession:
    """A signed-in browser: who it is, and the token that its forms carry."""

    person: Person
    csrf: str


class Sessions:
    """Begins, finds and ends sessions; every method is one transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, person_id: int) -> str:
        """Begin a session and return the secret for its cookie, never seen before."""
        secret, now = secrets.token_urlsafe(32), self._clock.now()
        with self._database.write() as session:
            session.execute(
                sa.delete(DeskSessionRow).where(
                    sa.or_(
                        DeskSessionRow.created_at < now - LIVES_FOR,
                        DeskSessionRow.seen_at < now - IDLE_FOR,
                    )
                )
            )
            session.add(
                DeskSessionRow(
                    secret_sha256=_digest(secret),
                    staff_id=person_id,
                    csrf=secrets.token_urlsafe(32),
                    created_at=now,
                    seen_at=now,
                )
            )
        return secret

    def find(self, secret: str, *, is_used: bool = True) -> DeskSession | None:
        """Return the session of a cookie; None if it ended or its account did.

        What a page asks by itself is no use of it: an idle session ends all the same.
        """
        now, digest = self._clock.now(), _digest(secret)
        with self._database.read() as session:
            found = session.execute(
                sa.select(DeskSessionRow, StaffRow)
                .join(StaffRow, StaffRow.id == DeskSessionRow.staff_id)
                .where(
                    DeskSessionRow.secret_sha256 == digest,
                    DeskSessionRow.created_at >= now - LIVES_FOR,
                    DeskSessionRow.seen_at >= now - IDLE_FOR,
                    StaffRow.disabled_at.is_(None),
                )
            ).one_or_none()
            if found is None:
                return None
            row, person = found
            is_stale = is_used and row.seen_at < now - _SEEN_EVERY
            made = DeskSession(to_person(person), row.csrf)
        if is_stale:
            with self._database.write() as session:
                session.execute(
                    sa.update(DeskSessionRow)
                    .where(DeskSessionRow.secret_sha256 == digest)
                    .values(seen_at=now)
                )
        return made

    def end(self, secret: str) -> None:
        """End a session; one that ended already stays ended."""
        with self._database.write() as session:
            session.execute(
                sa.delete(DeskSessionRow).where(
                    DeskSessionRow.secret_sha256 == _digest(secret)
                )
            )


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
