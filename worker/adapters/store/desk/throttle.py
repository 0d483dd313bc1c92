"""Guessing passwords takes long: after some failures, each try has to wait."""

from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from worker.adapters.store.desk_schema import SignInFailureRow
from worker.adapters.store.engine import Database, insert
from worker.ports import Clock

FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
"""Our choice: five typing mistakes cost nothing, a thousand guesses take days."""


class Throttle:
    """Counts failures of names and addresses; neither is kept in clear."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def wait_for(self, *keys: str) -> timedelta:
        """Return how long whoever signs in under these keys has to wait; zero: not.

        The wait doubles with each failure after the free ones, from one second on.
        """
        now = self._clock.now()
        with self._database.read() as session:
            rows = session.execute(
                sa.select(SignInFailureRow).where(
                    SignInFailureRow.key.in_(map(_digest, keys)),
                    SignInFailureRow.last_at >= now - FORGOTTEN_AFTER,
                )
            ).scalars()
            return max((_left(row, now) for row in rows), default=timedelta(0))

    def failed(self, *keys: str) -> None:
        """Count one more failure for each key."""
        now = self._clock.now()
        is_old = SignInFailureRow.last_at < now - FORGOTTEN_AFTER
        with self._database.write() as session:
            for key in sorted(map(_digest, keys)):
                session.execute(
                    insert(session, SignInFailureRow)
                    .values(key=key, failures=1, last_at=now)
                    .on_conflict_do_update(
                        index_elements=["key"],
                        set_={
                            "failures": sa.case(
                                (is_old, 1), else_=SignInFailureRow.failures + 1
                            ),
                            "last_at": now,
                        },
                    )
                )

    def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        with self._database.write() as session:
            session.execute(
                sa.delete(SignInFailureRow).where(SignInFailureRow.key == _digest(key))
            )


def _left(row: SignInFailureRow, now: datetime) -> timedelta:
    over = row.failures - FREE_TRIES
    if over < 0:
        return timedelta(0)
    longest = LONGEST_WAIT.total_seconds()
    wait = timedelta(seconds=min(2.0 ** min(over, 20), longest))
    return max(row.last_at + wait - now, timedelta(0))


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
