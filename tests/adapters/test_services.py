"""The servers of `tests/services` do what their docstrings say."""

import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import pytest
import redis as redis_library
import sqlalchemy as sa

from tests.services import (
    Dovecot,
    Postgres,
    Redis,
    Server,
    ServiceMissing,
)

pytestmark = pytest.mark.services

REPOSITORY = Path(__file__).resolve().parents[2]
MAIL = b"Subject: 88231+104233+claim\r\n\r\nThe box was empty.\r\n"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Absent(Server):
    """A server whose program nobody has installed."""

    name = "absent"

    def _prepare(self) -> None:
        message = "no absent: install it"
        raise ServiceMissing(message)

    def _command(self) -> list[str]:
        raise NotImplementedError


class Failing(Server):
    """A server that says why it cannot start, and ends."""

    name = "failing"

    def _prepare(self) -> None:
        pass

    def _command(self) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit('the disk is full')"]


class TestServer:
    def test_one_that_cannot_start_shows_its_log_and_leaves_nothing(self) -> None:
        server = Failing()

        with pytest.raises(RuntimeError, match=r"failing.*code 1:\n.*disk is full"):
            server.__enter__()

        assert not server.directory.exists()

    def test_one_whose_program_is_absent_says_what_to_install(self) -> None:
        with pytest.raises(ServiceMissing, match="install it"):
            Absent().__enter__()

    @pytest.mark.usefixtures("dovecot", "postgres", "redis", "smtp_sink")
    def test_all_die_with_the_process_that_started_them(self) -> None:
        starter = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", START_ALL_AND_WAIT],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        with starter:
            assert starter.stdout is not None
            pids = map(int, starter.stdout.readline().split())
            directories = starter.stdout.readline().split()
            servers = [psutil.Process(pid) for pid in pids]
            families = [p for s in servers for p in (s, *s.children(recursive=True))]

            starter.send_signal(signal.SIGKILL)

        _, alive = psutil.wait_procs(families, timeout=10)
        for directory in directories:
            shutil.rmtree(directory)
        assert len(servers) == 4
        assert alive == []


START_ALL_AND_WAIT = """
import signal
from tests.services import Dovecot, Postgres, Redis, SmtpSink
servers = [kind().__enter__() for kind in (Dovecot, Postgres, Redis, SmtpSink)]
print(*(server.pid for server in servers))
print(*(server.directory for server in servers), flush=True)
signal.pause()
"""


class TestDovecot:
    def test_appended_mail_keeps_its_bytes_and_date(self, dovecot: Dovecot) -> None:
        dovecot.append_many("appended", [(MAIL, NOON), (MAIL + b"!\r\n", None)])

        with dovecot.session("appended") as connection:
            connection.select("INBOX", readonly=True)
            _, [answer] = connection.fetch("1", "(INTERNALDATE)")
        assert dovecot.mails("appended") == [MAIL, MAIL + b"!\r\n"]
        assert isinstance(answer, bytes)
        assert b'"02-Mar-2026 12:00:00 +0000"' in answer

    def test_delivered_mail_gets_trace_headers(self, dovecot: Dovecot) -> None:
        dovecot.deliver("delivered", b"Subject: a\n\nb\n", envelope_from="m@a.test")

        [mail] = dovecot.mails("delivered")
        assert mail.startswith(b"Return-Path: <m@a.test>\r\n")
        assert b"\r\nReceived: " in mail
        assert mail.endswith(b"Subject: a\r\n\r\nb\r\n")

    def test_url_reads_like_the_contract(self, dovecot: Dovecot) -> None:
        url = dovecot.url("claims@shop.test")

        assert url.startswith("imap://claims%40shop.test:")
        assert url.endswith(f"@127.0.0.1:{dovecot.port}/INBOX")

    def test_user_with_a_domain_is_the_same_user(self, dovecot: Dovecot) -> None:
        dovecot.append("same@shop.test", MAIL)

        assert dovecot.mails("same") == [MAIL]

    @pytest.mark.parametrize("folder", ["Drafts", "Sent"])
    def test_staff_folders_exist(self, dovecot: Dovecot, folder: str) -> None:
        dovecot.append("staff", MAIL, folder=folder)

        assert dovecot.mails("staff", folder) == [MAIL]

    def test_reading_flags_nothing(self, dovecot: Dovecot) -> None:
        dovecot.append("unread", MAIL)

        dovecot.mails("unread")

        assert dovecot.flags("unread") == [set()]

    def test_uidvalidity_changes_on_request(self, dovecot: Dovecot) -> None:
        dovecot.append("rebuilt", MAIL)

        dovecot.set_uidvalidity("rebuilt", 4711)

        assert dovecot.uidvalidity("rebuilt") == 4711
        assert dovecot.mails("rebuilt") == [MAIL]

    def test_loaded_files_come_in_the_order_of_their_names(
        self, dovecot: Dovecot, tmp_path: Path
    ) -> None:
        for number in reversed(range(200)):
            (tmp_path / f"{number:03}.eml").write_bytes(b"Subject: %d\r\n\r\n" % number)

        count = dovecot.load("loaded", tmp_path)

        mails = dovecot.mails("loaded")
        assert count == 200
        assert mails == [b"Subject: %d\r\n\r\n" % number for number in range(200)]

    def test_dropped_user_starts_empty(self, dovecot: Dovecot) -> None:
        dovecot.append("dropped", MAIL)

        dovecot.drop("dropped")

        assert dovecot.mails("dropped") == []

    def test_refused_append_raises(self, dovecot: Dovecot) -> None:
        with pytest.raises(RuntimeError, match="TRYCREATE"):
            dovecot.append("refused", MAIL, folder="Nowhere")

    def test_mail_outlives_a_restart_on_the_same_port(self, dovecot: Dovecot) -> None:
        dovecot.append("restarted", MAIL)
        port = dovecot.port

        dovecot.stop()
        dovecot.start()

        assert dovecot.port == port
        assert dovecot.mails("restarted") == [MAIL]


class TestRedis:
    def test_flushall_forgets(self, redis: Redis) -> None:
        with redis_library.Redis.from_url(redis.url) as client:
            client.set("key", "value")

            redis.flushall()

            assert client.get("key") is None

    def test_restart_keeps_the_port_and_loses_the_data(self, redis: Redis) -> None:
        with redis_library.Redis.from_url(redis.url) as client:
            client.set("key", "value")
            redis.stop()
            with pytest.raises(redis_library.ConnectionError):
                client.get("key")

            redis.start()

            assert client.get("key") is None


class TestPostgres:
    def test_each_database_is_empty_and_ones_own(self, postgres: Postgres) -> None:
        first, second = postgres.database(), postgres.database()

        _execute(first, "CREATE TABLE claims (id int)")

        assert _tables(first) == ["claims"]
        assert _tables(second) == []

    def test_database_like_another_has_its_rows(self, postgres: Postgres) -> None:
        original = postgres.database()
        _execute(original, "CREATE TABLE claims AS SELECT 1 AS id")

        copy = postgres.database(like=original)

        assert _tables(copy) == ["claims"]

    def test_dropping_throws_out_who_is_connected(self, postgres: Postgres) -> None:
        url = postgres.database()
        engine = sa.create_engine(url)
        with engine.connect():
            postgres.drop(url)

        engine.dispose()
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url.replace("+psycopg", ""))

    def test_commit_outlives_a_restart(self, postgres: Postgres) -> None:
        url = postgres.database()
        _execute(url, "CREATE TABLE claims (id int)")

        postgres.stop()
        postgres.start()

        assert _tables(url) == ["claims"]


def test_database_url_is_an_empty_database(database_url: str) -> None:
    assert _tables(database_url) == []


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def _tables(url: str) -> list[str]:
    engine = sa.create_engine(url)
    tables = sa.inspect(engine).get_table_names()
    engine.dispose()
    return tables
