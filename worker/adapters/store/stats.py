"""Counts for `claims stats`, `serve --until-idle` and the demo's live view."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from worker.adapters.store.alerts import stands
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import (
    AlertRow,
    ClaimRow,
    EmailRow,
    JobRow,
    MailboxRow,
    MailRow,
    OrderRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One look at everything, taken in one snapshot."""

    mails: int
    fates: dict[str, int]
    """By fate; mails without one yet are under `open`."""
    claims: int
    claims_by_state: dict[str, int]
    emails_by_status: dict[str, int]
    jobs_by_state: dict[str, dict[str, int]]
    """Queue -> job state -> count, finished jobs left out."""
    parked: int
    """Mails that could not be read or fetched."""
    dead_letters: int
    """Jobs in quarantine, whatever their kind."""
    alerts_open: int
    orders: int


@dataclass(frozen=True, slots=True)
class MailboxHealth:
    """How polling one mailbox goes."""

    name: str
    last_uid: int
    backlog: int
    passes: int
    """How many passes over the mailbox ended, ever."""
    passed_at: datetime | None
    trouble: str | None
    trouble_at: datetime | None
    go_live_at: datetime | None


class Stats:
    """Counts rows; every method is one read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self) -> Counts:
        """Return one look at everything."""
        with self._database.read() as session:

            def by(column: sa.SQLColumnExpression[Any]) -> dict[str, int]:
                rows = session.execute(
                    sa.select(column, sa.func.count()).group_by(column)
                )
                return {key or "open": count for key, count in rows}

            def total(table: type) -> int:
                query = sa.select(sa.func.count()).select_from(table)
                return int(session.execute(query).scalar_one())

            jobs: dict[str, dict[str, int]] = {}
            for queue, state, count in session.execute(
                sa.select(JobRow.queue, JobRow.state, sa.func.count())
                .where(JobRow.state != "done")
                .group_by(JobRow.queue, JobRow.state)
            ):
                jobs.setdefault(queue, {})[state] = count
            fates = by(MailRow.fate)
            alerts = session.execute(
                sa.select(sa.func.count()).select_from(AlertRow).where(stands())
            ).scalar_one()
            return Counts(
                mails=sum(fates.values()),
                fates=dict(sorted(fates.items())),
                claims=total(ClaimRow),
                claims_by_state=by(ClaimRow.state),
                emails_by_status=by(EmailRow.status),
                jobs_by_state=jobs,
                parked=fates.get("parked", 0),
                dead_letters=sum(s.get("quarantined", 0) for s in jobs.values()),
                alerts_open=alerts,
                orders=total(OrderRow),
            )

    def mailboxes(self) -> list[MailboxHealth]:
        """Return the health of every mailbox."""
        with self._database.read() as session:
            return [
                MailboxHealth(
                    row.name,
                    row.last_uid,
                    row.backlog,
                    row.passes,
                    row.passed_at,
                    row.trouble,
                    row.trouble_at,
                    row.go_live_at,
                )
                for row in session.execute(
                    sa.select(MailboxRow).order_by(MailboxRow.id)
                ).scalars()
            ]
