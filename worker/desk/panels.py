"""What the operations page shows, read in one go; also sent to live pages."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from worker.actors import KINDS, QUEUES
from worker.adapters.store.alerts import Alert
from worker.adapters.store.desk.actions import Action
from worker.adapters.store.desk.dead_letters import MOST_COUNTED
from worker.adapters.store.desk.operations import Backlog, NextTry, Outbound, QueueState
from worker.adapters.store.desk.paused import PausedQueue
from worker.adapters.store.job_figures import HOUR, MINUTE, JobSpan
from worker.adapters.store.processes import Process
from worker.adapters.store.stats import MailboxHealth
from worker.bootstrap import Parts
from worker.composing import BREAKER_WINDOW
from worker.desk.charts import Box, Slot, run_times, throughput
from worker.domain.counting import counted
from worker.domain.forecast import Forecast, drain_minutes, forecast
from worker.domain.reply import NO_STORM
from worker.domain.run_times import quantile_ms
from worker.notify import BREAKER
from worker.runner import FAILURES_TO_QUARANTINE

SPANS = {
    "15m": (MINUTE, 15, "15 minutes"),
    "1h": (MINUTE, 60, "hour"),
    "24h": (HOUR, 24 * 60, "24 hours"),
}
"""By its name in addresses: spans that are counted, length in minutes, words."""
DEFAULT_SPAN = "1h"
SLOW, STUCK = timedelta(seconds=120), timedelta(seconds=300)
"""From such a wait on a queue is yellow, then red. Source: desk-features.md, the
thresholds of sensu-plugins-sidekiq."""
SILENT = timedelta(seconds=60)
"""A process beats every ten seconds. Our choice."""
LONG_UNREAD = timedelta(minutes=5)
NEXT_TRIES, ALERTS, ACTIONS = 8, 8, 8
"""So many lines are shown of each list."""


@dataclass(frozen=True, slots=True)
class KindFigures:
    """How the jobs of one kind went in the span that is looked at."""

    kind: str
    queue: str
    added: int
    done: int
    failed: int
    put_back: int
    p50_ms: float | None
    p95_ms: float | None
    wait_p50_ms: float | None
    wait_p95_ms: float | None


@dataclass(frozen=True, slots=True)
class QueueCard:
    """One queue: where its jobs stand, and how they went."""

    state: QueueState
    paused: PausedQueue | None
    drains_in: float | None
    """Minutes; None where it does not shrink."""
    figures: KindFigures
    bars: tuple[Box, ...]
    ranges: tuple[Box, ...]
    top: int

    @property
    def tone(self) -> str:
        """Return how worrying the longest wait is."""
        oldest = self.state.oldest_for
        if oldest is None or oldest < SLOW:
            return "good"
        return "bad" if oldest >= STUCK else "warn"


@dataclass(frozen=True, slots=True)
class Try:
    """A job that waits for its time, with which try that will be."""

    job: NextTry
    words: str


@dataclass(frozen=True, slots=True)
class Panels:
    """Everything on the operations page."""

    span: str
    span_words: str
    queues: tuple[QueueCard, ...]
    kinds: tuple[KindFigures, ...]
    tries: tuple[Try, ...]
    dead: int
    processes: tuple[Process, ...]
    mailboxes: tuple[tuple[MailboxHealth, Backlog | None], ...]
    fates: Counter[str]
    outbound: Outbound
    is_breaker_open: bool
    automatic: int
    most_automatic: int
    most_to_address: int
    forecasts: tuple[Forecast, ...]
    alerts: tuple[Alert, ...]
    actions: tuple[Action, ...]

    @property
    def waiting(self) -> int:
        """Return how many jobs wait in all queues."""
        return sum(card.state.waiting for card in self.queues)

    @property
    def running(self) -> int:
        """Return how many jobs run."""
        return sum(card.state.running for card in self.queues)

    @property
    def slowest(self) -> QueueCard | None:
        """Return the queue whose oldest job waits longest."""
        waiting = [card for card in self.queues if card.state.oldest_for is not None]
        key = lambda card: card.state.oldest_for or timedelta()  # noqa: E731
        return max(waiting, key=key, default=None)

    @property
    def workers(self) -> int:
        """Return how many workers were heard of lately."""
        return sum(
            one.role == "work" and one.silent_for <= SILENT for one in self.processes
        )

    @property
    def held(self) -> int:
        """Return how many e-mails wait for a person."""
        return sum(self.outbound.held.values())


def read_panels(parts: Parts, span: str, zone: ZoneInfo) -> Panels:
    """Return what the page shows now; a dozen short queries at any size."""
    span = span if span in SPANS else DEFAULT_SPAN
    operations, store, now = parts.desk.operations, parts.store, parts.clock.now()
    outbox = store.outbox
    states = operations.queues(QUEUES)
    backlogs = {one.name: one for one in operations.backlogs()}
    cards, kinds = _job_panels(parts, span, states, now, zone)
    soonest = operations.next_tries(QUEUES, limit=NEXT_TRIES)
    return Panels(
        span=span,
        span_words=SPANS[span][2],
        queues=cards,
        kinds=kinds,
        tries=tuple(Try(one, _which_try(one)) for one in soonest),
        dead=min(sum(one.dead for one in states), MOST_COUNTED),
        processes=tuple(store.processes.listed()),
        mailboxes=tuple(
            (box, backlogs.get(box.name)) for box in store.stats.mailboxes()
        ),
        fates=Counter({k: n for k, n in operations.fates().items() if n}),
        outbound=operations.outbound(),
        is_breaker_open=outbox.is_held_for(BREAKER),
        automatic=outbox.automatic(NO_STORM, since=now - BREAKER_WINDOW),
        most_automatic=parts.settings.answers_per_hour,
        most_to_address=parts.settings.answers_per_address,
        forecasts=read_forecasts(parts, now),
        alerts=tuple(store.alerts.newest(limit=ALERTS)),
        actions=tuple(parts.desk.actions.newest(limit=ACTIONS)),
    )


def read_forecasts(parts: Parts, now: datetime) -> tuple[Forecast, ...]:
    """Return what will be late within 24 and within 72 hours."""
    spans = (timedelta(hours=24), timedelta(hours=72))
    deadlines = parts.desk.operations.deadlines(now + spans[-1])
    decided = parts.desk.operations.decided_in_week()
    return tuple(
        forecast(deadlines, decided_in_week=decided, now=now, span=span)
        for span in spans
    )


def figures_of(kind: str, queue: str, spans: Iterable[JobSpan]) -> KindFigures:
    """Return the figures of some spans added up."""
    total = JobSpan(0, datetime.min, kind, queue)  # noqa: DTZ901 - never read
    for span in spans:
        total.added += span.added
        total.done += span.done
        total.failed += span.failed
        total.put_back += span.put_back
        total.times.update(span.times)
        total.waits.update(span.waits)
    return KindFigures(
        kind,
        queue,
        total.added,
        total.done,
        total.failed,
        total.put_back,
        quantile_ms(total.times, 0.5),
        quantile_ms(total.times, 0.95),
        quantile_ms(total.waits, 0.5),
        quantile_ms(total.waits, 0.95),
    )


def _job_panels(
    parts: Parts,
    span: str,
    states: Sequence[QueueState],
    now: datetime,
    zone: ZoneInfo,
) -> tuple[tuple[QueueCard, ...], tuple[KindFigures, ...]]:
    length, minutes, _ = SPANS[span]
    begins = _begins(now, length, minutes)
    found = parts.store.job_figures.since(begins[0], minutes=length)
    quarter = SPANS["15m"][1]
    lately = found
    if span != "15m":
        since = _begins(now, MINUTE, quarter)[0]
        lately = parts.store.job_figures.since(since, minutes=MINUTE)
    paused = {one.queue: one for one in parts.desk.paused.listed()}
    cards = []
    for state in states:
        own = [one for one in found if one.queue == state.queue]
        slots = [_slot(begin, own, zone) for begin in begins]
        bars, top = throughput(slots)
        recent = figures_of(
            "", state.queue, (one for one in lately if one.queue == state.queue)
        )
        cards.append(
            QueueCard(
                state,
                paused.get(state.queue),
                drain_minutes(
                    state.waiting,
                    added=recent.added,
                    done=recent.done + recent.failed,
                    over_minutes=quarter,
                ),
                figures_of("", state.queue, own),
                bars,
                run_times(slots),
                top,
            )
        )
    kinds = [
        figures_of(kind.name, kind.queue, (s for s in found if s.kind == kind.name))
        for kind in KINDS.values()
    ]
    return tuple(cards), tuple(kinds)


def _begins(now: datetime, length: int, minutes: int) -> list[datetime]:
    """Return where each slot of a chart begins, the running one last."""
    last = now.replace(second=0, microsecond=0)
    last -= timedelta(minutes=last.minute % length)
    number = minutes // length
    return [last - timedelta(minutes=length * n) for n in reversed(range(number))]


def _slot(begin: datetime, spans: Sequence[JobSpan], zone: ZoneInfo) -> Slot:
    name = f"{begin.astimezone(zone):%H:%M}"
    total = figures_of("", "", (one for one in spans if one.begins_at == begin))
    return Slot(name, total.added, total.done, total.failed, total.p50_ms, total.p95_ms)


def _which_try(job: NextTry) -> str:
    """Return which try the next one is, and of how many."""
    number = job.attempts + 1
    if job.failures:
        return f"try {number}; failed {job.failures} of {FAILURES_TO_QUARANTINE} times"
    if job.transients:
        patience = KINDS[job.kind].patience if job.kind in KINDS else None
        left = None if patience is None else patience.give_up_after - job.refused_for
        hours = None if left is None else max(0, round(left.total_seconds() / 3600))
        ends = "" if hours is None else f"; given up in {hours} h"
        return f"try {number}; refused {counted(job.transients, 'time')}{ends}"
    return f"try {number}"
