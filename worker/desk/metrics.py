"""`/metrics` for Prometheus, read from the record at each scrape.

Labels are names of queues, kinds, states and reasons of ours, and numbers of mailboxes:
no person, no address. A count stops at 10,000 rows, so that a scrape costs the same at
any size.

Who may read it: with CLAIMS_METRICS_TOKEN whoever sends it as a bearer token; without,
only a visitor from this machine that no proxy has passed on.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from worker.actors import KINDS, QUEUES
from worker.adapters.store.job_figures import MINUTE
from worker.bootstrap import Parts
from worker.composing import BREAKER_WINDOW
from worker.desk.guard import parts_of
from worker.desk.panels import figures_of, read_forecasts
from worker.domain.reply import NO_STORM
from worker.notify import BREAKER

router = APIRouter()
LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
PASSED_ON = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
"""What a proxy adds: then the visitor only seems to be of this machine."""
WINDOW = timedelta(minutes=15)
ROLES = ("poll", "work", "schedule", "desk")
MOST_ALERTS = 1000


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Return every figure as text for Prometheus."""
    if not may_scrape(request):
        return PlainTextResponse("Give the token of CLAIMS_METRICS_TOKEN.\n", 403)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(RecordCollector(parts_of(request)))
    headers = {"Content-Type": CONTENT_TYPE_LATEST}
    return Response(generate_latest(registry), headers=headers)


def may_scrape(request: Request) -> bool:
    """Return whether this visitor may read the figures; see the module."""
    token = parts_of(request).settings.metrics_token
    if token is not None:
        given = request.headers.get("Authorization", "")
        wanted = f"Bearer {token.get_secret_value()}"
        return hmac.compare_digest(given.encode(), wanted.encode())
    host = request.client.host if request.client else ""
    return host in LOOPBACK and not any(name in request.headers for name in PASSED_ON)


class RecordCollector(Collector):
    """Reads the record once for each scrape."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; see `deploy/monitoring/`, which uses them."""
        now = self._parts.clock.now()
        yield from self._queues()
        yield from self._runs(now)
        yield from self._claims(now)
        yield from self._mailboxes(now)
        yield from self._emails(now)
        yield from self._processes()
        alerts = self._parts.store.alerts.newest(limit=MOST_ALERTS)
        yield _one("claims_alerts_open", "Alerts nobody was told of", len(alerts))

    def _queues(self) -> Iterator[Metric]:
        jobs = _gauge("claims_jobs", "Jobs, at most 10000", "queue", "state")
        oldest = _gauge(
            "claims_queue_oldest_seconds", "Longest wait of a due job", "queue"
        )
        paused = _gauge("claims_queue_paused", "1 where a queue rests", "queue")
        resting = {one.queue for one in self._parts.desk.paused.listed()}
        for one in self._parts.desk.operations.queues(QUEUES):
            states = {
                "waiting": one.waiting,
                "running": one.running,
                "scheduled": one.scheduled,
                "dead": one.dead,
            }
            for state, number in states.items():
                jobs.add_metric([one.queue, state], number)
            oldest.add_metric([one.queue], _seconds(one.oldest_for))
            paused.add_metric([one.queue], one.queue in resting)
        yield from (jobs, oldest, paused)
        dead = _gauge("claims_dead_letters", "Jobs in quarantine", "kind")
        letters = self._parts.desk.dead_letters.groups()
        for kind in sorted({*KINDS, *(kind for kind, _ in letters)}):
            number = sum(n for (one, _), n in letters.items() if one == kind)
            dead.add_metric([kind], number)
        yield dead

    def _runs(self, now: datetime) -> Iterator[Metric]:
        runs = _gauge("claims_job_runs_15m", "Runs in 15 minutes by end", "kind", "end")
        took = _gauge(
            "claims_job_seconds_15m", "Run time in 15 minutes", "kind", "quantile"
        )
        waited = _gauge(
            "claims_job_wait_seconds_15m", "Wait in 15 minutes", "kind", "quantile"
        )
        spans = self._parts.store.job_figures.since(now - WINDOW, minutes=MINUTE)
        for kind in KINDS.values():
            own = figures_of(
                kind.name, kind.queue, (one for one in spans if one.kind == kind.name)
            )
            ends = {
                "added": own.added,
                "done": own.done,
                "failed": own.failed,
                "put_back": own.put_back,
            }
            for end, number in ends.items():
                runs.add_metric([kind.name, end], number)
            lengths = (
                (took, "0.5", own.p50_ms),
                (took, "0.95", own.p95_ms),
                (waited, "0.5", own.wait_p50_ms),
                (waited, "0.95", own.wait_p95_ms),
            )
            for family, quantile, length_ms in lengths:
                if length_ms is not None:
                    family.add_metric([kind.name, quantile], length_ms / 1000)
        yield from (runs, took, waited)

    def _claims(self, now: datetime) -> Iterator[Metric]:
        operations = self._parts.desk.operations
        states = _gauge("claims_open_claims", "Open claims, at most 10000", "state")
        for state, number in operations.open_claims().items():
            states.add_metric([state], number)
        due = _gauge("claims_claims_due", "Open claims by their next date", "due")
        for name, number in operations.open_claims_by_date().items():
            due.add_metric([name], number)
        fates = _gauge("claims_mails_settled_24h", "Mails of 24 hours by fate", "fate")
        for fate, number in operations.fates().items():
            fates.add_metric([fate], number)
        breaches = _gauge(
            "claims_breaches_expected", "Claims that will be late", "within_hours"
        )
        for one in read_forecasts(self._parts, now):
            hours = round(one.span.total_seconds() / 3600)
            breaches.add_metric([str(hours)], one.breaches)
        yield from (states, due, fates, breaches)

    def _mailboxes(self, now: datetime) -> Iterator[Metric]:
        unread = _gauge("claims_mailbox_age_seconds", "Since the last pass", "mailbox")
        backlog = _gauge("claims_mailbox_backlog", "Mails not fetched yet", "mailbox")
        trouble = _gauge(
            "claims_mailbox_trouble", "1 where it cannot be read", "mailbox"
        )
        waiting = _gauge("claims_mails_open", "Mails without a fate", "mailbox")
        oldest = _gauge(
            "claims_mails_oldest_open_seconds", "Since it was seen", "mailbox"
        )
        health = {box.name: box for box in self._parts.store.stats.mailboxes()}
        for box in self._parts.desk.operations.backlogs():
            label = [str(box.mailbox_id)]  # its name has an address in it
            known = health[box.name]
            if known.passed_at is not None:
                unread.add_metric(label, _seconds(now - known.passed_at))
            backlog.add_metric(label, known.backlog)
            trouble.add_metric(label, known.trouble is not None)
            waiting.add_metric(label, box.open)
            age = None if box.oldest_at is None else now - box.oldest_at
            oldest.add_metric(label, _seconds(age))
        yield from (unread, backlog, trouble, waiting, oldest)

    def _emails(self, now: datetime) -> Iterator[Metric]:
        out = self._parts.desk.operations.outbound()
        emails = _gauge("claims_emails", "E-mails on their way", "status")
        for status, number in (("queued", out.queued), ("sending", out.sending)):
            emails.add_metric([status], number)
        emails.add_metric(["deferred"], out.deferred)
        held = _gauge("claims_emails_held", "E-mails that wait for a person", "reason")
        for reason, number in sorted(out.held.items()):
            held.add_metric([reason], number)
        ended = _gauge("claims_emails_24h", "E-mails of 24 hours", "status")
        for status, number in (
            ("sent", out.sent),
            ("refused", out.refused),
            ("bounced", out.bounced),
        ):
            ended.add_metric([status], number)
        age = None if out.oldest_queued_at is None else now - out.oldest_queued_at
        outbox = self._parts.store.outbox
        automatic = outbox.automatic(NO_STORM, since=now - BREAKER_WINDOW)
        yield from (emails, held, ended)
        name = "claims_emails_oldest_queued_seconds"
        yield _one(name, "Since the oldest queued was written", _seconds(age))
        yield _one("claims_emails_automatic_1h", "Automatic e-mails", automatic)
        is_open = outbox.is_held_for(BREAKER)
        yield _one("claims_breaker_open", "1 while the breaker holds e-mails", is_open)

    def _processes(self) -> Iterator[Metric]:
        number = _gauge("claims_processes", "Processes on record", "role")
        silent = _gauge(
            "claims_process_silent_seconds", "Since the last beat, at best", "role"
        )
        found = self._parts.store.processes.listed()
        for role in ROLES:
            own = [one.silent_for for one in found if one.role == role]
            number.add_metric([role], len(own))
            if own:
                silent.add_metric([role], _seconds(min(own)))
        yield from (number, silent)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _seconds(length: timedelta | None) -> float:
    return 0.0 if length is None else max(0.0, length.total_seconds())
