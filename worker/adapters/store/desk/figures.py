"""The lead's figures: how a period went, and what is owed now.

A period's cost follows its length: everything of it is found by (event, at). Both
databases give the same answers: percentiles are worked out by rank, in whole seconds.
"""

import json
from collections import defaultdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from worker.adapters.store.desk import figure_queries as queries
from worker.adapters.store.desk.figure_kinds import (
    CLOSINGS,
    DECISIONS,
    OPENINGS,
    OWED,
    PROPOSALS,
    REPLIES,
    SYSTEM,
    ClauseCount,
    Day,
    Liability,
    Load,
    PeriodFigures,
    Span,
)
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import ClaimEventRow, ClaimRow
from worker.domain.claim import ClaimState, Event
from worker.domain.clauses import ClauseId

_KINDS_OF_WORK: tuple[tuple[Event, ...], ...] = (PROPOSALS, DECISIONS, REPLIES)


class Figures:
    """Reads figures; every method is one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(
        self, span: Span, *, now: datetime, respond_within: timedelta
    ) -> PeriodFigures:
        """Return how a period went.

        Args:
            span: the period.
            now: what falls due later is not overdue yet.
            respond_within: the limit of an answer whose claim has another one by now.
        """
        with self._database.read() as session:
            counts, late = (
                queries.counts_of(session, span),
                queries.late_claims(session, span),
            )
            respond, in_time = queries.responses(session, span, respond_within)
            paid, paid_usd, proposed_usd = queries.payouts(session, span)
            return PeriodFigures(
                respond=respond,
                decide=queries.spread(session, queries.times_to_decide(session, span)),
                answered_in_time=in_time,
                overdue=queries.overdue(session, span, now),
                decisions={one: counts[one] for one in DECISIONS},
                overruled=counts[Event.INELIGIBLE_OVERRULED],
                confirmed=counts[Event.INELIGIBLE_CONFIRMED],
                appeals=counts[Event.APPEAL_FILED],
                opened=sum(counts[one] for one in OPENINGS),
                closed=sum(counts[one] for one in CLOSINGS),
                late=late,
                paid=paid,
                paid_usd=paid_usd,
                paid_proposed_usd=proposed_usd,
            )

    def clauses(self, span: Span) -> list[ClauseCount]:
        """Return the decisions of a period by clause, the most frequent first."""
        listed = sa.cast(ClaimEventRow.clauses, sa.Text)
        query = (
            sa.select(ClaimEventRow.event, listed, sa.func.count())
            .where(queries.within(span, DECISIONS))
            .group_by(ClaimEventRow.event, listed)
        )
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        with self._database.read() as session:
            for event, clauses, number in session.execute(query):
                for clause in dict.fromkeys(json.loads(clauses)):
                    found[clause][event] += number
        counted = [
            ClauseCount(ClauseId(clause), *(by[one] for one in DECISIONS))
            for clause, by in found.items()
        ]
        return sorted(counted, key=lambda one: (-one.total, one.clause))

    def load(self, span: Span) -> list[Load]:
        """Return what each person did in a period, the busiest first."""
        query = (
            sa.select(ClaimEventRow.actor, ClaimEventRow.event, sa.func.count())
            .where(
                queries.within(span, {*DECISIONS, *PROPOSALS, *REPLIES}),
                ClaimEventRow.actor != SYSTEM,
            )
            .group_by(ClaimEventRow.actor, ClaimEventRow.event)
        )
        done: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        with self._database.read() as session:
            for actor, event, number in session.execute(query):
                done[actor][event] += number
        loads = [
            Load(name, *(sum(by[one] for one in kind) for kind in _KINDS_OF_WORK))
            for name, by in done.items()
        ]
        return sorted(loads, key=lambda one: (-one.decisions, -one.replies, one.name))

    def days(self, span: Span) -> list[Day]:
        """Return claims opened and closed on each day of a period, none left out."""
        with self._database.read() as session:
            day = queries.day_of(session)
            query = (
                sa.select(day, ClaimEventRow.event, sa.func.count())
                .where(queries.within(span, {*OPENINGS, *CLOSINGS}))
                .group_by(day, ClaimEventRow.event)
            )
            opened: dict[str, int] = defaultdict(int)
            closed: dict[str, int] = defaultdict(int)
            for on, event, number in session.execute(query):
                into = opened if event in OPENINGS else closed
                into[str(on)] += number
        length = -(-(span.until - span.since) // timedelta(days=1))
        first = span.since.date()
        every = (first + timedelta(days=number) for number in range(length))
        return [Day(on, opened[str(on)], closed[str(on)]) for on in every]

    def liability(self) -> Liability:
        """Return what may still have to be paid."""
        is_owed = ClaimRow.state.in_(OWED)
        is_undecided = sa.not_(is_owed)
        with self._database.read() as session:
            row = session.execute(
                sa.select(
                    sa.func.count().filter(is_undecided),
                    sa.func.sum(ClaimRow.proposed_usd).filter(is_undecided),
                    sa.func.count().filter(
                        is_undecided, ClaimRow.proposed_usd.is_(None)
                    ),
                    sa.func.count().filter(is_owed),
                    sa.func.sum(ClaimRow.decided_usd).filter(is_owed),
                    sa.func.sum(ClaimRow.proposed_points),
                ).where(
                    ClaimRow.is_open, ClaimRow.state != ClaimState.INELIGIBLE_PROPOSED
                )
            ).one()
        undecided, proposed, without, owed, owed_usd, points = row
        return Liability(
            undecided=undecided,
            proposed_usd=queries.usd(proposed),
            without_figure=without,
            owed=owed,
            owed_usd=queries.usd(owed_usd),
            points=int(points or 0),
        )
