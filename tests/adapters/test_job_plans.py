"""What a job costs does not grow with the jobs that are done."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from worker.adapters import migrations
from worker.adapters.clock import SystemClock
from worker.adapters.queue import SilentQueue
from worker.adapters.store import NewJob, Store

LEASE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'claims.db'}"
    migrations.upgrade(url)
    made = Store(url, owner="test", clock=SystemClock(), queue=SilentQueue())
    yield made
    made.close()


def test_a_lane_is_looked_up_in_its_index_on_sqlite(store: Store) -> None:
    """With one lane of 2,000 behind 10,000 done jobs a look took ten seconds."""
    with store.transaction() as work:
        work.add_jobs(
            *[
                NewJob("understand", f"{n}", queue="understand", lane="m")
                for n in (1, 2)
            ]
        )
    asked: list[tuple[str, object]] = []

    def remember(*event: object) -> None:
        _, _, statement, parameters, *_ = event
        asked.append((str(statement), parameters))

    sa.event.listen(store.database.engine, "before_cursor_execute", remember)
    store.jobs.due("understand", limit=10, quiet_for=timedelta(0))
    job = store.jobs.take(1, lease_for=LEASE)
    sa.event.remove(store.database.engine, "before_cursor_execute", remember)

    assert job is not None
    plans = [plan_of(store, *each) for each in asked if "EXISTS" in each[0]]
    assert len(plans) > 1
    assert all("USING INDEX ix_jobs_lane" in plan for plan in plans), plans


def plan_of(store: Store, statement: str, parameters: object) -> str:
    with store.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            f"explain query plan {statement}",
            parameters,  # type: ignore[arg-type]
        )
        return "\n".join(str(row[3]) for row in rows)
