"""Job rows: leases, tokens, lanes, counts. On SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Job, NewJob, Store
from worker.domain.errors import LeaseLost
from worker.ports import Bell

NOW = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
QUIET_FOR = timedelta(seconds=3)
MINUTE = timedelta(minutes=1)
NO_TIME = timedelta(0)


@pytest.fixture
def queue() -> CollectingQueue:
    return CollectingQueue()


@pytest.fixture
def store(database_url: str, queue: CollectingQueue) -> Iterator[Store]:
    upgrade(database_url)
    store = Store(database_url, owner="one", clock=StillClock(NOW), queue=queue)
    yield store
    store.close()


def add(store: Store, *jobs: NewJob) -> None:
    with store.transaction() as work:
        work.add_jobs(*jobs)


def take(store: Store, job_id: int, lease_for: timedelta = MINUTE) -> Job | None:
    return store.jobs.take(job_id, lease_for=lease_for)


def test_a_job_is_rung_after_the_commit_that_wrote_it(
    store: Store, queue: CollectingQueue
) -> None:
    add(store, NewJob("send", "1", "send"))

    assert queue.bells == [Bell("send", 1)]


def test_a_rolled_back_job_is_neither_written_nor_rung(
    store: Store, queue: CollectingQueue
) -> None:
    def fail() -> None:
        with store.transaction() as work:
            work.add_jobs(NewJob("send", "1", "send"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert queue.bells == []
    assert store.jobs.count_alive() == 0


def test_the_same_promise_twice_is_one_job(
    store: Store, queue: CollectingQueue
) -> None:
    add(store, NewJob("send", "1", "send"))
    add(store, NewJob("send", "1", "send"))

    assert store.jobs.count_alive() == 1
    assert len(queue.bells) == 1


def test_only_one_of_two_takers_gets_the_job(store: Store) -> None:
    add(store, NewJob("send", "1", "send"))

    first, second = take(store, 1), take(store, 1)

    assert first is not None
    assert second is None


def test_a_job_past_its_lease_is_taken_again_and_counts_as_vanished(
    store: Store,
) -> None:
    add(store, NewJob("send", "1", "send"))
    take(store, 1, -MINUTE)

    again = take(store, 1)

    assert again is not None
    assert (again.attempts, again.vanished, again.failures) == (2, 1, 0)


def test_who_lost_the_lease_cannot_finish(store: Store) -> None:
    add(store, NewJob("send", "1", "send"))
    paused = take(store, 1, -MINUTE)
    take(store, 1)
    assert paused is not None

    def finish() -> None:
        with store.transaction() as work:
            work.add_jobs(NewJob("send", "2", "send"))
            work.finish(paused)

    with pytest.raises(LeaseLost):
        finish()

    assert store.jobs.count_alive() == 1


def test_a_lane_runs_one_job_at_a_time_in_its_order(
    store: Store, queue: CollectingQueue
) -> None:
    add(
        store,
        NewJob("understand", "1", "understand", lane="mailbox:1"),
        NewJob("understand", "2", "understand", lane="mailbox:1"),
    )
    assert take(store, 2) is None
    first = take(store, 1)
    assert first is not None
    assert take(store, 2) is None
    queue.bells.clear()

    with store.transaction() as work:
        work.finish(first)

    assert queue.bells == [Bell("understand", 2)]
    assert take(store, 2) is not None


def test_a_waiting_job_holds_its_lane_until_it_is_released(
    store: Store, queue: CollectingQueue
) -> None:
    lane = "mailbox:1"
    add(
        store,
        NewJob("understand", "1", "understand", lane=lane, is_waiting=True),
        NewJob("understand", "2", "understand", lane=lane),
    )
    assert take(store, 1) is None
    assert take(store, 2) is None
    queue.bells.clear()

    with store.transaction() as work:
        work.release_job("understand", "1")

    assert queue.bells == [Bell("understand", 1)]
    assert take(store, 1) is not None


def test_a_failed_job_leaves_its_lane_and_the_next_one_runs(store: Store) -> None:
    lane = "mailbox:1"
    add(
        store,
        NewJob("understand", "1", "understand", lane=lane),
        NewJob("understand", "2", "understand", lane=lane),
    )
    first = take(store, 1)
    assert first is not None

    with store.transaction() as work:
        work.put_back_failed(first, reason="bug", delay=MINUTE)

    assert take(store, 2) is not None


def test_a_refused_job_keeps_its_lane(store: Store) -> None:
    lane = "claim:1"
    add(
        store,
        NewJob("validate", "1", "validate", lane=lane),
        NewJob("validate", "2", "validate", lane=lane),
    )
    first = take(store, 1)
    assert first is not None

    with store.transaction() as work:
        work.put_back(first, reason="down", delay=NO_TIME)

    assert take(store, 2) is None
    again = take(store, 1)
    assert again is not None
    assert (again.transients, again.failures) == (1, 0)


def test_the_sweep_rings_what_is_past_its_lease_and_nothing_that_is_blocked(
    store: Store,
) -> None:
    lane = "mailbox:1"
    add(
        store,
        NewJob("understand", "1", "understand", lane=lane),
        NewJob("understand", "2", "understand", lane=lane),
    )
    take(store, 1, -MINUTE)

    due = store.jobs.due("understand", limit=9, quiet_for=QUIET_FOR)
    assert due == [Bell("understand", 1)]
    assert store.jobs.due("send", limit=9, quiet_for=QUIET_FOR) == []


def test_a_quarantined_job_leaves_an_alert_and_frees_its_lane(
    store: Store, queue: CollectingQueue
) -> None:
    lane = "mailbox:1"
    add(
        store,
        NewJob("understand", "1", "understand", lane=lane),
        NewJob("understand", "2", "understand", lane=lane),
    )
    first = take(store, 1)
    assert first is not None
    queue.bells.clear()

    with store.transaction() as work:
        work.quarantine(first, "reader_timeout")

    assert queue.bells == [Bell("understand", 2)]
    assert store.stats.counts().dead_letters == 1
    assert store.stats.counts().alerts_open == 1


def test_a_waiting_job_that_leaves_its_lane_lets_the_others_pass(
    store: Store, queue: CollectingQueue
) -> None:
    lane = "mailbox:1"
    add(
        store,
        NewJob("understand", "1", "understand", lane=lane, is_waiting=True),
        NewJob("understand", "2", "understand", lane=lane),
    )
    queue.bells.clear()

    with store.transaction() as work:
        work.leave_lane("understand", "1")

    assert queue.bells == [Bell("understand", 2)]
    assert take(store, 2) is not None
