"""Mail to stored answer: documents read, claims assessed, e-mails rendered and stored.

Ours are `claims poll`, `work` and `schedule` as they run every day, warm, on SQLite,
from the poller's login until nothing is left to read, understand, assess or prepare;
pictures are not read as text, and the queue for sending rests. The peer is
django-helpdesk's `get_email`, which makes tickets of the same mails and sends nothing.
Neither's start counts.

Example: `python -m bench answers --rounds 3 --only small`
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil
import sqlalchemy as sa

from bench import record, shares
from bench.boxes import PROFILES, SEED, Box, box
from bench.ingest import Ground, await_login, fill, ground
from bench.mailbox import orders_of, write_orders
from bench.peers import tickets
from bench.rig import CheckFailed, Installation, pause
from bench.rounds import Row, alternate, new_folder, rate, ratios
from bench.table import run_part
from worker.adapters import mime, pdf
from worker.adapters.store.desk_schema import PausedQueueRow

COUNTS = {"small": 160, "claims": 100}
SMOKE_MAILS = 10
WARM_MAILS = 8
AT_LEAST = {"small": 8.0, "claims": 3.0}
"""Times django-helpdesk. Source: issue 8."""
TWO_AT_LEAST = 1.6
"""Two workers to one. Source: issue 8."""
WITHIN_S = 600.0
LOOKS_EVERY_S = 0.1
LOOP = """\
import json
rows = [{"n": n, "text": str(n) * 3} for n in range(200)]
for _ in range(4_000):
    json.loads(json.dumps(rows))
"""
"""A second of nothing but Python."""
FROM_SHARE, TO_SHARE = 0.2, 0.9
"""Of the jobs: what is before and after is start and end of the workers."""
_ENDED = "state in ('done', 'quarantined')"
_STEPS = "kind in ('read', 'understand', 'validate', 'prepare')"
_ALIVE = f"select count(*) from jobs where {_STEPS} and not {_ENDED}"  # noqa: S608 - ours
_DONE = f"select count(*) from jobs where {_STEPS} and {_ENDED}"  # noqa: S608 - ours
_SETTLED = "select count(*) from mails where fate is not null"
_STORED = "select count(sha256) from mails"
_ANSWERED = "select count(distinct claim_id) from emails where length(raw) > 0"


@dataclass(frozen=True, slots=True)
class Case:
    """Mails to answer, others to warm up with, and the directory of both."""

    on: Ground
    made: Box
    user: str
    warm: Box
    warm_user: str
    orders: Path

    @property
    def total(self) -> int:
        """How many mails there are with those that warm up."""
        return len(self.made.facts) + len(self.warm.facts)


def make_case(profile: str, count: int) -> Case:
    """Return a case; its mailboxes are on the server."""
    made = box(profile, count)
    warm = box(profile, WARM_MAILS, seed=SEED + 1)
    orders = new_folder("orders") / "orders.csv"
    write_orders(orders, orders_of([*warm.claims, *made.claims]))
    dovecot = ground().rig.dovecot
    users = (fill(dovecot, made), fill(dovecot, warm))
    return Case(ground(), made, users[0], warm, users[1], orders)


def rows(
    rounds: int, *, smoke: bool, profiles: tuple[str, ...] = PROFILES
) -> Iterator[Row]:
    """Yield ours to the peer for each mailbox, then shares and two workers to one."""
    counts = dict.fromkeys(COUNTS, SMOKE_MAILS) if smoke else COUNTS
    profiles = profiles[-1:] if smoke else profiles
    for profile in profiles:
        yield _to_helpdesk(make_case(profile, counts[profile]), profile, rounds)
    for profile in profiles:
        yield _shares(make_case(profile, counts[profile]), profile)
    if "claims" in profiles:
        yield _two_to_one(make_case("claims", counts["claims"]), rounds)


def _to_helpdesk(case: Case, profile: str, rounds: int) -> Row:
    count = len(case.made.facts)
    about = Row(
        part="answers",
        what=f"{profile}, mail to stored answer, to django-helpdesk",
        at_least=AT_LEAST[profile],
    )
    variants: dict[str, Callable[[], float]] = {"ours": partial(answered, case)}
    try:
        program = tickets.python()
    except CheckFailed as failure:
        seconds = alternate(rounds, variants)
        missing = f"{failure}; ours {rate(count, seconds['ours'])}"
        return replace(about, missing=missing)
    variants["helpdesk"] = lambda: tickets.get_email(
        program, case.on.rig.dovecot, fill(case.on.rig.dovecot, case.made), count
    )
    seconds = alternate(rounds, variants)
    ours, theirs = seconds["ours"], seconds["helpdesk"]
    return replace(
        about,
        figures=ratios(theirs, ours),
        note=f"{rate(count, ours)} to {rate(count, theirs)}",
    )


def _shares(case: Case, profile: str) -> Row:
    """Return the CPU time of a mail, and which part of the work takes it.

    What the readers do is measured here, in a process that does the same.
    """
    with _prepared(case) as system:
        _store_all(system, case)
        said = system.folder / "shares.json"
        sampled = system.start(str(said), "work", module="bench.shares")
        with _ending(sampled), _running(system, "schedule"):
            _await(system, len(case.made.facts))
        seconds = Counter(json.loads(said.read_text()))
    raws = [case.made.raw(fact) for fact in case.made.facts]
    mime.parse(raws[0])  # loads what it needs
    with shares.sampled(shares.READER) as reader:
        for raw in raws:
            pdf.make_ready()
            mime.parse(raw)
        pdf.let_go()
    seconds.update(reader.seconds)
    total = sum(seconds.values())
    return Row(
        part="answers",
        what=f"{profile}, CPU time of a mail",
        figures=[1000 * total / len(raws)],
        unit="ms",
        note=shares.in_words(seconds),
    )


def _two_to_one(case: Case, rounds: int) -> Row:
    seconds = alternate(
        rounds,
        {
            "one": partial(worked, case, workers=1),
            "two": partial(worked, case, workers=2),
            "loop": partial(looped, 1),
            "loops": partial(looped, 2),
        },
    )
    count = len(case.made.facts) * (TO_SHARE - FROM_SHARE)
    rates = [rate(round(count), seconds[name]) for name in ("two", "one")]
    loops = statistics.median(2 * r for r in ratios(seconds["loop"], seconds["loops"]))
    return Row(
        part="answers",
        what="claims, PostgreSQL, two workers to one, each with its reader on a core",
        figures=ratios(seconds["one"], seconds["two"]),
        at_least=TWO_AT_LEAST,
        note=f"{' to '.join(rates)}; two bare loops do {loops:.2f}× the work of one",
    )


def answered(case: Case) -> float:
    """Return the seconds from the poller's login until every mail has its answer.

    Raises:
        CheckFailed: it does not come to that, or a claim has no answer.
    """
    with _prepared(case) as system, _running(system, "work", "schedule"):
        warm_url = case.on.rig.dovecot.url(case.warm_user)
        with _running(_with(system, CLAIMS_MAILBOX_URL=warm_url), "poll"):
            _await(system, len(case.warm.facts))
        with case.on.rig.dovecot.log.open("rb") as log:
            log.seek(0, 2)
            with _running(system, "poll"):
                began = await_login(log, case.user, system)
                _await(system, case.total)
                seconds = time.perf_counter() - began
        _check(system, case)
    return seconds


def worked(case: Case, *, workers: int) -> float:
    """Return the seconds in which so many workers do the middle part of all jobs.

    All mails are stored before the workers start. Each has a core for itself and its
    reader, as if it were a machine; database, Redis and scheduler have all.

    Raises:
        CheckFailed: as `answered`.
    """
    with _prepared(case, on_postgres=True) as system:
        _store_all(system, case)
        seen: list[tuple[float, int]] = []
        alone = _with(system, CLAIMS_READERS="1")
        started = [alone.start("work") for _ in range(workers)]
        with _ending(*started), _running(alone, "schedule"):
            cores = sorted(os.sched_getaffinity(0))
            for number, process in enumerate(started):
                psutil.Process(process.pid).cpu_affinity([cores[number % len(cores)]])
            _await(system, len(case.made.facts), seen)
        last = seen[-1][1]
        began = next(at for at, done in seen if done >= FROM_SHARE * last)
        ended = next(at for at, done in seen if done >= TO_SHARE * last)
    return ended - began


def looped(processes: int) -> float:
    """Return the seconds of so many processes that only compute, each on a core.

    What the machine itself gains by its second core, which may not be a whole one.
    """
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-c", LOOP]
    began = time.perf_counter()
    started = [subprocess.Popen(command) for _ in range(processes)]  # noqa: S603 - ours
    for number, process in enumerate(started):
        psutil.Process(process.pid).cpu_affinity([cores[number % len(cores)]])
    for process in started:
        process.wait()
    return time.perf_counter() - began


@contextlib.contextmanager
def _prepared(case: Case, *, on_postgres: bool = False) -> Iterator[Installation]:
    """Give an installation that knows the orders and sends nothing."""
    ground = case.on
    with ground.installation(case.made, case.user, on_postgres=on_postgres) as bare:
        system = _with(bare, CLAIMS_OCR="false")
        system.run("orders", "import", str(case.orders))
        engine = sa.create_engine(system.database_url, poolclass=sa.NullPool)
        at = case.made.facts[-1].at
        with engine.begin() as connection:
            connection.execute(
                sa.insert(PausedQueueRow).values(queue="send", by="bench", at=at)
            )
        yield system


def _with(system: Installation, **settings: str) -> Installation:
    return replace(system, environment={**system.environment, **settings})


@contextlib.contextmanager
def _running(system: Installation, *roles: str) -> Iterator[None]:
    """Run parts of the program until the end."""
    with _ending(*[system.start(role) for role in roles]):
        yield


@contextlib.contextmanager
def _ending(*processes: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(
    system: Installation,
    settled: int,
    seen: list[tuple[float, int]] | None = None,
) -> None:
    """Return when so many mails have their answer; note how the jobs went."""
    engine = sa.create_engine(system.database_url)
    until = time.monotonic() + WITHIN_S
    with engine.connect() as connection:

        def number(query: str) -> int:
            value = int(connection.execute(sa.text(query)).scalar_one())
            connection.rollback()
            return value

        while number(_ALIVE) or number(_SETTLED) < settled:
            if time.monotonic() > until:
                raise CheckFailed(f"no answers in time:\n{system.log_tail()}")
            if seen is not None:
                seen.append((time.perf_counter(), number(_DONE)))
            pause(LOOKS_EVERY_S)
        if seen is not None:
            seen.append((time.perf_counter(), number(_DONE)))
    engine.dispose()


def _store_all(system: Installation, case: Case) -> None:
    """Have all mails stored, and their jobs rung, by a poller that then ends."""
    count = len(case.made.facts)
    until = time.monotonic() + WITHIN_S
    with _running(system, "poll"):
        while record.one(system.database_url, _STORED) < count:
            if time.monotonic() > until:
                raise CheckFailed(f"nothing is stored:\n{system.log_tail()}")
            pause(0.1)


def _check(system: Installation, case: Case) -> None:
    claims = len(case.made.claims) + len(case.warm.claims)
    answers = record.one(system.database_url, _ANSWERED)
    if answers < claims:
        parked = record.parked(system.database_url)
        raise CheckFailed(f"{answers} of {claims} claims have an answer: {parked}")


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 0."""
    return run_part("answers", __doc__, rows, arguments, profiles=PROFILES)


if __name__ == "__main__":
    sys.exit(main())
