"""The deadline sweep: 100 claims due among 1,000,000 open ones, to among 10,000.

Timed is what the scheduler does every five seconds: to find whose date has come, and to
write their jobs.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench.rig import show
from bench.rounds import Row, alternate, ratios
from bench.table import run_part
from tests.services import Postgres
from worker.adapters import migrations
from worker.adapters.store import Store
from worker.adapters.store.schema import Base
from worker.bootstrap import Parts
from worker.samples import a_claim
from worker.schedule import Scheduler
from worker.settings import Settings

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=5)
MANY, SOME, DUE = 1_000_000, 10_000, 100
FEW = 1_000
AT_MOST_MS = 50.0
AS_FAST = 1.5
"""Noise: a sweep takes milliseconds, and a commit among them."""

SERIES = "generate_series(2, $N) as i"
SQLITE_SERIES = (
    "(with recursive n(i) as (select 2 union all select i + 1 from n where i < $N)"
    " select i from n) as numbers"
)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 0."""
    return run_part("deadlines", __doc__, rows, arguments)


def rows(rounds: int, *, smoke: bool) -> Iterator[Row]:
    """Measure sweeps on both databases; see bench.rounds."""
    many, some = (FEW, FEW // 2) if smoke else (MANY, SOME)
    for name in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            sweeps = {
                number: Sweep(stack, number, on_postgres=name == "PostgreSQL")
                for number in (many, some)
            }
            variants = {str(number): sweep.run for number, sweep in sweeps.items()}
            taken = alternate(1 if smoke else rounds, variants, warm_up=True)
        yield Row(
            part="deadlines",
            what=f"{DUE} due of {many:,} open claims, {name}",
            figures=[seconds * 1000 for seconds in taken[str(many)]],
            unit="ms",
            at_most=AT_MOST_MS,
        )
        yield Row(
            part="deadlines",
            what=f"{many:,} open claims to {some:,}, {name}",
            figures=ratios(taken[str(many)], taken[str(some)]),
            at_most=AS_FAST,
        )


class Sweep:
    """A record full of open claims, and the sweep over it."""

    def __init__(self, stack: ExitStack, number: int, *, on_postgres: bool) -> None:
        home = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="claims-bench-"))
        )
        url = f"sqlite:///{home / 'claims.db'}"
        if on_postgres:
            url = stack.enter_context(Postgres()).database()
        migrations.upgrade(url)
        parts = Parts(
            Settings(_env_file=None, database_url=url, data_dir=home / "data"),
            with_redis=False,
        )
        stack.callback(parts.close)
        self._store = parts.store
        self._scheduler = Scheduler(parts)
        show(f"{number:,} claims")
        fill(self._store, number)

    def run(self) -> float:
        """Sweep once; return the seconds it took."""
        with self._store.database.write() as session:
            session.execute(sa.text("delete from jobs"))
        began = time.perf_counter()
        found = self._scheduler.enqueue_deadlines(NOW)
        took_s = time.perf_counter() - began
        if found != DUE or self._store.jobs.count_alive() != DUE:
            message = f"{found} claims were due, not {DUE}"
            raise AssertionError(message)
        return took_s


def fill(store: Store, number: int) -> None:
    """Write so many open claims, of which 100 are due, as copies of one."""
    with store.transaction() as work:
        work.open_claim(a_claim(next_due_at=NOW - timedelta(minutes=1)))
    is_sqlite = store.database.engine.dialect.name == "sqlite"
    series = (SQLITE_SERIES if is_sqlite else SERIES).replace("$N", str(number))
    other = {
        "id": "i",
        "order_number": "'ORD-' || (20000000 + i)",
        "order_key": "'ord-' || (20000000 + i)",
        # Spread over what is there, as they are in life.
        "next_due_at": f"case when i % {number // DUE} = 0 and i < {number}"
        " then next_due_at else :later end",
    }
    table = Base.metadata.tables["claims"]
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(other.get(c.name, f'"{c.name}"') for c in table.columns)
    copy = sa.text(
        f"insert into claims ({names}) select {values} from claims, {series}"  # noqa: S608 - ours
    ).bindparams(sa.bindparam("later", LATER, table.columns["next_due_at"].type))
    with store.database.write() as session:
        session.execute(copy)
    with store.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
            "analyze"
        )


if __name__ == "__main__":
    sys.exit(main())
