"""Dramatiq on Redis: rings job ids and runs one actor per queue.

A message is a doorbell: it carries the id of a job row and nothing else. It may be
lost, doubled or late (reliability.md section 1), so no retries, no delays and no
results are asked of Dramatiq, and the client never sends a command twice.
"""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence

import dramatiq
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, Retries
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from worker.ports import Bell

log = structlog.get_logger()

NAMESPACE = "claims"
WORKER_TIMEOUT_MS = 50
"""How often an idle consumer looks: p50 20 ms at 4 % of a core. Source: bench."""
STALE_MS = 15 * 60_000
"""Rings older than this are noise. Source: reliability.md 1.4."""


def make_client(url: str) -> Redis:
    """Return a client that fails fast and never repeats a command (reliability E4)."""
    return Redis.from_url(
        url,
        socket_timeout=5,
        socket_connect_timeout=5,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0),
    )


def answers(url: str) -> bool:
    """Return whether a Redis answers at this URL."""
    client = make_client(url)
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()


def make_broker(client: Redis) -> RedisBroker:
    """Return a broker for one queue of one process."""
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=client,
        namespace=NAMESPACE,
        heartbeat_timeout=60_000,
        maintenance_chance=100_000,
        # No ShutdownNotifications: it would break into a mail that is being sent.
        middleware=[AgeLimit(max_age=STALE_MS), Retries(max_retries=0)],
    )


class RedisQueue:
    """See ports.Queue. Rings in one pipeline; a failure is logged once and left.

    Writes what `enqueue` of dramatiq 2.2 writes (brokers/redis/dispatch.lua), for a
    batch at a time; a test has a real Dramatiq worker consume it.
    """

    def __init__(self, url: str) -> None:
        self._client = make_client(url)
        self._lock = threading.Lock()
        self._is_failing = False

    def ring(self, bells: Sequence[Bell], *, first: bool = False) -> None:
        """See ports.Queue."""
        if not bells:
            return
        ids_by_queue: dict[str, list[int]] = defaultdict(list)
        for bell in reversed(bells) if first else bells:
            ids_by_queue[bell.queue].append(bell.job_id)
        try:
            with self._lock, self._client.pipeline(transaction=False) as pipeline:
                for queue, job_ids in ids_by_queue.items():
                    for job_id in job_ids:
                        message = _message(queue, job_id)
                        redis_id = message.options["redis_message_id"]
                        key = f"{NAMESPACE}:{queue}"
                        pipeline.hset(f"{key}.msgs", redis_id, message.encode())
                        push = pipeline.lpush if first else pipeline.rpush
                        push(key, redis_id)
                pipeline.execute()
        except (RedisError, OSError) as error:
            if not self._is_failing:
                log.warning("ring_failed", exc_type=type(error).__name__)
            self._is_failing = True
            return
        self._is_failing = False

    def depth(self, queue: str) -> int | None:
        """Return how many rings wait on a queue; None when Redis cannot be asked."""
        try:
            return int(self._client.llen(f"{NAMESPACE}:{queue}"))
        except (RedisError, OSError):
            return None

    def ping(self) -> bool:
        """Return whether Redis answers."""
        try:
            return bool(self._client.ping())
        except (RedisError, OSError):
            return False

    def close(self) -> None:
        """Give the connections back."""
        with contextlib.suppress(RedisError, OSError):
            self._client.close()


class SilentQueue:
    """A queue that rings nothing: for commands that leave the ringing to the sweep."""

    def ring(self, bells: Sequence[Bell], *, first: bool = False) -> None:
        """See ports.Queue."""


class CollectingQueue:
    """A queue that keeps bells in order, for a process that runs its jobs itself."""

    def __init__(self) -> None:
        self.bells: list[Bell] = []

    def ring(self, bells: Sequence[Bell], *, first: bool = False) -> None:
        """See ports.Queue."""
        at = 0 if first else len(self.bells)
        self.bells[at:at] = bells


class QueueWorker:
    """Consumes one queue with its own threads until it is stopped."""

    def __init__(
        self, url: str, *, queue: str, threads: int, run_job: Callable[[int], None]
    ) -> None:
        self._broker = make_broker(make_client(url))
        self._broker.emit_after("process_boot")
        dramatiq.actor(
            actor_name="run_job", queue_name=queue, broker=self._broker, max_retries=0
        )(run_job)
        self._worker = dramatiq.Worker(
            self._broker,
            queues={queue},
            worker_threads=threads,
            worker_timeout=WORKER_TIMEOUT_MS,
        )

    def start(self) -> None:
        """Begin to consume."""
        self._worker.start()

    def stop(self, *, timeout_ms: int) -> None:
        """Let running jobs end, at most `timeout_ms`, and give the others back."""
        self._worker.stop(timeout=timeout_ms)
        with contextlib.suppress(RedisError, OSError):
            self._broker.close()


def _message(queue: str, job_id: int) -> dramatiq.Message[None]:
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=queue, actor_name="run_job", args=(job_id,), kwargs={}, options={}
    )
    return message.copy(options={"redis_message_id": message.message_id})
