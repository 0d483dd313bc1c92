"""How jobs went: counted in memory, written whole, added up over processes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import NewJob, Store
from worker.adapters.store.job_figures import HOUR, MINUTE, Ending

NOW = datetime(2026, 11, 18, 19, 10, 42, tzinfo=UTC)
BEGIN = NOW.replace(second=0)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def store(database_url: str, clock: StillClock) -> Iterator[Store]:
    upgrade(database_url)
    store = Store(database_url, owner="one", clock=clock, queue=CollectingQueue())
    yield store
    store.close()


def run(store: Store, how: Ending = Ending.DONE, took_ms: float = 30) -> None:
    store.job_figures.tally.ended("send", "send", how, took_ms=took_ms, waited_ms=3)


def test_what_was_counted_is_written_by_minute_and_by_hour(store: Store) -> None:
    run(store)
    run(store, Ending.FAILED, took_ms=700)
    run(store, Ending.PUT_BACK)
    store.job_figures.flush()

    (minute,) = store.job_figures.since(BEGIN, minutes=MINUTE)
    (hour,) = store.job_figures.since(BEGIN.replace(minute=0), minutes=HOUR)

    assert (minute.done, minute.failed, minute.put_back) == (1, 1, 1)
    assert minute.times == {"50": 2, "1000": 1}
    assert minute.waits == {"5": 3}
    assert (minute.begins_at, hour.begins_at.minute) == (BEGIN, 0)
    assert (hour.done, hour.times) == (minute.done, minute.times)


def test_flushing_again_doubles_nothing_and_later_counts_are_added(
    store: Store,
) -> None:
    run(store)
    store.job_figures.flush()
    store.job_figures.flush()
    run(store)
    store.job_figures.flush()

    (span,) = store.job_figures.since(BEGIN, minutes=MINUTE)
    assert span.done == 2


def test_two_processes_are_added_up(
    store: Store, database_url: str, clock: StillClock
) -> None:
    other = Store(database_url, owner="two", clock=clock, queue=CollectingQueue())
    for one in (store, other):
        run(one)
        one.job_figures.flush()

    (span,) = store.job_figures.since(BEGIN, minutes=MINUTE)
    other.close()

    assert span.done == 2
    assert span.times == {"50": 2}


def test_a_job_counts_as_added_once_its_transaction_is_committed(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as work:
            work.add_jobs(NewJob("send", "9", "send"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.transaction() as work:
        work.add_jobs(NewJob("send", "1", "send"))
        work.add_jobs(NewJob("send", "1", "send"))
    store.job_figures.flush()

    (span,) = store.job_figures.since(BEGIN, minutes=MINUTE)
    assert span.added == 1


def test_a_minute_that_has_passed_stays_as_it_was(
    store: Store, clock: StillClock
) -> None:
    run(store)
    store.job_figures.flush()
    clock.at += timedelta(minutes=1)
    run(store)
    run(store)
    store.job_figures.flush()

    assert [s.done for s in store.job_figures.since(BEGIN, minutes=MINUTE)] == [1, 2]
    hours = store.job_figures.since(BEGIN.replace(minute=0), minutes=HOUR)
    assert [s.done for s in hours] == [3]


def test_minutes_are_forgotten_after_hours_and_hours_after_eight_days(
    store: Store, clock: StillClock
) -> None:
    run(store)
    store.job_figures.flush()

    clock.at += timedelta(hours=4)
    store.job_figures.forget_old()
    after_hours = [
        len(store.job_figures.since(NOW - timedelta(days=9), minutes=m))
        for m in (MINUTE, HOUR)
    ]
    clock.at += timedelta(days=8)
    store.job_figures.forget_old()

    assert after_hours == [0, 1]
    assert store.job_figures.since(NOW - timedelta(days=9), minutes=HOUR) == []
