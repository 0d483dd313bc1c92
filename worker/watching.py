"""The watchdogs: what must run and answer, and whether it does.

Every process of ours watches, so that each is watched by the others. A fault that
lasts opens one incident, whoever sees it first; it closes when the fault is gone.
"""

import time
from datetime import timedelta

import structlog

from worker.bootstrap import Parts
from worker.domain.errors import RetryLater
from worker.domain.forecast import forecast

__all__ = ["PARTS", "Watch", "faults"]

log = structlog.get_logger()

PARTS = (
    "database",
    "redis",
    "poller",
    "mailbox",
    "workers",
    "scheduler",
    "outbox",
    "forecast",
)
HEARD_WITHIN = timedelta(seconds=35)
"""A process beats every ten seconds: three beats may be late. Our choice, so that a
death is seen within a minute."""
SILENT_AFTER = timedelta(minutes=15)
"""A mailbox that was not read to its end for so long; see `desk.health`."""
REFUSED_FOR = timedelta(seconds=30)
AHEAD = timedelta(hours=24)
FORECAST_EACH = 6
"""Of so many looks one asks for the forecast: once a minute. Our choice."""
LASTS_S = 30.0
"""A fault must last so long before anybody is told: restarts take seconds."""


def faults(parts: Parts, *, has_forecast: bool = True) -> dict[str, str]:
    """Return what is wrong, by part, as stable codes; empty is well.

    A part behind a database that does not answer is not looked at. The forecast reads
    a row for each claim that is due; who looks often leaves it out.
    """
    found: dict[str, str] = {}
    if not parts.redis_answers():
        found["redis"] = "no_answer"
    try:
        found |= _processes(parts) | _mailbox(parts) | _outbox(parts)
        found |= _ahead(parts) if has_forecast else {}
    except RetryLater as error:
        found["database"] = error.reason
    return found


def _processes(parts: Parts) -> dict[str, str]:
    roles = parts.store.watches.living_roles(heard_within=HEARD_WITHIN)
    needed = {"poller": "poll", "workers": "work", "scheduler": "schedule"}
    return {name: "not_running" for name, role in needed.items() if role not in roles}


def _mailbox(parts: Parts) -> dict[str, str]:
    now = parts.clock.now()
    for box in parts.store.stats.mailboxes():
        if box.trouble is not None:
            return {"mailbox": box.trouble}
        if box.passed_at is not None and now - box.passed_at > SILENT_AFTER:
            return {"mailbox": "not_read"}
    return {}


def _outbox(parts: Parts) -> dict[str, str]:
    is_silent = parts.store.watches.is_relay_silent(for_at_least=REFUSED_FOR)
    return {"outbox": "relay_takes_nothing"} if is_silent else {}


def _ahead(parts: Parts) -> dict[str, str]:
    now = parts.clock.now()
    deadlines = parts.desk.operations.deadlines(now + AHEAD)
    if not deadlines:
        return {}
    decided = parts.desk.operations.decided_in_week()
    seen = forecast(deadlines, decided_in_week=decided, now=now, span=AHEAD)
    return {"forecast": "claims_will_be_late"} if seen.breaches else {}


class Watch:
    """Looks again and again, and opens and closes incidents."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._since: dict[str, float] = {}
        self._looks = 0

    def look(self, now_s: float | None = None) -> dict[str, str]:
        """Look once; return what is wrong now.

        Args:
            now_s: any clock that runs evenly, in seconds; None is this process's.

        Raises:
            RetryLater: the database is away, so that nothing can be written.
        """
        now_s = time.monotonic() if now_s is None else now_s
        has_forecast = self._looks % FORECAST_EACH == 0
        self._looks += 1
        found = faults(self._parts, has_forecast=has_forecast)
        if "database" in found:
            raise RetryLater(found["database"])
        looked = [name for name in PARTS if has_forecast or name != "forecast"]
        for name in looked:
            if name not in found:
                self._since.pop(name, None)
        self._since |= {name: self._since.get(name, now_s) for name in found}
        watches, at = self._parts.store.watches, self._parts.clock.now()
        for name, code in found.items():
            lasts = now_s - self._since[name] >= LASTS_S
            if lasts and watches.open_incident(name, code, at=at):
                log.error("watch_alarm", code=name, reason=code)
        well = [name for name in looked if name not in found]
        if watches.close_incidents(well, at=at):
            log.info("watch_recovered")
        return found
