"""What will be late: dates to keep against the pace at which people decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WEEK_HOURS = 7 * 24
"""The pace counts all hours of a week, nights too, as the seven days do (C10)."""


@dataclass(frozen=True, slots=True)
class Example:
    """The first claim that the forecast sees late."""

    position: int
    due_at: datetime
    ready_at: datetime | None
    """When its turn is over at the present pace; None where nobody decides."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many of the claims due within a span will not be decided in time."""

    span: timedelta
    decided_in_week: int
    overdue: int
    """Late already; they stand first in the queue."""
    due: int
    """Their date falls within the span."""
    breaches: int
    """Of those, the ones whose turn comes too late."""
    example: Example | None

    @property
    def per_hour(self) -> float:
        """Return decisions per hour over the last seven days."""
        return self.decided_in_week / WEEK_HOURS


def forecast(
    deadlines: Sequence[datetime],
    *,
    decided_in_week: int,
    now: datetime,
    span: timedelta,
) -> Forecast:
    """Return which of the queued claims will be late at the present pace.

    Claims are decided in the order of their dates. The n-th is decided after n divided
    by decisions per hour: with 84 decisions in the last week (0.5 an hour) the third is
    decided in 6 hours, so it is late where less than 6 hours are left. Exactly on its
    date is in time.

    Args:
        deadlines: of all claims that wait for us, those of the past too, soonest first.
        decided_in_week: decisions of the last seven days.
        now: the present instant.
        span: how far to look.
    """
    pace = decided_in_week / WEEK_HOURS
    overdue = due = breaches = 0
    example = None
    for position, due_at in enumerate(deadlines, start=1):
        if due_at < now:
            overdue += 1
            continue
        if due_at > now + span:
            break
        due += 1
        ready_at = now + timedelta(hours=position / pace) if pace else None
        if ready_at is None or ready_at > due_at:
            breaches += 1
            example = example or Example(position, due_at, ready_at)
    return Forecast(span, decided_in_week, overdue, due, breaches, example)


def drain_minutes(
    depth: int, *, added: int, done: int, over_minutes: int
) -> float | None:
    """Return in how many minutes a queue is empty at its present net rate.

    30 jobs wait, 15 came and 45 ended in the last 15 minutes: 2 a minute net, so 15.
    None where it does not shrink; 0 where nothing waits.
    """
    if not depth:
        return 0.0
    net = (done - added) / over_minutes
    return depth / net if net > 0 else None
