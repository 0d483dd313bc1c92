"""The forecast of what will be late, and when a queue will be empty."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.domain.forecast import drain_minutes, forecast
from worker.domain.run_times import BOUNDS_MS, bucket, quantile_ms

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
HALF_AN_HOUR_EACH = 336
"""Decisions a week: two an hour."""


def due_in(*hours: float) -> list[datetime]:
    return [NOW + timedelta(hours=one) for one in hours]


def test_the_nth_claim_is_decided_after_n_by_the_pace() -> None:
    found = forecast(
        due_in(0.4, 1.5, 1.4), decided_in_week=HALF_AN_HOUR_EACH, now=NOW, span=DAY
    )

    assert found.per_hour == 2
    assert (found.due, found.breaches) == (3, 2)
    assert found.example is not None
    assert found.example.position == 1
    assert found.example.ready_at == NOW + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("left", "breaches"),
    [
        pytest.param(timedelta(minutes=30), 0, id="exactly"),
        pytest.param(timedelta(minutes=30) - timedelta(seconds=1), 1, id="a-second"),
    ],
)
def test_exactly_on_its_date_is_in_time(left: timedelta, breaches: int) -> None:
    found = forecast([NOW + left], decided_in_week=HALF_AN_HOUR_EACH, now=NOW, span=DAY)

    assert found.breaches == breaches


def test_what_is_late_already_stands_first_and_is_counted_apart() -> None:
    found = forecast(
        due_in(-5, -1, 1.2), decided_in_week=HALF_AN_HOUR_EACH, now=NOW, span=DAY
    )

    assert (found.overdue, found.due, found.breaches) == (2, 1, 1)
    assert found.example is not None
    assert found.example.position == 3


def test_only_dates_within_the_span_count() -> None:
    found = forecast(due_in(1, 25), decided_in_week=0, now=NOW, span=DAY)

    assert (found.due, found.breaches) == (1, 1)
    assert found.example is not None
    assert found.example.ready_at is None


def test_without_claims_there_is_nothing_to_be_late() -> None:
    found = forecast([], decided_in_week=0, now=NOW, span=DAY)

    assert (found.overdue, found.due, found.breaches, found.example) == (0, 0, 0, None)


@pytest.mark.parametrize(
    ("depth", "added", "done", "minutes"),
    [(30, 15, 45, 15.0), (0, 9, 0, 0.0), (5, 10, 10, None), (5, 10, 2, None)],
)
def test_a_queue_drains_at_its_net_rate(
    depth: int, added: int, done: int, minutes: float | None
) -> None:
    assert drain_minutes(depth, added=added, done=done, over_minutes=15) == minutes


@pytest.mark.parametrize(
    ("length_ms", "name"),
    [(0, "1"), (100, "100"), (100.5, "200"), (1e12, str(BOUNDS_MS[-1]))],
)
def test_a_bucket_includes_its_upper_end(length_ms: float, name: str) -> None:
    assert bucket(length_ms) == name


def test_a_quantile_lies_within_the_bucket_that_has_it() -> None:
    assert quantile_ms({"100": 10}, 0.5) == 75
    assert quantile_ms({"10": 95, "1000": 5}, 0.95) == 10
    assert quantile_ms({"10": 94, "1000": 6}, 0.96) == pytest.approx(666.7, abs=0.1)
    assert quantile_ms({}, 0.5) is None
