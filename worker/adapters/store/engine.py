"""Engines for SQLite and PostgreSQL, and the database's own clock.

SQLite: WAL, synchronous FULL, and every transaction that writes begins IMMEDIATE;
with the driver's own transaction handling, concurrent updates are lost without an
error (reliability.md E7).
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from worker.adapters.store.turns import Turns
from worker.domain.errors import RetryLater, SettingsInvalid

FILE_MODE = 0o600  # members' data: nobody else on the machine reads it
BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for SQLite's lock. Source: reliability.md scenario 21."""
PLANNED_FOR_ITS_VALUES: dict[str, int | str] = {
    "prepare_threshold": 2,
    "options": "-c plan_cache_mode=force_custom_plan",
}
"""A statement is read once for a connection and planned for each use. By default
PostgreSQL soon plans it for whatever values, and uses no partial index for it. Source:
PostgreSQL, PREPARE; measured 2026-11-22: with 5,000,000 e-mails a look for held ones
took 3 s in place of 0.1 ms, and without preparing points took a tenth longer."""
ALIVE_OR_GONE: dict[str, int] = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
"""A server that fell silent is noticed within a minute; by default it takes hours, and
who waits for it keeps its lease. Source: PostgreSQL, 34.1.2; the numbers are ours."""
_READ_ONLY = "claims_read_only"
PRIMARY = 0xFF
"""The part of SQLite's extended codes that says the kind."""
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NOT_MIGRATED = frozenset({"42P01", "42703"})
"""Undefined table, undefined column. Source: PostgreSQL, appendix A."""


def make_engine(url: str) -> sa.Engine:
    """Return an engine for `sqlite:///path` or `postgresql+psycopg://...`.

    Raises:
        SettingsInvalid: the URL cannot be read or names another database.
    """
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        raise SettingsInvalid(["CLAIMS_DATABASE_URL cannot be read as a URL"]) from None
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite_engine(parsed)
        case "postgresql":
            # What the URL says itself wins.
            engine = sa.create_engine(
                parsed,
                pool_pre_ping=True,
                pool_size=10,
                hide_parameters=True,
                connect_args={
                    name: value
                    for name, value in {
                        **ALIVE_OR_GONE,
                        **PLANNED_FOR_ITS_VALUES,
                    }.items()
                    if name not in parsed.query
                },
            )
            sa.event.listen(engine, "handle_error", _forget_old_statements)
            return engine
        case other:
            fault = f"CLAIMS_DATABASE_URL: {other} is neither sqlite nor postgresql"
            raise SettingsInvalid([fault])


def _forget_old_statements(context: sa.ExceptionContext) -> None:
    """Let connections go whose prepared statements a migration has overtaken.

    Source: PostgreSQL, `RevalidateCachedQuery`; there is no code of its own for it.
    """
    if "cached plan must not change result type" in str(context.original_exception):
        context.is_disconnect = True


def _file_of(url: sa.URL) -> Path | None:
    """Return the file of a SQLite database; None for one in memory, or a URI."""
    if url.database in {None, "", ":memory:"} or "uri" in url.query:
        return None
    return Path(str(url.database))


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    in_memory = url.database in {None, "", ":memory:"}
    options: dict[str, Any] = {
        "connect_args": {"timeout": BUSY_TIMEOUT_S},
        "hide_parameters": True,
    }
    if in_memory:
        options["poolclass"] = sa.StaticPool
        options["connect_args"]["check_same_thread"] = False
    engine = sa.create_engine(url, **options)
    if _file_of(url) is not None:
        sa.event.listen(engine, "do_connect", _make_file)
    sa.event.listen(engine, "connect", _on_sqlite_connect)
    sa.event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _make_file(
    _dialect: object, _record: object, arguments: list[Any], _options: object
) -> None:
    """Make the database's file before SQLite does, which would let anybody read it.

    Its `-wal` and `-shm` get the file's mode. One that is there keeps its own.
    """
    try:
        os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL, FILE_MODE))
    except OSError:
        return  # it is there, or cannot be: SQLite says which


def _on_sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    _use_wal(connection)
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={int(BUSY_TIMEOUT_S * 1000)}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL once; of several first comers, one may be refused.

    SQLite does not wait where waiting could be a deadlock, so this tries again.
    """
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & PRIMARY == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > until:
                raise
            threading.Event().wait(0.02)
        else:
            return


def _on_sqlite_begin(connection: sa.Connection) -> None:
    reads_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def now_ms(engine_or_session: sa.Engine | Session) -> sa.SQLColumnExpression[int]:
    """Return an SQL expression: the database's clock in ms since 1970 (UTC)."""
    bind = (
        engine_or_session.get_bind()
        if isinstance(engine_or_session, Session)
        else engine_or_session
    )
    return clock_of(bind.dialect.name)


def dialect_of(session: Session) -> str:
    """Return the kind of database: `sqlite` or `postgresql`."""
    return session.get_bind().dialect.name


def clock_of(dialect: str) -> sa.SQLColumnExpression[int]:
    """Return the clock of a kind of database as an SQL expression; see `now_ms`."""
    if dialect == "sqlite":
        return sa.literal_column(
            "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)", sa.BigInteger
        )
    return sa.literal_column(
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", sa.BigInteger
    )


def insert(session: Session, table: type[DeclarativeBase]) -> sqlite.Insert:
    """Return the database's own INSERT, which knows ON CONFLICT.

    Both dialects share the methods that we use, so one type stands for both.
    """
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return cast("sqlite.Insert", postgresql.insert(table))


def insert_into(dialect: str, table: sa.Table) -> sqlite.Insert:
    """Return the INSERT of a kind of database; see `insert`.

    For statements that are made once and run with rows.
    """
    if dialect == "sqlite":
        return sqlite.insert(table)
    return cast("sqlite.Insert", postgresql.insert(table))


P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """Opens transactions; translates the library's errors into ours."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.now_ms = now_ms(engine)
        self.has_one_writer = engine.dialect.name == "sqlite"
        self._turns: Turns | None = None
        if self.has_one_writer:
            self._turns = Turns(_file_of(engine.url))
        self._turn: contextlib.AbstractContextManager[object] = (
            self._turns or contextlib.nullcontext()
        )
        self._reading: dict[str, Any] = {_READ_ONLY: True}
        if engine.dialect.name == "postgresql":
            # One snapshot for all statements; SQLite's transactions have one anyway.
            self._reading["isolation_level"] = "REPEATABLE READ"
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._open = threading.local()
        """Of this thread: the session of its `reading` and what that has looked up, or
        the session of its `together`."""

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
        if self._turns is not None:
            self._turns.close()

    def on_commit(self, call: Callable[[Session], None]) -> None:
        """Let something be told of each transaction that was committed."""
        sa.event.listen(self._sessions, "after_commit", call)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session in one writing transaction; commits when nothing raised.

        Raises:
            RetryLater: the database is locked, gone or full; nothing was written,
                or (`commit_unknown`) the connection broke during the commit.
        """
        if self.known is not None:
            raise RuntimeError("a transaction that writes inside one that reads")
        whole = self._shared()
        if whole is not None:
            try:
                yield whole
                _forget(whole)
            except BaseException:
                self._open.is_undone = True
                raise
            return
        with self._turn, translated(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let all that this thread writes within be one transaction.

        What it reads within sees what it wrote. When anything raises, nothing was
        written: also not where a part that raised was caught within.

        Raises:
            RetryLater: see `write`.
        """
        if self._shared() is not None:
            raise RuntimeError("a transaction inside another")
        with self._turn, translated(), self._sessions.begin() as session:
            self._open.session, self._open.is_undone = session, False
            try:
                yield
            finally:
                self._open.session = None
            if self._open.is_undone:
                raise RuntimeError("a part was undone, and so must be the whole")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session for reading one consistent snapshot.

        Inside `reading` it is the session of that, and nothing begins or ends; inside
        `together` alike.
        """
        shared = self._shared()
        if shared is not None:
            yield shared
            if self.known is None:
                _forget(shared)
            return
        with translated(), self._sessions() as session:
            session.connection(execution_options=self._reading)
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let all that this thread reads within be one transaction, one snapshot.

        Ends before anything is written: what was read before would be stale.
        """
        if self.known is not None:
            yield
            return
        outer = self._shared()
        with self.read() as session:
            self._open.session, self._open.known = session, {}
            try:
                yield
            finally:
                self._open.session, self._open.known = outer, None

    @property
    def known(self) -> dict[object, Any] | None:
        """What this thread's `reading` has looked up; None outside of one."""
        found: dict[object, Any] | None = getattr(self._open, "known", None)
        return found

    def _shared(self) -> Session | None:
        found: Session | None = getattr(self._open, "session", None)
        return found


def _forget(session: Session) -> None:
    """Let no row be seen as it was: statements change them past the session."""
    session.flush()
    session.expunge_all()


class _Reads(Protocol):
    """Looks things up in a database."""

    _database: Database


S = TypeVar("S", bound=_Reads)


def once(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Let each look-up happen once in a `Database.reading`: its snapshot is the same.

    For methods that return values, or lists and dictionaries of such: each caller gets
    a copy of these.
    """

    @wraps(method)
    def look(self: S, /, *args: P.args, **named: P.kwargs) -> T:
        known = self._database.known
        if known is None:
            return method(self, *args, **named)
        key = (method, id(self), args, tuple(named.items()))
        if key not in known:
            known[key] = method(self, *args, **named)
        found: T = known[key]
        return copy(found) if isinstance(found, list | dict) else found

    return look


@contextmanager
def translated() -> Iterator[None]:
    """Turn passing troubles of the database into RetryLater."""
    try:
        yield
    except exc.DatabaseError as error:
        code = _passing(error)
        if code is None:
            raise
        raise RetryLater(code) from None
    except exc.InterfaceError:
        raise RetryLater("database_unreachable") from None
    except exc.TimeoutError:
        raise RetryLater("database_pool_exhausted") from None


def _passing(error: exc.DatabaseError) -> str | None:
    """Return the code of a trouble that may pass, or a person can end; None: a bug."""
    if isinstance(error, exc.OperationalError):
        return None if _is_bug(error) else _code(error)
    if getattr(error.orig, "sqlstate", "") in _NOT_MIGRATED:
        return "database_not_migrated"
    if isinstance(error, exc.NotSupportedError) and error.connection_invalidated:
        return "database_migrated"  # see `_forget_old_statements`
    if getattr(error.orig, "sqlite_errorcode", 0) & PRIMARY in _DAMAGED:
        return "database_damaged"
    return None


def _is_bug(error: exc.OperationalError) -> bool:
    """Return whether SQLite means our SQL; PostgreSQL has a class for that."""
    is_generic = getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
    return is_generic and _code(error) == "database_unreachable"


def _code(error: exc.OperationalError) -> str:
    text = str(error.orig).lower()
    if "no such table" in text or "no such column" in text:
        return "database_not_migrated"
    if "locked" in text or "busy" in text:
        return "database_locked"
    if "full" in text or "no space" in text:
        return "database_full"
    if "deadlock" in text or "serialize" in text:
        return "database_conflict"
    return "database_unreachable"
