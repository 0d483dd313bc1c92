"""The queries behind the figures; what is counted is found by (event, at)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from worker.adapters.store.desk.figure_kinds import (
    APPROVALS,
    BY_HAND,
    CLOSINGS,
    DECISIONS,
    OPENINGS,
    SYSTEM,
    Span,
    Spread,
)
from worker.adapters.store.schema import MONEY, ClaimEventRow, ClaimRow
from worker.domain.claim import RUNNING_STATES, Event

_ZERO = Decimal("0.00")
_CENT = Decimal("0.01")


def within(span: Span, events: Iterable[Event]) -> sa.ColumnElement[bool]:
    """Return the condition for events of these kinds in a period."""
    return sa.and_(
        ClaimEventRow.event.in_(sorted(events)),
        ClaimEventRow.at >= span.since,
        ClaimEventRow.at < span.until,
    )


def counts_of(session: Session, span: Span) -> dict[Event, int]:
    """Return how often each counted event happened in the period."""
    events = {
        *DECISIONS,
        *OPENINGS,
        *CLOSINGS,
        Event.INELIGIBLE_OVERRULED,
        Event.INELIGIBLE_CONFIRMED,
        Event.APPEAL_FILED,
    }
    query = (
        sa.select(ClaimEventRow.event, sa.func.count())
        .where(within(span, events))
        .group_by(ClaimEventRow.event)
    )
    found = dict.fromkeys(events, 0)
    found |= {Event(event): number for event, number in session.execute(query)}
    return found


def late_claims(session: Session, span: Span) -> int:
    """Return how many claims failed C11 in the period."""
    query = sa.select(sa.func.count(ClaimEventRow.claim_id.distinct())).where(
        within(span, [Event.CHECK_FAILED]),
        sa.cast(ClaimEventRow.clauses, sa.Text).contains('"C11"'),
    )
    return session.execute(query).scalar_one()


def _answers(event: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 - an alias
    """Return the condition for an event that answers the clock (C10)."""
    by_hand = sa.cast(event.data, sa.Text).contains('"sent_at"')
    return sa.or_(
        sa.and_(event.event == Event.STATUS_SENT, event.actor == SYSTEM),
        sa.and_(event.event.in_(BY_HAND), by_hand),
    )


def responses(session: Session, span: Span, limit: timedelta) -> tuple[Spread, int]:
    """Return how long first answers took, and how many were in time.

    An answer that came back, or that left before the set was complete (again), is
    none. A claim whose answer named a later date is held to its first one.
    """
    earlier = aliased(ClaimEventRow)
    is_first = ~(
        sa.exists()
        .where(
            earlier.claim_id == ClaimEventRow.claim_id,
            earlier.seq < ClaimEventRow.seq,
            earlier.at >= ClaimRow.docs_complete_at,
            _answers(earlier),
        )
        .correlate(ClaimEventRow, ClaimRow)
    )
    took = _seconds(session, ClaimEventRow.at) - _seconds(
        session, ClaimRow.docs_complete_at
    )
    by = _seconds(session, ClaimRow.respond_by)
    in_time = sa.case(
        (
            ClaimRow.promised_at.is_(None),
            _seconds(session, ClaimEventRow.at) <= by,
        ),
        else_=took <= int(limit.total_seconds()),
    )
    answered = (
        sa.select(
            took.label("took"), sa.case((in_time, 1), else_=0).label("is_in_time")
        )
        .join(ClaimRow, ClaimRow.id == ClaimEventRow.claim_id)
        .where(
            within(span, {Event.STATUS_SENT, *BY_HAND}),
            _answers(ClaimEventRow),
            ClaimEventRow.at >= ClaimRow.docs_complete_at,
            ClaimRow.responded_at >= ClaimRow.docs_complete_at,
            is_first,
        )
        .cte("answered")
    )
    kept = session.execute(sa.select(sa.func.sum(answered.c.is_in_time))).scalar()
    return spread(session, sa.select(answered.c.took)), int(kept or 0)


def overdue(session: Session, span: Span, now: datetime) -> int:
    """Return how many claims had to be answered in the period and were not yet."""
    query = sa.select(sa.func.count()).where(
        ClaimRow.is_open,
        ClaimRow.deadline_at >= span.since,
        ClaimRow.deadline_at < min(span.until, now),
        ClaimRow.respond_by == ClaimRow.deadline_at,
        ClaimRow.promised_at.is_(None),
        ClaimRow.state.in_(RUNNING_STATES),
    )
    return session.execute(query).scalar_one()


def times_to_decide(session: Session, span: Span) -> sa.Select[Any]:
    """Return from a claim's receipt to its first decision, for those of the period."""
    earlier = aliased(ClaimEventRow)
    took = _seconds(session, ClaimEventRow.at) - _seconds(session, ClaimRow.received_at)
    return (
        sa.select(took.label("took"))
        .join(ClaimRow, ClaimRow.id == ClaimEventRow.claim_id)
        .where(
            within(span, DECISIONS),
            ~sa.exists()
            .where(
                earlier.claim_id == ClaimEventRow.claim_id,
                earlier.seq < ClaimEventRow.seq,
                earlier.event.in_(DECISIONS),
            )
            .correlate(ClaimEventRow),
        )
    )


def payouts(session: Session, span: Span) -> tuple[int, Decimal, Decimal]:
    """Return payouts of the period: number, sum paid, and what the terms give.

    After an appeal a claim is paid a second time: each payout counts with the amount
    approved last before it, what the terms give with the first payout alone.
    """
    earlier = aliased(ClaimEventRow)
    granted = (
        sa.select(earlier.data["amount_usd"].as_string())
        .where(
            earlier.claim_id == ClaimEventRow.claim_id,
            earlier.seq < ClaimEventRow.seq,
            earlier.event.in_(APPROVALS),
        )
        .order_by(earlier.seq.desc())
        .limit(1)
        .correlate(ClaimEventRow)
        .scalar_subquery()
    )
    is_again = (
        sa.exists()
        .where(
            earlier.claim_id == ClaimEventRow.claim_id,
            earlier.seq < ClaimEventRow.seq,
            earlier.event == Event.PAYOUT_DONE,
        )
        .correlate(ClaimEventRow)
    )
    number, paid, proposed = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.sum(sa.cast(granted, MONEY)),
            sa.func.sum(sa.case((is_again, 0), else_=ClaimRow.proposed_usd)),
        )
        .select_from(ClaimEventRow)
        .join(ClaimRow, ClaimRow.id == ClaimEventRow.claim_id)
        .where(within(span, [Event.PAYOUT_DONE]))
    ).one()
    return number, usd(paid), usd(proposed)


def spread(session: Session, took: sa.Select[Any]) -> Spread:
    """Return count, median and p90 of a column `took` of seconds.

    Between two ranks it is interpolated, as PostgreSQL's percentile_cont does.
    """
    each = took.subquery()
    ranked = sa.select(
        each.c.took,
        sa.func.row_number().over(order_by=each.c.took).label("rank"),
        sa.func.count().over().label("number"),
    ).subquery()
    ranks = [
        (ranked.c.number - 1) * percent // 100 + offset
        for percent in (50, 90)
        for offset in (1, 2)
    ]
    query = sa.select(ranked.c.rank, ranked.c.took, ranked.c.number).where(
        sa.or_(*(ranked.c.rank == rank for rank in ranks))
    )
    rows = session.execute(query).all()
    if not rows:
        return Spread(0, None, None)
    count = rows[0].number
    took_at = {row.rank: int(row.took) for row in rows}
    return Spread(count, *(_at(took_at, count, percent) for percent in (50, 90)))


def _at(took_at: dict[int, int], count: int, percent: int) -> timedelta:
    whole, rest = divmod((count - 1) * percent, 100)
    lower = took_at[whole + 1]
    upper = took_at.get(whole + 2, lower)
    return timedelta(seconds=lower + (upper - lower) * rest / 100)


def _seconds(session: Session, at: Any) -> sa.SQLColumnExpression[int]:  # noqa: ANN401
    """Return an instant as whole seconds since 1970."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.cast(sa.func.strftime("%s", at), sa.BigInteger)
    return sa.cast(sa.func.floor(sa.extract("epoch", at)), sa.BigInteger)


def day_of(session: Session) -> sa.SQLColumnExpression[Any]:
    """Return the day of an event in UTC."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.func.date(ClaimEventRow.at, type_=sa.String)
    return sa.func.date(sa.func.timezone("UTC", ClaimEventRow.at), type_=sa.Date)


def usd(amount: Any) -> Decimal:  # noqa: ANN401 - of a sum
    """Return a sum of money to the cent; SQLite sums floats."""
    return _ZERO if amount is None else Decimal(str(amount)).quantize(_CENT)
