"""Guessing passwords takes long: after some failures, each try has to wait."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import SignInFailureRow
from worker.adapters.store.engine import Database, insert
from worker.ports import Clock

LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
"""Our choice: a few typing mistakes cost nothing, a thousand guesses take days."""


class Throttle:
    """Counts tries under keys (a name, an address); none is kept in clear.

    A try counts as failed until `succeeded` says otherwise, so that many at the same
    time are counted like many one after the other.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take_a_try(self, free_tries: Mapping[str, int]) -> timedelta:
        """Count a try under each key and return zero; or return how long to wait.

        The wait doubles with each failure after the free ones, from one second on. A
        try that has to wait is not counted.

        Args:
            free_tries: how many tries are free, by key.
        """
        now = self._clock.now()
        with self._database.write() as session:
            free = {_digest(key): number for key, number in free_tries.items()}
            # In one order, so that two visitors never wait for each other.
            rows = [_locked(session, digest, now) for digest in sorted(free)]
            wait = max(_left(row, free[row.key], now) for row in rows)
            if wait == timedelta(0):
                for row in rows:
                    row.failures += 1
                    row.last_at = now
        return wait

    def succeeded(self, key: str, *also: str) -> None:
        """Forget the failures of a key; take this one try back from the others."""
        now = self._clock.now()
        with self._database.write() as session:
            session.execute(
                sa.delete(SignInFailureRow).where(
                    sa.or_(
                        SignInFailureRow.key == _digest(key),
                        SignInFailureRow.last_at < now - FORGOTTEN_AFTER,
                    )
                )
            )
            session.execute(
                sa.update(SignInFailureRow)
                .where(
                    SignInFailureRow.key.in_(map(_digest, also)),
                    SignInFailureRow.failures > 0,
                )
                .values(failures=SignInFailureRow.failures - 1)
            )


def _locked(session: Session, digest: str, now: datetime) -> SignInFailureRow:
    """Return the row of a key for a change; what is long ago counts no more."""
    session.execute(
        insert(session, SignInFailureRow)
        .values(key=digest, failures=0, last_at=now)
        .on_conflict_do_nothing()
    )
    row = session.get_one(SignInFailureRow, digest, with_for_update=True)
    if row.last_at < now - FORGOTTEN_AFTER:
        row.failures = 0
    return row


def _left(row: SignInFailureRow, free: int, now: datetime) -> timedelta:
    over = row.failures - free
    if over < 0:
        return timedelta(0)
    longest = LONGEST_WAIT.total_seconds()
    wait = timedelta(seconds=min(2.0 ** min(over, 20), longest))
    return max(row.last_at + wait - now, timedelta(0))


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
