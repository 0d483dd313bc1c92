"""Open claims that wait for somebody, and for what: the rows of the daily digest."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from worker.adapters.store.claims import to_claim
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import (
    ClaimEventRow,
    ClaimRow,
    DocumentRow,
    table_of,
)
from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.documents import COMPLETING

MOST = 1_000
"""So many of the oldest are looked at. Our choice: nobody reads a longer list."""
_WAITING = (
    ClaimState.IDENTITY_HOLD,
    ClaimState.AWAITING_DOCUMENTS,
    ClaimState.AWAITING_MEMBER,
    ClaimState.AWAITING_CARRIER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """An open claim that waits, or of which something is not known.

    `documents` counts those that are asked for; it stands as it does since `since`.
    """

    claim: Claim
    documents: int
    since: datetime


def lacking(database: Database) -> list[Lacking]:
    """Return the open claims that may lack one thing, the 1,000 oldest."""
    with database.read() as session:
        return [
            Lacking(
                claim=to_claim(row),
                documents=row.lacking_documents,
                since=row.stood_since or row.received_at,
            )
            for row in session.connection().execute(_LACKING)
        ]


_CLAIMS, _EVENTS = table_of(ClaimRow), table_of(ClaimEventRow)
_DOCUMENTS = table_of(DocumentRow)
_LACKING = (
    sa.select(
        _CLAIMS,
        sa.select(sa.func.count())
        .where(
            _DOCUMENTS.c.claim_id == _CLAIMS.c.id,
            _DOCUMENTS.c.verdict.not_in([str(one) for one in COMPLETING]),
        )
        .scalar_subquery()
        .label("lacking_documents"),
        sa.select(sa.func.max(_EVENTS.c.at))
        .where(
            _EVENTS.c.claim_id == _CLAIMS.c.id,
            _EVENTS.c.state_after == _CLAIMS.c.state,
            _EVENTS.c.state_before != _EVENTS.c.state_after,
        )
        .scalar_subquery()
        .label("stood_since"),
    )
    .where(
        _CLAIMS.c.is_open,
        sa.or_(
            _CLAIMS.c.state.in_([str(one) for one in _WAITING]),
            _CLAIMS.c.claim_type == str(ClaimType.UNKNOWN),
            _CLAIMS.c.package_id.is_(None),
        ),
    )
    .order_by(_CLAIMS.c.id)
    .limit(MOST)
)
