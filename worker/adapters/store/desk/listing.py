"""What the read API lists: claims by number, mails' fates, counts of queues."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.claims import to_claim
from worker.adapters.store.desk.dead_letters import MOST_COUNTED
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import ClaimEventRow, ClaimRow, JobRow, MailRow
from worker.domain.claim import Claim, ClaimState
from worker.domain.orders import normal_id

MOST_MAILS = 100
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFilter:
    """Which claims are asked for; None asks for all."""

    states: Sequence[ClaimState] = ()
    is_open: bool | None = None
    member_id: str | None = None
    order_number: str | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedClaim:
    """A claim with its money and who has it."""

    claim: Claim
    assigned_to: str | None
    proposed_usd: Decimal | None
    decided_usd: Decimal | None
    paid_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFate:
    """What became of a mail; `fate` is None while it waits."""

    mail_id: int
    message_id: str | None
    first_seen_at: datetime
    received_at: datetime | None
    fate: str | None
    settled_at: datetime | None
    claim_id: int | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many jobs of a queue stand where."""

    queue: str
    waiting: int
    """For an earlier job."""
    ready: int
    delayed: int
    running: int
    dead: int
    oldest_at: datetime | None
    """When the oldest job that is neither done nor dead was made."""


class Listing:
    """Reads for programs; every method is one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claims(
        self, wanted: ClaimFilter, *, after: int, limit: int
    ) -> list[ListedClaim]:
        """Return claims with a number above `after`, lowest first.

        With `changed_since` the cost follows what happened since, at any size.
        """
        query = sa.select(ClaimRow).where(*_conditions(wanted)).order_by(ClaimRow.id)
        with self._database.read() as session:
            if wanted.changed_since is not None:
                changed = _changed(session, query, wanted.changed_since, after)
                return list(islice(changed, limit))
            query = query.where(ClaimRow.id > after).limit(limit)
            return [_listed(row) for row in session.execute(query).scalars()]

    def claim(self, claim_id: int) -> ListedClaim | None:
        """Return one claim, or None."""
        with self._database.read() as session:
            row = session.get(ClaimRow, claim_id)
            return None if row is None else _listed(row)

    def mail(self, mail_id: int) -> MailFate | None:
        """Return what became of one mail, or None."""
        with self._database.read() as session:
            row = session.execute(_MAILS.where(MailRow.id == mail_id)).one_or_none()
            return None if row is None else _fate(row)

    def mails_of(self, message_id: str) -> list[MailFate]:
        """Return what became of the mails with a Message-ID, newest first."""
        query = (
            _MAILS.where(MailRow.message_id == message_id)
            .order_by(MailRow.id.desc())
            .limit(MOST_MAILS)
        )
        with self._database.read() as session:
            return [_fate(row) for row in session.execute(query)]

    def queues(self, names: Sequence[str]) -> list[QueueCount]:
        """Return the counts of these queues; jobs that are done are not looked at.

        A count stops at MOST_COUNTED, so that they cost the same at any size.
        """
        is_due = JobRow.run_at_ms <= self._database.now_ms
        with self._database.read() as session:

            def standing(name: str, state: str, *where: _Where) -> _Standing:
                return _standing(session, name, state, *where)

            counted = []
            for name in names:
                waiting = standing(name, "waiting")
                ready, delayed = (
                    standing(name, "ready", is_it) for is_it in (is_due, ~is_due)
                )
                running = standing(name, "running")
                ages = (waiting.oldest_at, ready.oldest_at, delayed.oldest_at)
                found = [at for at in (*ages, running.oldest_at) if at is not None]
                counted.append(
                    QueueCount(
                        name,
                        waiting.number,
                        ready.number,
                        delayed.number,
                        running.number,
                        standing(name, "quarantined").number,
                        min(found, default=None),
                    )
                )
        return counted


@dataclass(frozen=True, slots=True)
class _Standing:
    number: int
    oldest_at: datetime | None


_Where = sa.ColumnElement[bool]


def _standing(session: Session, name: str, state: str, *where: _Where) -> _Standing:
    """Return how many jobs of a queue are in a state, and since when the oldest is."""
    is_state: _Where = sa.literal_column(
        f"jobs.state = '{state}'"
    )  # as the indexes have it
    few = (
        sa.select(JobRow.created_at)
        .where(JobRow.queue == name, is_state, *where)
        .limit(MOST_COUNTED)
        .subquery()
    )
    row = session.execute(sa.select(sa.func.count(), sa.func.min(few.c.created_at)))
    return _Standing(*row.one())


_MAILS = sa.select(
    MailRow.id,
    MailRow.message_id,
    MailRow.first_seen_at,
    MailRow.received_at,
    MailRow.fate,
    MailRow.settled_at,
    MailRow.claim_id,
    MailRow.trouble,
)
"""Without the reading, which is long."""


def _conditions(wanted: ClaimFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.states:
        found.append(ClaimRow.state.in_(sorted(set(wanted.states))))
    if wanted.is_open is not None:
        is_open = sa.and_(ClaimRow.is_open)
        found.append(is_open if wanted.is_open else ~is_open)
    if wanted.member_id is not None:
        found.append(ClaimRow.member_key == normal_id(wanted.member_id))
    if wanted.order_number is not None:
        found.append(ClaimRow.order_key == normal_id(wanted.order_number))
    return found


def _changed(
    session: Session, query: sa.Select[ClaimRow], since: datetime, after: int
) -> Iterator[ListedClaim]:
    """Yield the claims to which something happened and that a query wants.

    What changed is looked up by its instants, apart from the order and the limit: for
    these PostgreSQL would walk through every claim, or every event.
    """
    changed = (
        sa.select(ClaimEventRow.claim_id)
        .where(ClaimEventRow.at >= since)
        .distinct()
        .cte("changed")
        .prefix_with("materialized")
    )
    number = changed.c.claim_id
    numbers = sa.select(number).order_by(number).limit(_AT_ONCE)
    while True:
        some = numbers.where(number > after)
        found = session.execute(some).scalars().all()
        if not found:
            return
        rows = session.execute(query.where(ClaimRow.id.in_(found))).scalars()
        yield from map(_listed, rows)
        after = found[-1]


def _listed(row: ClaimRow) -> ListedClaim:
    return ListedClaim(
        to_claim(row), row.assigned_to, row.proposed_usd, row.decided_usd, row.paid_at
    )


def _fate(row: Any) -> MailFate:  # noqa: ANN401 - a row of eight kinds
    return MailFate(
        mail_id=row.id,
        message_id=row.message_id,
        first_seen_at=row.first_seen_at,
        received_at=row.received_at,
        fate=row.fate,
        settled_at=row.settled_at,
        claim_id=row.claim_id,
        trouble=row.trouble,
    )
