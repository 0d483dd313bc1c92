"""Rings on a real Redis, heard by real Dramatiq workers; and how they get lost."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import dramatiq
import pytest
import redis as redis_library
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.services import Redis, free_port
from worker.adapters import queue as queue_module
from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import (
    CollectingQueue,
    Doorbell,
    QueueWorker,
    RedisQueue,
    SilentQueue,
    answers,
    make_broker,
    make_client,
)
from worker.adapters.store import NewJob, Store
from worker.ports import Bell

NOW = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
QUIET_FOR = timedelta(seconds=3)
LATEST_S = 10.0
SOON_S = 0.8
"""Long enough for a worker that looks twice a second to do what it should not."""


class Seen:
    """Which jobs were run, in order."""

    def __init__(self) -> None:
        self.job_ids: list[int] = []
        self._changed = threading.Condition()

    def run_job(self, job_id: int) -> None:
        with self._changed:
            self.job_ids.append(job_id)
            self._changed.notify_all()

    def wait_for(self, *job_ids: int) -> bool:
        """Return whether exactly these jobs come to be run, in any order."""
        expected = sorted(job_ids)
        with self._changed:
            return self._changed.wait_for(
                lambda: sorted(self.job_ids) == expected, LATEST_S
            )

    def stay(self) -> list[int]:
        """Return what was run, after a moment in which more could come."""
        threading.Event().wait(SOON_S)
        return list(self.job_ids)


def do_once(store: Store, seen: Seen, job_id: int) -> None:
    """Run a job as the runner does: only for who can take it."""
    job = store.jobs.take(job_id, lease_for=timedelta(minutes=1))
    if job is not None:
        with store.transaction() as work:
            work.finish(job)
        seen.run_job(job_id)


@pytest.fixture
def url(redis: Redis) -> str:
    """An empty Redis that runs."""
    redis.start()
    redis.flushall()
    return redis.url


@pytest.fixture
def queue(url: str) -> Iterator[RedisQueue]:
    queue = RedisQueue(url)
    yield queue
    queue.close()


@contextmanager
def working(
    url: str, run_job: Callable[[int], None], queue: str = "send", threads: int = 2
) -> Iterator[QueueWorker]:
    worker = QueueWorker(url, queue=queue, threads=threads, run_job=run_job)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout_ms=5_000)


def bells(*job_ids: int, queue: str = "send") -> list[Bell]:
    return [Bell(queue, job_id) for job_id in job_ids]


# -- rings are heard ------------------------------------------------------------------


def test_a_worker_runs_each_job_that_was_rung(url: str, queue: RedisQueue) -> None:
    seen = Seen()

    with working(url, seen.run_job):
        queue.ring(bells(7))
        queue.ring(bells(8, 9))

        assert seen.wait_for(7, 8, 9)
        assert sorted(seen.stay()) == [7, 8, 9]


def test_what_was_rung_before_the_worker_started_is_heard(
    url: str, queue: RedisQueue
) -> None:
    seen = Seen()
    queue.ring(bells(*range(1, 101)))
    waiting = queue.depth("send")

    with working(url, seen.run_job):
        assert seen.wait_for(*range(1, 101))

    assert waiting == 100
    assert queue.depth("send") == 0


def test_what_is_rung_first_is_heard_before_all_that_waits_in_its_order(
    url: str, queue: RedisQueue
) -> None:
    seen = Seen()
    queue.ring(bells(1, 2))
    queue.ring(bells(3, 4), first=True)

    with working(url, seen.run_job, threads=1):
        assert seen.wait_for(1, 2, 3, 4)

    assert seen.job_ids == [3, 4, 1, 2]


def test_a_worker_hears_its_own_queue_only(url: str, queue: RedisQueue) -> None:
    seen = Seen()

    with working(url, seen.run_job, "validate"):
        queue.ring([*bells(1, queue="send"), *bells(2, queue="validate")])

        assert seen.wait_for(2)
        assert seen.stay() == [2]
    assert queue.depth("send") == 1


@contextmanager
def a_doorbell(url: str, *queues: str) -> Iterator[Doorbell]:
    doorbell = Doorbell(url, queues)
    doorbell.start()
    try:
        with make_client(url) as client:
            while not client.pubsub_numsub(queue_module.BELL)[0][1]:
                threading.Event().wait(0.01)
        yield doorbell
    finally:
        doorbell.stop()


def test_who_waits_is_told_of_rings_on_its_queue_alone(
    url: str, queue: RedisQueue
) -> None:
    with a_doorbell(url, "read", "send") as doorbell:
        queue.ring([Bell("send", 7)])

        assert doorbell.of("send").wait(LATEST_S)
        assert not doorbell.of("read").is_set()


def test_an_idle_consumer_does_not_wait_for_its_next_look(
    url: str, queue: RedisQueue
) -> None:
    with a_doorbell(url, "read") as doorbell, make_client(url) as client:
        broker = make_broker(client, queue="read", bell=doorbell.of("read"))
        consumer = broker.consume("read", timeout=3_600_000)
        heard: list[object] = []
        thread = threading.Thread(
            target=lambda: heard.extend(filter(None, (next(consumer), next(consumer)))),
            daemon=True,
        )
        thread.start()
        while not thread.is_alive():
            threading.Event().wait(0.01)

        queue.ring([Bell("read", 1)])
        thread.join(LATEST_S)
        if thread.is_alive():  # it looked after the ring, and found it at once
            queue.ring([Bell("read", 2)])
            thread.join(LATEST_S)

        assert not thread.is_alive()
        assert heard


def test_a_consumer_looks_again_as_soon_as_there_is_room(
    url: str, queue: RedisQueue
) -> None:
    queue.ring([Bell("read", job_id) for job_id in (1, 2, 3)])
    with make_client(url) as client:
        consumer = make_broker(client, queue="read").consume(
            "read", prefetch=2, timeout=3_600_000
        )
        first, second = next(consumer), next(consumer)
        assert first is not None
        assert second is not None
        heard: list[object] = []
        is_waiting = threading.Event()

        def listen() -> None:
            is_waiting.set()
            while not heard:
                heard.extend(filter(None, [next(consumer)]))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        is_waiting.wait(LATEST_S)

        consumer.ack(first)
        thread.join(LATEST_S)

        assert not thread.is_alive()


def test_the_doorbell_is_heard_again_when_redis_is_back() -> None:
    with Redis() as server, a_doorbell(server.url, "read") as doorbell:
        ringing = RedisQueue(server.url)
        server.stop()
        server.start()

        for _ in range(100):
            ringing.ring([Bell("read", 1)])
            if doorbell.of("read").wait(0.1):
                break

        assert doorbell.of("read").is_set()
        ringing.close()


def test_two_workers_share_the_rings_of_a_queue(url: str, queue: RedisQueue) -> None:
    seen = Seen()

    with working(url, seen.run_job), working(url, seen.run_job):
        queue.ring(bells(*range(1, 41)))

        assert seen.wait_for(*range(1, 41))


def test_a_job_that_raises_is_not_repeated_by_dramatiq(
    url: str, queue: RedisQueue
) -> None:
    """Retries are columns of the row, never Dramatiq's; the next job runs."""
    seen = Seen()

    def run_job(job_id: int) -> None:
        seen.run_job(job_id)
        if job_id == 1:
            raise KeyError

    with working(url, run_job, threads=1):
        queue.ring(bells(1, 2))

        assert seen.wait_for(1, 2)
        assert seen.stay() == [1, 2]


def test_scenario_12_a_worker_that_stops_lets_its_job_end_and_gives_the_others_back(
    url: str, queue: RedisQueue
) -> None:
    """A mail between DATA and its answer would count as uncertain."""
    began, go_on, seen, later = threading.Event(), threading.Event(), Seen(), Seen()

    def run_job(job_id: int) -> None:
        began.set()
        for _ in range(int(LATEST_S / 0.01)):  # an interrupt would come in between
            if go_on.wait(0.01):
                break
        seen.run_job(job_id)

    queue.ring(bells(*range(1, 11)))
    with working(url, run_job, threads=1):
        assert began.wait(LATEST_S)
        threading.Timer(0.2, go_on.set).start()
    done = list(seen.job_ids)
    rest = set(range(1, 11)) - set(done)
    with working(url, later.run_job):
        is_rest_done = later.wait_for(*rest)

    assert done[0] == 1
    assert rest
    assert is_rest_done


def test_a_ring_older_than_a_quarter_of_an_hour_is_noise(
    url: str, queue: RedisQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "STALE_MS", 10)
    seen = Seen()
    queue.ring(bells(1))
    threading.Event().wait(0.05)

    with working(url, seen.run_job):
        assert seen.stay() == []

    assert queue.depth("send") == 0


# -- what a ring is -------------------------------------------------------------------


def keys(url: str) -> dict[str, str]:
    """The keys and their types, without those by which Dramatiq counts workers."""
    with make_client(url) as client:
        return {
            key.decode(): client.type(key).decode()
            for key in client.keys("*")
            if b"__" not in key
        }


def messages(url: str) -> list[dict[str, object]]:
    with make_client(url) as client:
        return [json.loads(raw) for raw in client.hvals("claims:send.msgs")]


def test_a_ring_carries_the_id_of_a_row_and_nothing_else(
    url: str, queue: RedisQueue
) -> None:
    queue.ring(bells(4711))

    (message,) = messages(url)
    assert message["args"] == [4711]
    assert message["kwargs"] == {}
    assert message["actor_name"] == "run_job"
    assert set(message["options"]) == {"redis_message_id"}  # type: ignore[call-overload]


def test_a_ring_is_what_dramatiq_itself_would_write(
    url: str, redis: Redis, queue: RedisQueue
) -> None:
    """Fails when a new Dramatiq writes something else (dispatch.lua)."""
    queue.ring(bells(1))
    ours = (keys(url), messages(url)[0])
    redis.flushall()
    broker = make_broker(make_client(url))

    @dramatiq.actor(actor_name="run_job", queue_name="send", broker=broker)
    def actor(job_id: int) -> None:
        raise KeyError(job_id)

    actor.send(1)

    theirs = (keys(url), messages(url)[0])
    broker.close()
    assert theirs[0] == ours[0]
    assert set(theirs[1]) == set(ours[1])
    assert set(theirs[1]["options"]) == set(ours[1]["options"])  # type: ignore[call-overload]
    assert theirs[1]["args"] == ours[1]["args"]


def test_ringing_nothing_asks_redis_nothing() -> None:
    queue = RedisQueue(f"redis://127.0.0.1:{free_port()}/0")

    with capture_logs() as logs:
        queue.ring([])

    assert logs == []


def test_a_silent_queue_rings_nothing_and_a_collecting_one_keeps_the_order() -> None:
    collecting = CollectingQueue()

    SilentQueue().ring(bells(1))
    collecting.ring(bells(2, 1))
    collecting.ring(bells(2))

    assert collecting.bells == bells(2, 1, 2)


# -- Redis is disposable --------------------------------------------------------------


def test_scenario_14_ringing_without_redis_is_swallowed_and_logged_once() -> None:
    queue = RedisQueue(f"redis://127.0.0.1:{free_port()}/0")

    with capture_logs() as logs:
        for job_id in range(5):
            queue.ring(bells(job_id))

    assert [one["event"] for one in logs] == ["ring_failed"]
    assert queue.depth("send") is None
    assert not queue.ping()


def test_scenario_14_redis_may_go_and_come_back_and_each_outage_is_logged(
    url: str, redis: Redis, queue: RedisQueue
) -> None:
    seen = Seen()
    with capture_logs() as logs:
        queue.ring(bells(1))
        for _ in range(2):
            redis.stop()
            queue.ring(bells(2))
            queue.ring(bells(3))
            redis.start()
            queue.ring(bells(4))

    assert [one["event"] for one in logs].count("ring_failed") == 2
    assert queue.ping()
    with working(url, seen.run_job):
        assert seen.wait_for(4)


def test_T6_a_running_worker_hears_again_when_redis_is_back(
    url: str, redis: Redis, queue: RedisQueue
) -> None:
    """Within the pause that Dramatiq makes after a lost connection, 3 s."""
    seen = Seen()

    with working(url, seen.run_job):
        queue.ring(bells(1))
        assert seen.wait_for(1)

        redis.stop()
        redis.start()
        queue.ring(bells(2))

        assert seen.wait_for(1, 2)


def test_scenario_13_after_flushall_the_sweep_rings_what_is_due_again(
    url: str, redis: Redis, queue: RedisQueue, tmp_path: Path
) -> None:
    """Promise 2: the database is the only record."""
    database_url = f"sqlite:///{tmp_path / 'claims.sqlite3'}"
    upgrade(database_url)
    store = Store(database_url, owner="one", clock=StillClock(NOW), queue=queue)
    seen = Seen()

    with store.transaction() as work:
        work.add_jobs(*(NewJob("send", str(n), "send") for n in range(1, 21)))
    rung = queue.depth("send")
    redis.flushall()
    with store.database.write() as session:
        session.execute(sa.text("update jobs set rung_at_ms = rung_at_ms - 4000"))

    with working(url, partial(do_once, store, seen)):
        before = seen.stay()
        store.ring(store.jobs.due("send", limit=99, quiet_for=QUIET_FOR))
        assert seen.wait_for(*range(1, 21))

    assert rung == 20
    assert before == []
    assert store.jobs.count_alive() == 0
    store.close()


def test_a_doubled_ring_runs_a_job_once(
    url: str, queue: RedisQueue, tmp_path: Path
) -> None:
    database_url = f"sqlite:///{tmp_path / 'claims.sqlite3'}"
    upgrade(database_url)
    store = Store(database_url, owner="one", clock=StillClock(NOW), queue=queue)
    seen = Seen()

    with working(url, partial(do_once, store, seen), threads=4):
        with store.transaction() as work:
            work.add_jobs(NewJob("send", "1", "send"))
        queue.ring(bells(*[1] * 20))

        assert seen.wait_for(1)
        assert seen.stay() == [1]
    store.close()


def test_whether_a_redis_answers(url: str) -> None:
    assert answers(url)
    assert not answers(f"redis://127.0.0.1:{free_port()}/0")
    assert not answers("unix:///nowhere/redis.sock")


def test_a_command_is_never_sent_twice_and_never_waits_for_ever() -> None:
    """E4 of reliability.md: a repeated command doubles what it did."""
    client = make_client("redis://127.0.0.1:1/0")
    kwargs = client.connection_pool.connection_kwargs

    assert kwargs["socket_timeout"] == kwargs["socket_connect_timeout"] == 5
    assert kwargs["retry"].get_retries() == 0
    assert isinstance(client, redis_library.Redis)
