"""What the read API lists: claims by number, mails' fates, counts of queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from worker.adapters.store.claims import to_claim
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import ClaimEventRow, ClaimRow, JobRow, MailRow
from worker.domain.claim import Claim, ClaimState, Event
from worker.domain.orders import normal_id

MOST_MAILS = 100
_ALIVE = ("waiting", "ready", "running")


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
        """Return claims with a number above `after`, lowest first."""
        query = (
            sa.select(ClaimRow)
            .where(ClaimRow.id > after, *_conditions(wanted))
            .order_by(ClaimRow.id)
            .limit(limit)
        )
        with self._database.read() as session:
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
        """Return the counts of these queues; jobs that are done are not looked at."""
        clock = self._database.now_ms
        is_ready = JobRow.state == "ready"
        alive = (
            sa.select(
                JobRow.queue,
                sa.func.count().filter(JobRow.state == "waiting").label("waiting"),
                sa.func.count()
                .filter(is_ready, JobRow.run_at_ms <= clock)
                .label("ready"),
                sa.func.count()
                .filter(is_ready, JobRow.run_at_ms > clock)
                .label("delayed"),
                sa.func.count().filter(JobRow.state == "running").label("running"),
                sa.func.min(JobRow.created_at).label("oldest_at"),
            )
            .where(JobRow.state.in_(_ALIVE))
            .group_by(JobRow.queue)
        )
        dead = (
            sa.select(JobRow.queue, sa.func.count().label("number"))
            .where(JobRow.state == "quarantined")
            .group_by(JobRow.queue)
        )
        with self._database.read() as session:
            standing = {row.queue: row for row in session.execute(alive)}
            died = {row.queue: row.number for row in session.execute(dead)}
        counted = []
        for name in names:
            row, number = standing.get(name), died.get(name, 0)
            counted.append(
                QueueCount(name, 0, 0, 0, 0, number, None)
                if row is None
                else QueueCount(
                    name,
                    row.waiting,
                    row.ready,
                    row.delayed,
                    row.running,
                    number,
                    row.oldest_at,
                )
            )
        return counted


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
    if wanted.changed_since is not None:
        # Every event by name, so that (event, at) serves, which is an index.
        changed = sa.select(ClaimEventRow.claim_id).where(
            ClaimEventRow.event.in_(sorted(Event)),
            ClaimEventRow.at >= wanted.changed_since,
        )
        found.append(ClaimRow.id.in_(changed))
    return found


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
