"""Dramatiq on Redis: rings job ids and runs one actor per queue.

A message is a doorbell: it carries the id of a job row and nothing else. It may be
lost, doubled or late (reliability.md section 1), so no retries, no delays and no
results are asked of Dramatiq, and the client never sends a command twice.
"""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import dramatiq
import structlog
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.middleware import AgeLimit, Retries
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from worker.ports import Bell

log = structlog.get_logger()

NAMESPACE = "claims"
BELL = f"{NAMESPACE}:bell"
"""The channel on which the name of a queue is published when something rings there."""
WORKER_TIMEOUT_MS = 500
"""How often an idle consumer looks by itself: what is published may be lost. Ours; to
look every 50 ms, with nothing published, costs 4 % of a core and is heard after 20."""
LISTEN_FOR_S = 1.0
LISTEN_AGAIN_S = 0.5
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


class Doorbell:
    """Hears what is published when a queue is rung, in a thread of its own.

    It may miss something, while Redis is away or always: who waits looks by itself.
    """

    def __init__(self, url: str, queues: Sequence[str]) -> None:
        self._client = make_client(url)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
        self._events = {queue: threading.Event() for queue in queues}

    def of(self, queue: str) -> threading.Event:
        """Return what is set whenever the queue is rung."""
        return self._events[queue]

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * LISTEN_FOR_S)
        with contextlib.suppress(RedisError, OSError):
            self._client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(RedisError, OSError):
                self._listen()
            self._stop.wait(LISTEN_AGAIN_S)

    def _listen(self) -> None:
        with self._client.pubsub() as ears:  # type: ignore[no-untyped-call]
            ears.subscribe(BELL)
            while not self._stop.is_set():
                self._hear(ears.get_message(timeout=LISTEN_FOR_S))

    def _hear(self, message: Mapping[str, object] | None) -> None:
        data = None if message is None else message["data"]
        if isinstance(data, bytes):
            event = self._events.get(data.decode("ascii", "replace"))
            if event is not None:
                event.set()


class _Consumer(_RedisConsumer):
    """Dramatiq's, which waits for a bell instead of looking again and again."""

    def __init__(
        self, bell: threading.Event, *, idle_s: float, **arguments: object
    ) -> None:
        super().__init__(**arguments, timeout=0)  # type: ignore[no-untyped-call]
        self._bell = bell
        self._idle_s = idle_s

    def __next__(self) -> MessageProxy | None:
        """Return a message, or None after a while in which there was none."""
        self._bell.clear()  # before it looks: what comes later is not to be missed
        message: MessageProxy | None = super().__next__()  # type: ignore[no-untyped-call]
        if message is None:
            self._bell.wait(self._idle_s)
        return message

    def ack(self, message: MessageProxy) -> None:
        """See dramatiq.Consumer; then there is room for another message."""
        try:
            super().ack(message)  # type: ignore[no-untyped-call]
        finally:
            self._note_room()

    def nack(self, message: MessageProxy) -> None:
        """See dramatiq.Consumer; then there is room for another message."""
        try:
            super().nack(message)  # type: ignore[no-untyped-call]
        finally:
            self._note_room()

    def _note_room(self) -> None:
        """Let it look again; several messages cost Redis no more than one."""
        if self.outstanding_message_count <= self.prefetch // 2:
            self._bell.set()


class _Broker(RedisBroker):
    """Dramatiq's, for one queue, whose consumer waits for a bell."""

    def __init__(self, queue: str, bell: threading.Event, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[no-untyped-call]
        self._queue = queue
        self._bell = bell

    def consume(
        self, queue_name: str, prefetch: int = 1, timeout: int = WORKER_TIMEOUT_MS
    ) -> Consumer:
        """See dramatiq.Broker; the queue of delayed messages has no bell."""
        is_ours = queue_name == self._queue
        return _Consumer(
            self._bell if is_ours else threading.Event(),
            idle_s=timeout / 1000,
            broker=self,
            queue_name=queue_name,
            prefetch=prefetch,
        )


def make_broker(
    client: Redis, *, queue: str = "", bell: threading.Event | None = None
) -> RedisBroker:
    """Return a broker for one queue of one process, which looks when it is rung."""
    return _Broker(
        queue,
        threading.Event() if bell is None else bell,
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
                    pipeline.publish(BELL, queue)
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
        self,
        url: str,
        *,
        queue: str,
        threads: int,
        run_job: Callable[[int], None],
        bell: threading.Event | None = None,
    ) -> None:
        self._broker = make_broker(make_client(url), queue=queue, bell=bell)
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
