"""The way of a mail in a large record to that in an empty one, and every plan of it.

Both records are in one PostgreSQL. Each round takes new mails through all steps, from
the poller's rows to the sent answer, in this process, first here, then there; what the
scheduler asks each second is timed too. Every statement that ran in the large record is
explained; one that reads claims, mails, jobs or events from end to end fails the run.

Example: `python -m bench at_size --claims 2000000 --rounds 5`
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from itertools import islice
from logging import WARNING
from pathlib import Path

import sqlalchemy as sa
import structlog

from bench import big_record
from bench.boxes import OUR_MX, PROFILES, Fact, make
from bench.desk_speed import BigPostgres
from bench.mailbox import orders_of, write_orders
from bench.plans import ALL, PlanWatch
from bench.rig import show, show_end
from bench.rounds import ROUNDS, alternate, ratios
from tests.office import OPENING, Office, an_office
from worker.actors import MOST_BY_KIND, QUEUES
from worker.adapters.orders_csv import read_orders

MAILS = 10
"""A round, of each kind."""
TURNS = 20
"""Of the scheduler, a round."""
AS_FAST = 1.5
"""How much dearer a mail may be in the large record: deeper indexes, colder pages."""
HERE, THERE = "large", "empty"


def main(arguments: list[str]) -> int:
    """Measure and print; return 0 when all is flat and no table is read whole."""
    parser = argparse.ArgumentParser(prog="python -m bench at_size")
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--url", help="of a record that big_record has filled")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(WARNING))
    is_fine = True
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(BigPostgres())
        url = given.url or server.database()
        if given.url is None:
            big_record.fill(url, given.claims)
        urls = {HERE: url, THERE: server.database()}
        offices = {
            name: stack.enter_context(_office(home / name, one))
            for name, one in urls.items()
        }
        engine = offices[HERE].store.database.engine
        print(f"{_mails(engine):,} mails in the large record")
        watch = PlanWatch(engine, ALL)
        for what, variants in _cases(offices, given.rounds):
            taken = alternate(given.rounds, variants, warm_up=True)
            show_end()
            each = {name: statistics.median(taken[name]) * 1000 for name in taken}
            ratio = statistics.median(ratios(taken[HERE], taken[THERE]))
            _, ran = watch.take()
            whole = watch.whole(ran, what)
            verdict = "ok" if ratio <= AS_FAST and not whole else "FAIL"
            print(
                f"{verdict:5} {what:24} {each[HERE]:8.1f} ms to {each[THERE]:8.1f} ms:"
                f" {ratio:.2f}x; {len(ran)} statements, read whole:"
                f" {', '.join(sorted(whole)) or 'none'}",
                flush=True,
            )
            is_fine = is_fine and verdict == "ok"
    return 0 if is_fine else 1


def _cases(
    offices: dict[str, Office], rounds: int
) -> Iterator[tuple[str, dict[str, Callable[[], float]]]]:
    for profile in PROFILES:
        # New mails each time: what a record has seen already is a copy.
        seed = int(time.time())
        mails = [make(profile, seed, number) for number in range(MAILS * (rounds + 1))]
        for office in offices.values():
            _know_orders(office, [fact for _, fact in mails if fact.kind == "claim"])
        raws = [raw for raw, _ in mails]
        yield (
            f"{profile}, a mail",
            {
                name: partial(_delivered, office, iter(raws))
                for name, office in offices.items()
            },
        )
    yield (
        "scheduler, a turn",
        {name: partial(_looked, office) for name, office in offices.items()},
    )


def _delivered(office: Office, raws: Iterator[bytes]) -> float:
    """Take the next mails through all steps; return seconds a mail."""
    show(f"{MAILS} mails")
    began = time.perf_counter()
    for raw in islice(raws, MAILS):
        office.deliver(raw)
    return (time.perf_counter() - began) / MAILS


def _looked(office: Office) -> float:
    """Ask what the scheduler asks; return seconds a turn."""
    show("the scheduler's turns")
    began = time.perf_counter()
    for _ in range(TURNS):
        for queue in QUEUES:
            office.store.jobs.due(
                queue, limit=100, quiet_for=timedelta(1), most_by_kind=MOST_BY_KIND
            )
        office.store.claims.due(OPENING - timedelta(days=9999))
        office.store.watches.is_relay_silent(for_at_least=timedelta(minutes=15))
        office.store.watches.living_roles(heard_within=timedelta(minutes=1))
    return (time.perf_counter() - began) / TURNS


def _know_orders(office: Office, claims: list[Fact]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        write_orders(path, orders_of(claims))
        office.store.orders.import_orders(read_orders(path).rows)


@contextmanager
def _office(home: Path, url: str) -> Iterator[Office]:
    with an_office(
        home, database_url=url, trusted_mx=(OUR_MX,), trusted_authserv=(OUR_MX,)
    ) as office:
        office.renumber(int(time.time()))  # and not the UIDs of earlier mails
        yield office


def _mails(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(sa.text("select max(id) from mails")).scalar_one()
        )
