"""A small claims office: the real steps on a private record, without any server.

Mail is delivered by hand, time stands still until it is moved, the relay is a list.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from worker.actors import KINDS, QUEUES, jobs_of_new_mail
from worker.adapters.clock import StillClock
from worker.adapters.mime import parse
from worker.adapters.queue import CollectingQueue
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.adapters.store import Store
from worker.adapters.store.outbox import Email
from worker.bootstrap import Parts
from worker.domain.claim import Claim, ClaimState
from worker.domain.mail import Mail
from worker.domain.orders import Order
from worker.ports import Attempt, Delivery, NewMail, RawStore, ReadFailed
from worker.runner import Runner
from worker.schedule import Scheduler
from worker.settings import Settings

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OPENING = datetime(2026, 11, 18, 19, 12, tzinfo=UTC)
MOST_JOBS = 500


@dataclass
class InlineReader:
    """Reads in this process; a mail that holds `breaks` fails as a child would."""

    raw: RawStore
    breaks: bytes = b"X-Breaks-The-Reader: yes"

    def read(self, sha256: str) -> Mail:
        raw = self.raw.get(sha256)
        if self.breaks in raw:
            raise ReadFailed("crashed", died=True)
        return parse(raw)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Relay:
    """Takes mails into a list, or does what its script says, one attempt an entry."""

    taken: list[tuple[str, bytes]] = field(default_factory=list)
    script: list[Attempt] = field(default_factory=list)

    def send(self, *, envelope_from: str, recipient: str, raw: bytes) -> Attempt:
        assert envelope_from == "claims@logistics.example"
        attempt = Attempt(Delivery.ACCEPTED, "250")
        if self.script:
            attempt = self.script.pop(0)
        if attempt.delivery in {Delivery.ACCEPTED, Delivery.UNCERTAIN}:
            self.taken.append((recipient, raw))
        return attempt

    def close(self) -> None:
        """Nothing is open."""


class OfficeParts(Parts):
    """Parts whose relay is a list."""

    relay: Relay

    @property
    def transport(self) -> Relay:  # type: ignore[override]
        return self.relay


class Office:
    """Delivers mails, runs what they cause, and shows what came of it."""

    def __init__(self, parts: OfficeParts, queue: CollectingQueue) -> None:
        self.parts = parts
        self.store: Store = parts.store
        self.relay = parts.relay
        self.queue = queue
        clock = parts.clock
        assert isinstance(clock, StillClock)
        self.clock = clock
        self._runner = Runner(parts, KINDS, at_once=parts.at_once)
        alone = {
            name: replace(kind, goes_on=frozenset()) for name, kind in KINDS.items()
        }
        self._steps = Runner(parts, alone)
        ledger = self.store.ledger(jobs_for=jobs_of_new_mail, go_live_at=LONG_AGO)
        lease = ledger.take_lease("INBOX", owner="test", lease_for=timedelta(hours=1))
        assert lease is not None
        self._ledger = ledger
        self._lease = ledger.begin_epoch(lease, 7)
        self._uid = 0
        self._last_mail_id = 0

    def deliver(self, *raws: bytes, run: bool = True) -> int:
        """Put mails into the mailbox, run all jobs; return the last mail's id."""
        for raw in raws:
            self._uid += 1
            self._last_mail_id += 1
            stored = self.parts.raw.put([raw])
            mail = NewMail(
                self._uid, stored.sha256, stored.size_bytes, None, self.clock.at
            )
            self._ledger.add_mails(self._lease, [mail], last_uid=self._uid)
        if run:
            self.run()
        return self._last_mail_id

    def renumber(self, uidvalidity: int) -> None:
        """Give the mailbox a new UIDVALIDITY; its UIDs begin at 1 again."""
        self._lease = self._ledger.begin_epoch(self._lease, uidvalidity)
        self._uid = 0

    def work_one_by_one(self) -> None:
        """Let each job have a transaction of its own, as on PostgreSQL."""
        self._runner = Runner(self.parts, KINDS)

    def run(self) -> None:
        """Run every job that was rung, in order, until there is none."""
        for _ in range(MOST_JOBS):
            if not self.queue.bells:
                return
            self._runner.run(self.queue.bells.pop(0).job_id)
        raise AssertionError("the jobs never end")

    def step(self) -> None:
        """Run the first job that was rung, and nothing that follows from it."""
        self._steps.run(self.queue.bells.pop(0).job_id)

    def run_again(self) -> None:
        """Ring every job that is alive, as if the wait were over, and run them."""
        with self.store.database.write() as session:
            session.connection().exec_driver_sql(
                "update jobs set run_at_ms = 0, rung_at_ms = 0 where state = 'ready'"
            )
        for queue in QUEUES:
            due = self.store.jobs.due(queue, limit=MOST_JOBS, quiet_for=timedelta())
            self.queue.ring(due)
        self.run()

    def wait_until(self, at: datetime) -> None:
        """Move the clock and do what is due."""
        self.clock.at = at
        Scheduler(self.parts).enqueue_deadlines(at)
        self.run()

    def fate(self, mail_id: int) -> str | None:
        """The fate of a mail."""
        return self.store.mails.get(mail_id).fate

    @property
    def claim(self) -> Claim:
        """The only claim."""
        (claim,) = self.store.claims.listed(open_only=False, limit=10)
        return claim

    def state(self) -> ClaimState:
        """The state of the only claim."""
        return self.claim.state

    @property
    def emails(self) -> list[Email]:
        """All e-mails that are no drafts, oldest first."""
        number = sum(self.store.outbox.counts().values())
        every = [self.store.outbox.get(n) for n in range(1, number + 1)]
        return [e for e in every if e.status not in {"draft", "cancelled"}]

    @property
    def kinds(self) -> list[str]:
        """The kinds of those e-mails."""
        return [email.kind for email in self.emails]


@cache
def _renderer() -> JinjaRenderer:
    """The templates, compiled once for all offices."""
    return JinjaRenderer(folder("templates") / "emails")


@contextmanager
def an_office(home: Path, *orders: Order, **settings: object) -> Iterator[Office]:
    """Open an office with an order directory, at 19:12 on 18 November 2026."""
    values = {
        "CLAIMS_FROM": "claims@logistics.example",
        "data_dir": home,
        "trusted_mx": ("mx.logistics.example",),
        "trusted_authserv": ("mx.logistics.example",),
        **settings,
    }
    parts = OfficeParts(Settings(_env_file=None, **values), with_redis=False)  # type: ignore[arg-type]
    parts.relay = Relay()
    queue = CollectingQueue()
    parts.__dict__["queue"] = queue
    parts.__dict__["clock"] = StillClock(OPENING)
    parts.__dict__["reader"] = InlineReader(parts.raw)
    parts.__dict__["renderer"] = _renderer()
    parts.__dict__["scanner"] = None
    parts.store.create_tables()
    parts.store.orders.import_orders(orders)
    try:
        yield Office(parts, queue)
    finally:
        if "viewer" in parts.__dict__:
            parts.viewer.close()
        parts.store.close()
