"""Browsers that are signed in: the cookie's secret is known by its sha256 only."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser of an account, as its owner sees it. The id opens nothing."""

    session_id: str
    browser: str
    created_at: datetime
    seen_at: datetime
    is_this: bool


class Sessions:
    """Begins, finds and ends sessions; every method is one transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, person_id: int, *, browser: str = "") -> str:
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
                    browser=browser,
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

    def of(self, person_id: int, *, this: str = "") -> list[OpenSession]:
        """Return an account's sessions, the one used last first.

        `this` is the secret of the browser that asks.
        """
        now, digest = self._clock.now(), _digest(this)
        with self._database.read() as session:
            rows = session.execute(
                sa.select(DeskSessionRow)
                .where(
                    DeskSessionRow.staff_id == person_id,
                    DeskSessionRow.created_at >= now - LIVES_FOR,
                    DeskSessionRow.seen_at >= now - IDLE_FOR,
                )
                .order_by(DeskSessionRow.seen_at.desc(), DeskSessionRow.secret_sha256)
            ).scalars()
            return [
                OpenSession(
                    session_id=row.secret_sha256,
                    browser=row.browser,
                    created_at=row.created_at,
                    seen_at=row.seen_at,
                    is_this=row.secret_sha256 == digest,
                )
                for row in rows
            ]

    def end_one(self, person_id: int, session_id: str) -> bool:
        """End a session of an account by its id; False if the account has none such."""
        with self._database.write() as session:
            ended = session.execute(
                sa.delete(DeskSessionRow)
                .where(
                    DeskSessionRow.secret_sha256 == session_id,
                    DeskSessionRow.staff_id == person_id,
                )
                .returning(DeskSessionRow.secret_sha256)
            ).scalar()
        return ended is not None

    def end_all(self, person_id: int) -> None:
        """End every session of an account."""
        with self._database.write() as session:
            session.execute(
                sa.delete(DeskSessionRow).where(DeskSessionRow.staff_id == person_id)
            )

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
