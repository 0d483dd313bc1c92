"""Tokens of the APIs: known by their sha256 only, so that none can be read back."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import exc

from worker.adapters.store.desk_schema import ApiTokenRow
from worker.adapters.store.engine import Database
from worker.domain.errors import UsageError, WrongUse
from worker.ports import Clock

PREFIX = "claims_"
"""So that scanners for leaked secrets can know one of ours."""
LONGEST_NAME = 100
READ, POINTS = "read", "points"
SCOPES = (READ, POINTS)
"""What a token opens: the read API, or the points API; never both."""
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as people see it, without its secret."""

    token_id: int
    name: str
    made_by: str
    made_at: datetime
    used_at: datetime | None
    """To the minute; None is never."""
    revoked_at: datetime | None
    scope: str = READ


class Tokens:
    """Makes, finds and revokes tokens; every method is one transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, *, by: str, scope: str = READ) -> str:
        """Make a token and return its secret, which is not seen again.

        Raises:
            WrongUse: the name is empty or too long, or there is no such scope.
            UsageError: there was a token of this name before.
        """
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise WrongUse(f"name the token in 1 to {LONGEST_NAME} letters")
        if scope not in SCOPES:
            raise WrongUse(f"a token opens one of {', '.join(SCOPES)}")
        secret = PREFIX + secrets.token_urlsafe(32)
        row = ApiTokenRow(
            name=name,
            secret_sha256=_digest(secret),
            made_by=by,
            made_at=self._clock.now(),
            scope=scope,
        )
        try:
            with self._database.write() as session:
                session.add(row)
        except exc.IntegrityError:
            raise UsageError(f"there is or was a token {name} already") from None
        return secret

    def find(self, secret: str, *, scope: str = READ) -> ApiToken | None:
        """Return the token of a secret, or None if there is none or it was revoked.

        One that opens something else is none.

        Found by its digest, so that the time it takes tells nothing of the secret.
        """
        now, digest = self._clock.now(), _digest(secret)
        with self._database.read() as session:
            row = session.execute(
                sa.select(ApiTokenRow).where(
                    ApiTokenRow.secret_sha256 == digest,
                    ApiTokenRow.revoked_at.is_(None),
                    ApiTokenRow.scope == scope,
                )
            ).scalar_one_or_none()
            found = None if row is None else _token(row)
        if found is not None and (
            found.used_at is None or found.used_at < now - _USED_EVERY
        ):
            self._change(found.token_id, used_at=now)
        return found

    def listed(self) -> list[ApiToken]:
        """Return every token, those that work first, by name."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(ApiTokenRow).order_by(
                    ApiTokenRow.revoked_at.is_not(None), ApiTokenRow.name
                )
            ).scalars()
            return [_token(row) for row in rows]

    def named(self, name: str) -> ApiToken | None:
        """Return the token of a name, or None."""
        return self._one(ApiTokenRow.name == name.strip())

    def get(self, token_id: int) -> ApiToken | None:
        """Return a token by its number, or None."""
        return self._one(ApiTokenRow.id == token_id)

    def revoke(self, token_id: int) -> None:
        """Let a token open nothing from now on; one that was revoked stays so."""
        self._change(token_id, revoked_at=self._clock.now())

    def _one(self, where: sa.ColumnElement[bool]) -> ApiToken | None:
        with self._database.read() as session:
            row = session.execute(sa.select(ApiTokenRow).where(where)).scalar()
            return None if row is None else _token(row)

    def _change(self, token_id: int, **values: object) -> None:
        with self._database.write() as session:
            session.execute(
                sa.update(ApiTokenRow)
                .where(ApiTokenRow.id == token_id, ApiTokenRow.revoked_at.is_(None))
                .values(**values)
            )


def _token(row: ApiTokenRow) -> ApiToken:
    return ApiToken(
        row.id,
        row.name,
        row.made_by,
        row.made_at,
        row.used_at,
        row.revoked_at,
        row.scope,
    )


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
