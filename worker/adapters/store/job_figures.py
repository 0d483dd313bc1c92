"""How jobs went: counted in memory, written now and then, read for charts.

Never on a job's path: a process that is killed loses the figures of its last seconds
and nothing else.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import JobMinuteRow
from worker.adapters.store.engine import Database, insert
from worker.domain.run_times import bucket
from worker.ports import Clock

MINUTE, HOUR = 1, 60
"""The two lengths of span that are counted, in minutes."""
KEPT_FOR = {MINUTE: timedelta(hours=3), HOUR: timedelta(days=8)}
"""Minutes serve the last hour; hours a day and the same day a week ago. Our choice."""
_ADDED = "jobs_added"


class Ending(StrEnum):
    """How one run of a job ended."""

    DONE = "done"
    FAILED = "failed"
    """By our own fault, or given up."""
    PUT_BACK = "put_back"
    """Refused by the outside world; tried again later."""


@dataclass(slots=True)
class JobSpan:
    """How the jobs of one kind went in one span; over all processes when read."""

    minutes: int
    begins_at: datetime
    kind: str
    queue: str
    added: int = 0
    done: int = 0
    failed: int = 0
    put_back: int = 0
    times: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)


class JobTally:
    """Counts what this process does with jobs; safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._spans: dict[tuple[int, datetime, str], JobSpan] = {}
        self._changed: set[tuple[int, datetime, str]] = set()

    def added(self, kind: str, queue: str) -> None:
        """Count a job that was written."""
        with self._lock:
            for span in self._now(kind, queue):
                span.added += 1

    def ended(
        self, kind: str, queue: str, how: Ending, *, took_ms: float, waited_ms: float
    ) -> None:
        """Count one run: how it ended, how long it took and how long it had waited."""
        with self._lock:
            for span in self._now(kind, queue):
                setattr(span, how, getattr(span, how) + 1)
                span.times[bucket(took_ms)] += 1
                span.waits[bucket(waited_ms)] += 1

    def take_changed(self) -> list[JobSpan]:
        """Return what changed since the last call: whole spans, not differences.

        Spans that have passed are forgotten.
        """
        with self._lock:
            keys, self._changed = self._changed, set()
            found = [self._spans[key] for key in sorted(keys)]
            copies = [_copy(span) for span in found]
            began = {length: self._begin(length) for length in KEPT_FOR}
            for key in [key for key in self._spans if key[1] < began[key[0]]]:
                del self._spans[key]
            return copies

    def _now(self, kind: str, queue: str) -> list[JobSpan]:
        found = []
        for length in KEPT_FOR:
            key = (length, self._begin(length), kind)
            if key not in self._spans:
                self._spans[key] = JobSpan(*key[:2], kind, queue)
            self._changed.add(key)
            found.append(self._spans[key])
        return found

    def _begin(self, length: int) -> datetime:
        now = self._clock.now().replace(second=0, microsecond=0)
        return now.replace(minute=now.minute - now.minute % length)


def note_added(session: Session, kind: str, queue: str) -> None:
    """Remember in a transaction that it writes a job; counted once it is committed."""
    session.info.setdefault(_ADDED, []).append((kind, queue))


class JobFigures:
    """Writes what this process counted, and reads what all counted."""

    def __init__(self, database: Database, *, owner: str, clock: Clock) -> None:
        self._database = database
        self._owner = owner
        self._clock = clock
        self._unwritten: dict[tuple[int, datetime, str], JobSpan] = {}
        self.tally = JobTally(clock)
        database.on_commit(self._count_added)

    def flush(self) -> None:
        """Write what changed; a row is written whole, so twice does no harm.

        Raises:
            RetryLater: the database is away; the next call writes it.
        """
        for span in self.tally.take_changed():
            self._unwritten[span.minutes, span.begins_at, span.kind] = span
        if not self._unwritten:
            return
        with self._database.write() as session:
            for span in self._unwritten.values():
                self._write(session, span)
        self._unwritten.clear()

    def since(self, at: datetime, *, minutes: int) -> list[JobSpan]:
        """Return the spans of a length that begin at or after `at`, in order.

        Those of all processes are added up.
        """
        found: dict[tuple[datetime, str], JobSpan] = {}
        with self._database.read() as session:
            for row in session.execute(
                sa.select(JobMinuteRow)
                .where(JobMinuteRow.minutes == minutes, JobMinuteRow.minute_at >= at)
                .order_by(JobMinuteRow.minute_at, JobMinuteRow.kind)
            ).scalars():
                key = (row.minute_at, row.kind)
                span = found.setdefault(
                    key, JobSpan(minutes, row.minute_at, row.kind, row.queue)
                )
                span.added += row.added
                span.done += row.done
                span.failed += row.failed
                span.put_back += row.put_back
                span.times.update(row.times)
                span.waits.update(row.waits)
        return list(found.values())

    def forget_old(self) -> None:
        """Delete what no chart shows any more."""
        now = self._clock.now()
        with self._database.write() as session:
            for minutes, kept_for in KEPT_FOR.items():
                session.execute(
                    sa.delete(JobMinuteRow)
                    .where(
                        JobMinuteRow.minutes == minutes,
                        JobMinuteRow.minute_at < now - kept_for,
                    )
                    .execution_options(synchronize_session=False)
                )

    def _count_added(self, session: Session) -> None:
        for kind, queue in session.info.pop(_ADDED, ()):
            self.tally.added(kind, queue)

    def _write(self, session: Session, span: JobSpan) -> None:
        values = {
            "queue": span.queue,
            "added": span.added,
            "done": span.done,
            "failed": span.failed,
            "put_back": span.put_back,
            "times": dict(span.times),
            "waits": dict(span.waits),
        }
        session.execute(
            insert(session, JobMinuteRow)
            .values(
                minutes=span.minutes,
                minute_at=span.begins_at,
                kind=span.kind,
                owner=self._owner,
                **values,
            )
            .on_conflict_do_update(
                index_elements=["minutes", "minute_at", "kind", "owner"], set_=values
            )
        )


def _copy(span: JobSpan) -> JobSpan:
    return JobSpan(
        span.minutes,
        span.begins_at,
        span.kind,
        span.queue,
        span.added,
        span.done,
        span.failed,
        span.put_back,
        span.times.copy(),
        span.waits.copy(),
    )
