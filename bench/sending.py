"""Sending: stored e-mails through `claims work`, and making them, to bare smtplib.

The reference is smtplib with one connection that hands the same bytes to the same sink
in the same round. Ours waits in the outbox with its jobs; the time is from the ring of
all of them to the last row that says `sent`.
"""

import smtplib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, cycle, islice
from pathlib import Path

from bench.plain_sink import HOST, plain_sink
from bench.rig import CheckFailed, Installation, pause, show, surroundings
from bench.rounds import Row, alternate, rate, ratios
from bench.table import run_part
from tests.services import Postgres, Redis
from worker.actors import MOST_BY_KIND
from worker.adapters import migrations
from worker.adapters.clock import SystemClock
from worker.adapters.outgoing import MailIdentity, build
from worker.adapters.queue import RedisQueue, SilentQueue
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.adapters.store import NewEmail, Store
from worker.composing import SEND, queue_emails
from worker.domain.reply import Reply
from worker.gallery import every_sample
from worker.ports import Bell
from worker.schedule import MOST_RUNG

MAILS = 1000
FEW = 40
PER_TRANSACTION = 50
TIMEOUT_S = 300.0
SENDER = "claims@logistics.example"
COMMON = ("received", "documents_missing", "documents_complete", "response")
"""The kinds that most members get."""
IDENTITY = MailIdentity(SENDER, "Claims", "claims-worker", b"a key of the figures")
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Office:
    """`claims work` on a record of its own, waiting for rings."""

    store: Store
    queue: RedisQueue
    numbers: Iterator[int]

    def send(self, raws: Sequence[bytes]) -> float:
        """Store e-mails, ring all of them; return the seconds until they are sent."""
        self._store(raws)
        before = self._sent()
        began = time.perf_counter()
        self.queue.ring(self._due())
        while self._sent() - before < len(raws):
            if time.perf_counter() - began > TIMEOUT_S:
                raise CheckFailed(f"{self._sent() - before} of {len(raws)} e-mails")
            pause(0.02)
        return time.perf_counter() - began

    def _store(self, raws: Sequence[bytes]) -> None:
        left = iter(raws)
        while batch := list(islice(left, PER_TRANSACTION)):
            with self.store.transaction() as work:
                queue_emails(work, [_email(raw, next(self.numbers)) for raw in batch])

    def _due(self) -> list[Bell]:
        """Return what the next sweep of a scheduler rings."""
        return self.store.jobs.due(
            SEND,
            limit=MOST_RUNG,
            quiet_for=timedelta(),
            most_by_kind=MOST_BY_KIND,
        )

    def _sent(self) -> int:
        return self.store.outbox.counts().get("sent", 0)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 0."""
    return run_part("sending", __doc__, rows, arguments)


def rows(rounds: int, *, smoke: bool) -> Iterator[Row]:
    """Measure making and sending; see bench.rounds."""
    number = FEW if smoke else MAILS
    samples = _samples()
    raws = list(islice(_made(samples), number))
    with ExitStack() as stack:
        port = stack.enter_context(plain_sink())
        offices = {
            name: _office(stack, port, on_postgres=name == "PostgreSQL")
            for name in ("SQLite", "PostgreSQL")
        }

        def make() -> float:
            began = time.perf_counter()
            for _ in islice(_made(samples), number):
                pass
            return time.perf_counter() - began

        show("sending")
        variants = {"smtplib": lambda: _hand_over(port, raws), "make": make}
        for name, office in offices.items():
            variants[name] = lambda office=office: office.send(raws)  # type: ignore[misc]
        taken = alternate(1 if smoke else rounds, variants, warm_up=not smoke)
    plain = taken["smtplib"]
    per_s = rate(number, plain)
    yield Row(
        part="sending",
        what="rendering and building, to smtplib on one connection",
        figures=ratios(plain, taken["make"]),
        at_least=1.0,
        note=f"{rate(number, taken['make'])} to {per_s}",
    )
    for name in offices:
        yield Row(
            part="sending",
            what=f"stored e-mails, {name}, to smtplib on one connection",
            figures=ratios(plain, taken[name]),
            at_least=0.8,
            note=f"{rate(number, taken[name])} to {per_s}",
        )


def _hand_over(port: int, raws: Sequence[bytes]) -> float:
    began = time.perf_counter()
    with smtplib.SMTP(HOST, port, local_hostname="localhost") as smtp:
        for raw in raws:
            smtp.sendmail(SENDER, ["lena@mail.example"], raw)
    return time.perf_counter() - began


def _samples() -> list[Reply]:
    return [reply for reply in every_sample().values() if str(reply.kind) in COMMON]


def _made(samples: Sequence[Reply]) -> Iterator[bytes]:
    """Yield e-mails as they are composed, each with its own number."""
    renderer = JinjaRenderer(folder("templates") / "emails")
    for number, reply in enumerate(cycle(samples)):
        rendered = renderer.render(reply.kind, reply.facts, locale=reply.locale)
        one = replace(reply, dedup_key=f"figures:{number}")
        yield build(one, rendered, identity=IDENTITY, now=NOW).raw


def _email(raw: bytes, number: int) -> NewEmail:
    return NewEmail(
        dedup_key=f"figures:{number}",
        claim_id=None,
        mail_id=None,
        kind="received",
        recipient="lena@mail.example",
        status="queued",
        policy_version="figures",
        subject="Your claim",
        message_id=f"<{number}@logistics.example>",
        raw=raw,
    )


def _office(stack: ExitStack, port: int, *, on_postgres: bool) -> Office:
    home = Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="claims-bench-"))
    )
    redis = stack.enter_context(Redis())
    url = f"sqlite:///{home / 'claims.db'}"
    if on_postgres:
        url = stack.enter_context(Postgres()).database()
    settings = {
        "CLAIMS_SMTP_URL": f"smtp://{HOST}:{port}",
        "CLAIMS_DATABASE_URL": url,
        "CLAIMS_REDIS_URL": redis.url,
        "CLAIMS_FROM": SENDER,
        "CLAIMS_DATA_DIR": str(home / "data"),
    }
    system = Installation(surroundings() | settings, url, home)
    migrations.upgrade(url)
    process = system.start("work")
    stack.callback(process.wait)
    stack.callback(process.terminate)
    store = Store(url, owner="figures", clock=SystemClock(), queue=SilentQueue())
    stack.callback(store.close)
    queue = RedisQueue(redis.url)
    stack.callback(queue.close)
    office = Office(store, queue, count())
    office.send([b"Subject: the first\r\n\r\nIs anybody there?\r\n"])
    return office


if __name__ == "__main__":
    sys.exit(main())
