"""What stops, stalls or refuses for a while costs time, and no mail, claim or answer.

Each outage is of some seconds here; the real ones that it stands for are longer, and
the program waits in the same way. Nothing is asserted about how long it takes.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
import pytest
import redis as redis_library
import sqlalchemy as sa

from bench.record import is_idle, one, rows
from bench.rig import pause
from tests.builders_mail import SENT_AT
from tests.chaos.checker import check
from tests.chaos.load import a_claim, an_order_row
from tests.chaos.rig import Site, wait_until
from tests.services import Dovecot, Postgres, Redis, Script, TcpProxy

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

OUTAGE_S = 8.0
STOP_WITHIN_S = 20.0
"""Source: TimeoutStopSec of deploy/systemd, less what the supervisor takes."""
MAILS = 24
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


def deliver(site: Site, numbers: range) -> None:
    """Put mails about orders of their own into the mailbox."""
    mails = [(a_claim(number), SENT_AT) for number in numbers]
    site.dovecot.append_many(site.user, mails)


@contextmanager
def at_work(site: Site, *, mails: int = MAILS, **settings: str) -> Iterator[None]:
    """Let `claims serve` work on half of the mails, do something, and see it through.

    What is in the block happens while it works; the other half comes before its end.
    """
    site.more = {**site.more, "CLAIMS_DRAFTS_URL": "", "CLAIMS_SENT_FOLDER": ""}
    site.import_orders(*(an_order_row(number) for number in range(mails)))
    deliver(site, range(mails // 2))
    served = site.start("serve", **settings)
    began = "select count(*) from mails where fate is not null"
    wait_until(lambda: one(site.database_url, began) > 1, "the first mails")
    yield
    see_through(site, mails)
    stop(served)
    scene = site.scene()
    assert check(scene) == []
    assert len(scene.mails) == mails
    assert one(site.database_url, "select count(*) from claims") == mails


def see_through(site: Site, mails: int) -> None:
    """Wait until every mail has its fate and no job is left."""

    def is_over() -> bool:
        try:
            return is_idle(site.database_url, mails)
        except sa.exc.OperationalError:
            return False

    wait_until(is_over, "idle")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process by SIGTERM, which it obeys in time."""
    process.terminate()
    assert process.wait(STOP_WITHIN_S) == 0


# -- workers --------------------------------------------------------------------------


@ON_POSTGRESQL
def test_scenario_11_a_stopped_worker_gives_way_and_writes_nothing(site: Site) -> None:
    """A worker stands still for longer than its lease; another one does its job.

    On PostgreSQL: with SQLite it might stand still with the one lock that there is.
    """
    site.more = {"CLAIMS_DRAFTS_URL": "", "CLAIMS_SENT_FOLDER": ""}
    site.import_orders(*(an_order_row(number) for number in range(3)))
    deliver(site, range(3))
    others = [site.start("poll"), site.start("schedule")]
    stopped = site.start("work", fault="job.taken:hang@2")
    wait_until(lambda: _is_stopped(stopped.pid), "a worker that stands still")

    worker = site.start("work")
    see_through(site, 3)
    stopped.send_signal(signal.SIGCONT)
    wait_until(lambda: bool(site.lines("lease_lost")), "the lost lease")

    for process in (worker, stopped, *others):
        stop(process)
    assert check(site.scene()) == []
    assert one(site.database_url, "select count(*) from emails") == 3


def _is_stopped(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)


@ON_SQLITE
def test_scenario_12_a_worker_told_to_stop_ends_its_mail_first(site: Site) -> None:
    site.sink.behave(Script(delay=4.0))
    deliver(site, range(1))
    site.import_orders(an_order_row(0))
    served = site.start("serve")
    sending = "select count(*) from emails where status = 'sending'"
    wait_until(lambda: one(site.database_url, sending) == 1, "an e-mail on its way")

    stop(served)

    (email,) = rows(site.database_url, "select status, uncertain from emails")
    assert (email["status"], email["uncertain"]) == ("sent", 0)
    assert len(site.sink.mails()) == 1
    site.until_idle()
    assert check(site.scene()) == []


# -- Redis ----------------------------------------------------------------------------


@contextmanager
def flushed(redis: Redis) -> Iterator[None]:
    redis.flushall()
    yield
    redis.flushall()


@contextmanager
def down(redis: Redis) -> Iterator[None]:
    redis.stop()
    yield
    redis.start()


@contextmanager
def standing_still(redis: Redis) -> Iterator[None]:
    assert redis.pid is not None
    os.kill(redis.pid, signal.SIGSTOP)
    yield
    os.kill(redis.pid, signal.SIGCONT)


@contextmanager
def out_of_memory(redis: Redis) -> Iterator[None]:
    with redis_library.Redis.from_url(redis.url) as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def read_only(redis: Redis) -> Iterator[None]:
    with redis_library.Redis.from_url(redis.url) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        yield
        client.execute_command("REPLICAOF", "NO", "ONE")


OUTAGES = (flushed, down, standing_still, out_of_memory, read_only)


@ON_SQLITE
@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.__name__)
def test_scenarios_13_to_16_whatever_redis_does_costs_only_time(
    site: Site, redis: Redis, outage: "type[contextlib.AbstractContextManager[None]]"
) -> None:
    with at_work(site):
        with outage(redis):  # type: ignore[call-arg]
            deliver(site, range(MAILS // 2, MAILS))
            stored = "select count(*) from mails"
            wait_until(
                lambda: one(site.database_url, stored) == MAILS,
                "mails are stored though Redis is away",
            )
            before = site.log.stat().st_size
            pause(OUTAGE_S)
        lines = site.log.read_bytes()[before:].count(b"\n")
        assert lines < 10 * OUTAGE_S, "the log says it again and again"


@ON_SQLITE
def test_scenario_17_answers_of_redis_that_are_lost_cost_only_time(
    site: Site, redis: Redis
) -> None:
    with TcpProxy(redis.port) as proxy:
        url = redis.url.replace(f":{redis.port}", f":{proxy.port}")
        with at_work(site, CLAIMS_REDIS_URL=url):
            for number in range(MAILS // 2, MAILS):
                deliver(site, range(number, number + 1))
                proxy.cut_after(500)
                pause(0.3)
                proxy.heal()


# -- the database ---------------------------------------------------------------------


@ON_POSTGRESQL
def test_scenario_18_a_database_that_stops_costs_only_time(
    site: Site, postgres: Postgres
) -> None:
    with at_work(site):
        assert postgres.pid is not None
        deliver(site, range(MAILS // 2, MAILS))
        os.kill(postgres.pid, signal.SIGQUIT)  # "immediate": no farewell
        postgres.stop()
        pause(OUTAGE_S)
        postgres.start()
        with psycopg.connect(
            site.database_url.replace("+psycopg", ""), autocommit=True
        ) as operator:
            for _ in range(8):
                pause(1.0)
                operator.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid != pg_backend_pid()"
                )


# -- the relay ------------------------------------------------------------------------


@ON_SQLITE
def test_scenario_27_a_relay_that_is_closed_loses_no_e_mail(site: Site) -> None:
    site.sink.behave(Script(is_closed=True))
    with at_work(site, mails=8):
        deliver(site, range(4, 8))
        pause(OUTAGE_S)
        site.sink.behave(Script())
    assert len(site.sink.mails()) == 8


@ON_SQLITE
def test_scenario_28_a_cut_at_the_dot_repeats_the_same_bytes(site: Site) -> None:
    site.sink.behave(Script(cut_at_dot=3, keeps_cut=True))
    with at_work(site, mails=8):
        deliver(site, range(4, 8))
    uncertain = one(site.database_url, "select sum(uncertain) from emails")
    assert uncertain == 3
    assert len(site.sink.mails()) == 8 + 3
    assert len({mail.raw for mail in site.sink.mails()}) == 8


@ON_SQLITE
def test_scenario_29_a_refused_login_keeps_the_queue_and_tells(site: Site) -> None:
    """The quarter of an hour until the next try is skipped by hand."""
    site.sink.behave(Script(auth="refuse"))
    with_login = site.sink.url.replace("smtp://", "smtp://claims:opensesame@")
    with at_work(site, mails=4, CLAIMS_SMTP_URL=with_login):
        deliver(site, range(2, 4))
        blocked = "select count(*) from alerts where code = 'smtp_blocked'"
        wait_until(lambda: one(site.database_url, blocked) == 1, "the alert")
        connections = site.sink.connections()
        pause(OUTAGE_S)
        assert site.sink.connections() - connections <= 4, "it hammers the relay"
        assert site.sink.mails() == []
        site.sink.behave(Script(auth="accept"))
        engine = sa.create_engine(site.database_url, poolclass=sa.NullPool)

        def hurry() -> bool:
            with engine.begin() as connection:
                connection.execute(
                    sa.text(
                        "update jobs set run_at_ms = 0, rung_at_ms = 0"
                        " where kind = 'send' and state = 'ready'"
                    )
                )
            return len(site.sink.mails()) == 4

        wait_until(hurry, "every e-mail")


# -- the mailbox ----------------------------------------------------------------------


@ON_SQLITE
def test_scenario_33_another_uidvalidity_answers_nobody_again(
    site: Site, dovecot: Dovecot
) -> None:
    site.more = {"CLAIMS_DRAFTS_URL": "", "CLAIMS_SENT_FOLDER": ""}
    site.import_orders(*(an_order_row(number) for number in range(25)))
    deliver(site, range(20))
    site.until_idle()

    dovecot.set_uidvalidity(site.user, 777)
    deliver(site, range(20, 25))
    counts = site.until_idle()

    aliases = "select count(*) from mails where alias_of is not null"
    assert one(site.database_url, aliases) == 20
    assert (counts["claims"], counts["emails_sent"]) == (25, 25)
    assert len(site.sink.mails()) == 25
    assert check(site.scene()) == []
