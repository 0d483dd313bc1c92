"""Engines: no lost update, patient locks, exact instants, errors that say what next."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from tests.services import Postgres, free_port
from worker.adapters.migrations import upgrade
from worker.adapters.store import engine
from worker.adapters.store.desk_schema import PausedQueueRow
from worker.adapters.store.engine import Database, make_engine, now_ms, translated
from worker.adapters.store.schema import UtcInstant
from worker.domain.errors import RetryLater, SettingsInvalid

WORD = "Frau-Geheim-4711"
NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
COUNT = sa.text("select n from counter")
PROCESSES, ROUNDS = 4, 60
COUNTING = """
import sys
import sqlalchemy as sa
from worker.adapters.store.engine import Database, make_engine

database = Database(make_engine(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    with database.write() as session:
        n = session.execute(sa.text("select n from counter")).scalar_one()
        session.execute(sa.text("update counter set n = :n"), {"n": n + 1})
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with a counter at 0."""
    yield from a_database(database_url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'claims.sqlite3'}"


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    yield from a_database(sqlite_url)


@pytest.fixture
def on_postgres(postgres: Postgres) -> Iterator[Database]:
    url = postgres.database()
    yield from a_database(url)
    postgres.drop(url)


def a_database(url: str) -> Iterator[Database]:
    database = Database(make_engine(url))
    run(database, "create table counter (n integer not null)")
    run(database, "insert into counter values (0)")
    yield database
    database.close()


def run(database: Database, statement: str) -> None:
    with database.write() as session:
        session.execute(sa.text(statement))


def count(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(COUNT).scalar_one())


def add_one(database: Database) -> None:
    """Read, then write what was read, plus one."""
    with database.write() as session:
        number = session.execute(COUNT).scalar_one()
        session.execute(sa.text("update counter set n = :n"), {"n": number + 1})


# -- SQLite under several writers ---------------------------------------------------


@pytest.mark.slow
def test_scenario_22_four_processes_that_read_modify_write_lose_no_update(
    sqlite: Database, sqlite_url: str
) -> None:
    """With the driver's own transactions thousands are lost, without any error (E7)."""
    program = [sys.executable, "-c", COUNTING, sqlite_url, str(ROUNDS)]

    started = [subprocess.Popen(program) for _ in range(PROCESSES)]  # noqa: S603
    codes = [process.wait(60) for process in started]

    assert codes == [0] * PROCESSES
    assert count(sqlite) == PROCESSES * ROUNDS


def test_scenario_21_a_writer_waits_for_a_lock_and_loses_no_update(
    sqlite: Database, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "claims.sqlite3")) as other:
        other.isolation_level = None
        other.execute("begin exclusive")
        other.execute("update counter set n = n + 10")
        writer = threading.Thread(target=add_one, args=(sqlite,))
        writer.start()
        writer.join(0.2)
        has_waited = writer.is_alive()
        other.execute("commit")
    writer.join(10)

    assert has_waited
    assert count(sqlite) == 11


def test_a_lock_that_stays_is_a_passing_trouble_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    with (
        contextmanager(a_database)(f"sqlite:///{tmp_path / 'claims.sqlite3'}") as ours,
        closing(sqlite3.connect(tmp_path / "claims.sqlite3")) as other,
    ):
        other.isolation_level = None
        other.execute("begin immediate")

        with pytest.raises(RetryLater, match="database_locked"):
            add_one(ours)

        other.execute("rollback")
        assert count(ours) == 0


def test_sqlite_survives_power_loss_and_minds_foreign_keys(sqlite: Database) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

    with sqlite.read() as session:
        pragmas = {
            name: session.execute(sa.text(f"pragma {name}")).scalar_one()
            for name in expected
        }

    assert pragmas == expected


# -- transactions -------------------------------------------------------------------


def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as session:
        session.execute(sa.text("update counter set n = 5"))

        assert count(database) == 0

    assert count(database) == 5


def test_a_reader_sees_one_snapshot_to_its_end(database: Database) -> None:
    with database.read() as session:
        first = session.execute(COUNT).scalar_one()
        add_one(database)
        second = session.execute(COUNT).scalar_one()

    assert (first, second) == (0, 0)
    assert count(database) == 1


class Counter:
    """Looks the counter up, and says how often it really did."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.looks = 0

    @engine.once
    def at_least(self, n: int) -> list[int]:
        self.looks += 1
        with self._database.read() as session:
            found = session.execute(COUNT).scalar_one()
        return [found] if found >= n else []


def add_one_elsewhere(database: Database) -> None:
    """Count on in another thread, as another process would."""
    thread = threading.Thread(target=add_one, args=(database,))
    thread.start()
    thread.join()


def test_what_one_reading_looks_up_is_of_one_moment_and_looked_up_once(
    database: Database,
) -> None:
    counter = Counter(database)

    with database.reading():
        seen = [counter.at_least(0)]
        add_one_elsewhere(database)
        with database.read() as session:
            assert session.execute(COUNT).scalar_one() == 0
        seen[0].append(99)  # and no other caller sees it
        seen += [counter.at_least(0), counter.at_least(5)]

    assert seen == [[0, 99], [0], []]
    assert counter.looks == 2


def test_nothing_is_remembered_from_one_reading_to_the_next(database: Database) -> None:
    counter = Counter(database)

    with database.reading():
        assert counter.at_least(0) == [0]
    add_one_elsewhere(database)
    with database.reading():
        assert counter.at_least(0) == [1]
    add_one_elsewhere(database)

    assert counter.at_least(0) == [2]


def test_a_reading_ends_where_something_is_raised(database: Database) -> None:
    with pytest.raises(KeyError), database.reading():
        raise KeyError
    with database.write() as session:
        session.execute(sa.text("update counter set n = n + 1"))

    assert database.known is None


def test_nothing_is_written_inside_a_reading(database: Database) -> None:
    with database.reading(), pytest.raises(RuntimeError), database.write():
        pass


def test_what_is_written_together_is_seen_within_and_outside_only_at_the_end(
    database: Database,
) -> None:
    seen = []
    with database.together():
        add_one(database)
        seen.append(count(database))
        with database.reading():
            seen.append(count(database))
        add_one(database)
        outside = threading.Thread(target=lambda: seen.append(count(database)))
        outside.start()
        outside.join()

    assert seen == [1, 1, 0]
    assert count(database) == 2


def test_what_is_raised_undoes_all_that_was_written_together(
    database: Database,
) -> None:
    def fail() -> None:
        with database.together():
            add_one(database)
            add_one(database)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    add_one(database)

    assert count(database) == 1


def test_a_row_is_seen_as_a_statement_before_has_changed_it(
    sqlite_url: str,
) -> None:
    """The session knows the row; the statement goes past it."""
    upgrade(sqlite_url)
    database = Database(make_engine(sqlite_url))
    with database.together():
        with database.write() as session:
            session.add(PausedQueueRow(queue="send", by="ada", at=NOON))
        with database.write() as session:
            session.execute(sa.text("update paused_queues set by = 'bo'"))
        with database.read() as session:
            found = session.execute(sa.select(PausedQueueRow)).scalar_one()
            by = found.by
    database.close()

    assert by == "bo"


def test_nothing_is_written_inside_a_reading_that_is_part_of_more(
    database: Database,
) -> None:
    with (
        database.together(),
        database.reading(),
        pytest.raises(RuntimeError),
        database.write(),
    ):
        pass


def test_a_part_that_was_undone_undoes_the_whole(database: Database) -> None:
    """Although somebody within caught what it raised."""

    def fail() -> None:
        with database.write() as session:
            session.execute(sa.text("update counter set n = 5"))
            raise KeyError

    def do_both() -> None:
        with database.together():
            add_one(database)
            with pytest.raises(KeyError):
                fail()

    with pytest.raises(RuntimeError):
        do_both()

    assert count(database) == 0


def test_nothing_together_begins_inside_another(database: Database) -> None:
    with database.together(), pytest.raises(RuntimeError), database.together():
        pass


def test_whatever_is_raised_undoes_the_transaction(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.execute(sa.text("update counter set n = 5"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert count(database) == 0


# -- time ---------------------------------------------------------------------------


def test_the_database_tells_the_time_in_ms_and_goes_on_within_a_transaction(
    database: Database,
) -> None:
    """Leases run by it, so that no process's clock matters (scenario 39)."""
    before = time.time() * 1000
    with database.write() as session:
        first = session.execute(sa.select(now_ms(session))).scalar_one()
        threading.Event().wait(0.02)
        second = session.execute(sa.select(database.now_ms)).scalar_one()

    assert isinstance(first, int)
    assert abs(first - before) < 5000
    assert 15 <= second - first < 5000


def test_an_instant_comes_back_as_it_was_to_the_microsecond_in_utc(
    database: Database,
) -> None:
    table = sa.Table("instants", sa.MetaData(), sa.Column("at", UtcInstant))
    in_vilnius = timezone(timedelta(hours=2))
    at = datetime(2026, 3, 29, 3, 30, 15, 123456, tzinfo=in_vilnius)

    with database.write() as session:
        table.create(session.connection())
        session.execute(table.insert().values(at=at))
    with database.read() as session:
        back = session.execute(sa.select(table.c.at)).scalar_one()

    assert back == at
    assert back.tzinfo is UTC
    assert back.isoformat() == "2026-03-29T01:30:15.123456+00:00"


def test_T4_a_naive_instant_is_refused(database: Database) -> None:
    table = sa.Table("instants", sa.MetaData(), sa.Column("at", UtcInstant))
    naive = datetime(2026, 3, 29, 3, 30)  # noqa: DTZ001 - the point

    def store() -> None:
        with database.write() as session:
            table.create(session.connection())
            session.execute(table.insert().values(at=naive))

    with pytest.raises(exc.StatementError, match="a naive datetime reached the store"):
        store()


# -- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["select 1 from nowhere", "select later from counter"]
)
def test_a_missing_table_or_column_asks_for_the_migration(
    database: Database, statement: str
) -> None:
    with pytest.raises(RetryLater, match="database_not_migrated"):
        run(database, statement)


def test_a_mistake_in_our_sql_is_a_bug_and_no_passing_trouble(
    database: Database,
) -> None:
    with pytest.raises((exc.ProgrammingError, exc.OperationalError)):
        run(database, "selekt 1")


def test_an_error_text_repeats_no_parameter(database: Database) -> None:
    """It may end on a terminal. PostgreSQL's own words are another matter."""
    run(database, "create table names (n text not null, m integer not null)")
    insert = sa.text("insert into names values (:n, null)")

    def store() -> None:
        with database.write() as session:
            session.execute(insert, {"n": WORD})

    with pytest.raises(exc.IntegrityError) as caught:
        store()

    assert WORD not in str(caught.value).replace(str(caught.value.orig), "")


def test_a_postgres_that_is_not_there_is_a_passing_trouble() -> None:
    url = f"postgresql://claims@127.0.0.1:{free_port()}/claims"
    database = Database(make_engine(url))

    with pytest.raises(RetryLater, match="database_unreachable"):
        count(database)


def test_a_folder_that_is_not_there_is_a_passing_trouble(tmp_path: Path) -> None:
    database = Database(make_engine(f"sqlite:///{tmp_path / 'gone' / 'claims.db'}"))

    with pytest.raises(RetryLater, match="database_unreachable"):
        count(database)


def test_scenario_18_a_cut_connection_is_a_passing_trouble_and_the_pool_recovers(
    on_postgres: Database,
) -> None:
    def lose_connection() -> None:
        with on_postgres.write() as session:
            session.execute(sa.text("update counter set n = 5"))
            pid = session.execute(sa.text("select pg_backend_pid()")).scalar_one()
            run(on_postgres, f"select pg_terminate_backend({pid})")
            session.execute(COUNT)

    with pytest.raises(RetryLater, match="database_unreachable"):
        lose_connection()

    assert count(on_postgres) == 0


def test_an_idle_connection_that_was_cut_is_replaced_unnoticed(
    on_postgres: Database,
) -> None:
    count(on_postgres)
    other = Database(make_engine(on_postgres.engine.url.render_as_string()))

    run(
        other,
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid != pg_backend_pid()",
    )

    assert count(on_postgres) == 0
    other.engine.dispose()


def test_a_postgres_that_falls_silent_is_noticed_within_a_minute(
    on_postgres: Database,
) -> None:
    """What the kernel was told about the connection; the default is two hours."""
    with on_postgres.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=os.dup(driver.fileno())) as line:
            option = line.getsockopt
            idle_s = option(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            every_s = option(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
            probes = option(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
            unheard_ms = option(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

            assert option(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert idle_s + every_s * probes <= 60
    assert 0 < unheard_ms <= 60_000


def test_statements_are_prepared_and_planned_for_their_values(
    on_postgres: Database,
) -> None:
    """A plan for whatever values would use no partial index."""
    query = sa.text("select n from counter where n > :least")
    plans = sa.text(
        "select generic_plans, custom_plans from pg_prepared_statements"
        " where statement like 'select n from counter%'"
    )
    with on_postgres.read() as session:
        for least in range(20):
            session.execute(query, {"least": least})
        generic, custom = session.execute(plans).one()

    assert generic == 0
    assert custom > 10


def test_a_migration_under_a_prepared_statement_is_a_passing_trouble(
    on_postgres: Database,
) -> None:
    other = Database(make_engine(on_postgres.engine.url.render_as_string()))
    for _ in range(5):
        count(on_postgres)
    run(other, "alter table counter alter n type bigint")

    with pytest.raises(RetryLater, match="database_migrated"):
        count(on_postgres)

    assert count(on_postgres) == 0
    other.engine.dispose()


def test_what_the_url_says_about_a_silent_postgres_wins() -> None:
    made = make_engine("postgresql://u@h/d?connect_timeout=3")
    with pytest.MonkeyPatch.context() as patch:
        asked: dict[str, object] = {}

        def connect(*_words: object, **options: object) -> object:
            asked.update(options)
            raise made.dialect.loaded_dbapi.OperationalError

        patch.setattr(made.dialect.loaded_dbapi, "connect", connect)
        with pytest.raises(exc.OperationalError):
            made.connect()

    assert str(asked["connect_timeout"]) == "3"
    assert asked["keepalives_idle"] == engine.ALIVE_OR_GONE["keepalives_idle"]


def test_scenario_19_a_full_disk_is_a_passing_trouble_and_nothing_is_written(
    sqlite: Database,
) -> None:
    def fill() -> None:
        with sqlite.write() as session:
            session.execute(sa.text("pragma max_page_count = 3"))
            session.execute(sa.text("update counter set n = 5"))
            session.execute(sa.text("create table big as select randomblob(50000)"))

    with pytest.raises(RetryLater, match="database_full"):
        fill()

    assert count(sqlite) == 0


def test_two_transactions_in_conflict_are_a_passing_trouble(
    on_postgres: Database,
) -> None:
    def conflict() -> None:
        with on_postgres.write() as session:
            session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
            session.execute(COUNT)
            add_one(on_postgres)
            session.execute(sa.text("update counter set n = 5"))

    with pytest.raises(RetryLater, match="database_conflict"):
        conflict()

    assert count(on_postgres) == 1


def test_no_free_connection_is_a_passing_trouble(sqlite_url: str) -> None:
    crowded = sa.create_engine(
        sqlite_url, pool_size=1, max_overflow=0, pool_timeout=0.01
    )
    database = Database(crowded)

    with (
        database.read(),
        pytest.raises(RetryLater, match="database_pool_exhausted"),
        database.read(),
    ):
        pass

    crowded.dispose()


@pytest.mark.parametrize("begins", [b"", b"SQLite format 3\0"], ids=["other", "cut"])
def test_a_file_that_is_no_database_is_told_and_left_as_it_is(
    tmp_path: Path, begins: bytes
) -> None:
    path = tmp_path / "claims.db"
    path.write_bytes(begins + b"something else " * 100)
    before = path.read_bytes()
    database = Database(make_engine(f"sqlite:///{path}"))

    with pytest.raises(RetryLater, match="database_damaged"), database.read():
        pass

    assert path.read_bytes() == before


PASSING = {exc.OperationalError, exc.InterfaceError}


@pytest.mark.parametrize("kind", sorted(exc.DBAPIError.__subclasses__(), key=str))
def test_each_of_the_librarys_errors_is_either_passing_or_a_bug(
    kind: type[exc.DBAPIError],
) -> None:
    for one in (kind, *kind.__subclasses__()):
        expected = RetryLater if PASSING.intersection(one.__mro__) else one

        with pytest.raises(expected), translated():
            raise one("select 1", {}, Exception("the driver's words"))


# -- URLs ---------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_each_way_to_write_postgres_means_psycopg(scheme: str) -> None:
    made = make_engine(f"{scheme}://claims@db.example/claims")

    assert made.url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize("url", [f"mysql://u:{WORD}@h/db", f"no url: {WORD}"])
def test_a_url_that_we_cannot_use_is_a_wrong_setting_and_is_not_repeated(
    url: str,
) -> None:
    with pytest.raises(SettingsInvalid, match="CLAIMS_DATABASE_URL") as caught:
        make_engine(url)

    assert WORD not in str(caught.value)


# -- the file ---------------------------------------------------------------------


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_a_new_record_is_for_its_owner_alone(tmp_path: Path, sqlite: Database) -> None:
    with sqlite.write() as session:
        session.execute(sa.text("update counter set n = 5"))

        assert modes(tmp_path) == {
            "claims.sqlite3": 0o600,
            "claims.sqlite3-wal": 0o600,
            "claims.sqlite3-shm": 0o600,
            "claims.sqlite3-turns": 0o600,
        }


def test_a_record_that_is_there_keeps_the_mode_that_somebody_chose(
    tmp_path: Path, sqlite_url: str
) -> None:
    path = tmp_path / "claims.sqlite3"
    path.touch()
    path.chmod(0o640)

    for _ in a_database(sqlite_url):
        assert modes(tmp_path)["claims.sqlite3"] == 0o640


def test_a_record_in_no_folder_is_still_out_of_reach(tmp_path: Path) -> None:
    database = Database(make_engine(f"sqlite:///{tmp_path / 'none' / 'claims.db'}"))

    with pytest.raises(RetryLater, match="database_unreachable"), database.read():
        pass

    assert modes(tmp_path) == {}
