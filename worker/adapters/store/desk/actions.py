"""The log of what people did to queues, dead letters and accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import OperatorActionRow
from worker.adapters.store.engine import Database
from worker.ports import Clock


@dataclass(frozen=True, slots=True)
class Action:
    """One line of the log; `target` is a `kind:number` or a queue's or a person's."""

    at: datetime
    by: str
    action: str
    target: str
    reason: str
    data: Mapping[str, object]


class Actions:
    """Appends to the log and reads it; nothing changes a line."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        by: str,
        action: str,
        target: str,
        *,
        reason: str = "",
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Append a line. `data` holds ids and codes only."""
        with self._database.write() as session:
            now = self._clock.now()
            append(session, now, by, action, target, reason=reason, data=data)

    def newest(self, *, limit: int, target: str | None = None) -> list[Action]:
        """Return the newest lines first: all, or those about one target."""
        query = sa.select(OperatorActionRow)
        if target is not None:
            query = query.where(OperatorActionRow.target == target)
        query = query.order_by(OperatorActionRow.id.desc()).limit(limit)
        with self._database.read() as session:
            rows = session.execute(query).scalars()
            return [
                Action(row.at, row.by, row.action, row.target, row.reason, row.data)
                for row in rows
            ]


def append(
    session: Session,
    at: datetime,
    by: str,
    action: str,
    target: str,
    *,
    reason: str = "",
    data: Mapping[str, object] | None = None,
) -> None:
    """Append a line in the transaction of what it tells."""
    session.add(
        OperatorActionRow(
            at=at,
            by=by,
            action=action,
            target=target,
            reason=reason,
            data=dict(data or {}),
        )
    )
