"""What every test gets: a home of its own, and real servers on demand.

A test that asks for a server is marked `services` by that alone. A server's program
that is missing skips its tests, except with CI=true, where it fails them, and where
any skipped test fails the run. What opens an office (tests/office.py) runs every step
on a real database and is marked `slow`, and so are all tests of the desk.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest
import structlog
from _pytest.terminal import TerminalReporter
from hypothesis import settings

from tests.services import (
    Dovecot,
    Postgres,
    Redis,
    Server,
    ServiceMissing,
    SmtpSink,
)

# A busy machine is slow; that is no property of what is tested.
settings.register_profile("here", deadline=None)
settings.load_profile("here")

SERVERS = frozenset({"chromium", "dovecot", "redis", "postgres", "smtp_sink"})
DESK = Path(__file__).with_name("desk")
"""Its tests open an office each, some of them by way of helpers."""
HOME_FOLDERS = {
    "HOME": ".",
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "TMPDIR": "tmp",
}

SomeServer = TypeVar("SomeServer", bound=Server)


@contextmanager
def running(server: SomeServer) -> Iterator[SomeServer]:
    """Give the server, started; skip the test, or in CI fail it, if it is missing."""
    try:
        server.__enter__()
    except ServiceMissing as missing:
        do_without(str(missing))
    try:
        yield server
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the test and the developer's home and settings apart.

    The home lies beside tmp_path, which the test finds empty.
    """
    for name in list(os.environ):
        if name.startswith("CLAIMS_"):
            monkeypatch.delenv(name)
    # Several `claims serve` at a time would all want the desk's port.
    monkeypatch.setenv("CLAIMS_DESK_BIND", "off")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    # Commands that tests start compile our modules once, not each time.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    home = tmp_path.with_name(f"{tmp_path.name}-home")
    (home / "tmp").mkdir(parents=True)
    for name, folder in HOME_FOLDERS.items():
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setattr(tempfile, "tempdir", None)  # what it remembers of TMPDIR


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Undo what a command run in this process set up; others look at what is logged."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """An IMAP and LMTP server; tests share it and keep to user names of their own."""
    with running(Dovecot()) as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis; tests share it, one at a time, and may stop, start and flush it."""
    with running(Redis()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL; each test takes a `database()` of its own."""
    with running(Postgres()) as server:
        yield server


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """An SMTP server that keeps what it gets; a new one for each test."""
    with running(SmtpSink()) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'claims.sqlite3'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.database()
    yield url
    server.drop(url)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a server or opens an office, before `-m` chooses."""
    for item in items:
        if not SERVERS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.services)
        has_office = isinstance(item, pytest.Function) and hasattr(
            item.module, "an_office"
        )
        if has_office or DESK in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in CI that skipped something: there, everything is installed."""
    if (
        _is_ci()
        and _skipped(session.config)
        and session.exitstatus == pytest.ExitCode.OK
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: TerminalReporter, config: pytest.Config
) -> None:
    """Name each skipped test in CI."""
    if _is_ci() and (skipped := _skipped(config)):
        terminalreporter.section("skipped, which fails with CI=true", red=True)
        for nodeid in skipped:
            terminalreporter.line(nodeid)


def do_without(why: str) -> NoReturn:
    """Skip the test, or in CI fail it: a server is missing."""
    if _is_ci():
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def _is_ci() -> bool:
    return os.environ.get("CI") == "true"


def _skipped(config: pytest.Config) -> list[str]:
    """Return the ids of the skipped tests; xdist's workers leave it to their master."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return []
    return [report.nodeid for report in reporter.stats.get("skipped", [])]
