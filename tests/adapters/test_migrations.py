"""Migrations: they give exactly the models' tables, both ways, and side by side."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tests.services import Postgres, free_port
from worker.adapters import migrations
from worker.adapters.clock import SystemClock
from worker.adapters.migrations import current, downgrade, latest, upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.resources import folder
from worker.adapters.store import NewJob, Store
from worker.adapters.store.desk_schema import StaffRow
from worker.adapters.store.engine import make_engine
from worker.domain.errors import RetryLater

METADATA = StaffRow.metadata
"""With every table, those of the desk included."""
OUR_OWN = "alembic_version"
NO_MODEL = "mail_words"
"""A table that differs too much between the databases; SQLite has helpers of it."""
UPGRADING = "import sys; from worker.adapters.migrations import upgrade; "
UPGRADING += "upgrade(sys.argv[1])"

A_CLAIM = """
insert into claims (id, member_id, member_key, order_number, order_key, package_key,
claim_type, state, is_open, version, received_at, flags)
values (:id, 'M1', 'm1', 'O' || :id, 'o' || :id, '', 'damage', 'under_review', true, 1,
'2026-11-18 19:10:00', '[]')
"""
AN_ASSESSMENT = """
insert into assessments (claim_id, job_id, at, state, policy_version, body)
values (1, :job, '2026-11-18 19:10:00', 'under_review', '2026-11', :body)
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def other_url(database_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A second empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"{database_url}.other"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.database()
    yield url
    server.drop(url)


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {OUR_OWN}


def shape(url: str) -> dict[str, dict[str, list[str]]]:
    """Everything that the database says about its tables, names of rules included."""
    engine = make_engine(url)
    inspector = sa.inspect(engine)

    def by_name(found: Sequence[object]) -> list[str]:
        # Types and the conditions of indexes are objects that print as their text.
        return sorted(json.dumps(one, default=str, sort_keys=True) for one in found)

    seen = {
        table: {
            "columns": by_name(inspector.get_columns(table)),
            "primary key": by_name([inspector.get_pk_constraint(table)]),
            "foreign keys": by_name(inspector.get_foreign_keys(table)),
            "unique": by_name(inspector.get_unique_constraints(table)),
            "checks": by_name(inspector.get_check_constraints(table)),
            "indexes": by_name(inspector.get_indexes(table)),
        }
        for table in sorted(tables(engine))
    }
    engine.dispose()
    return seen


def test_upgrading_from_nothing_gives_the_models_metadata(
    database_url: str, engine: sa.Engine
) -> None:
    upgrade(database_url)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: (
                    kind != "table" or not str(name).startswith(NO_MODEL)
                ),
            },
        )
        differences = compare_metadata(context, METADATA)
    assert differences == []


def test_each_named_rule_of_the_models_is_in_the_migrations_too(
    database_url: str, other_url: str
) -> None:
    """Alembic compares no check constraints and no conditions of indexes."""
    upgrade(database_url)
    engine = make_engine(other_url)
    METADATA.create_all(engine)
    engine.dispose()

    assert shape(database_url) == shape(other_url)


def test_a_database_goes_down_to_nothing_and_up_again(
    database_url: str, engine: sa.Engine
) -> None:
    upgrade(database_url)
    before = shape(database_url)

    downgrade(database_url, "base")
    at_base = (tables(engine), current(database_url))
    upgrade(database_url)

    assert at_base == (set(), None)
    assert shape(database_url) == before
    assert current(database_url) == latest()


def test_each_revision_can_be_left_and_reached_again(database_url: str) -> None:
    upgrade(database_url)

    downgrade(database_url, "-1")
    upgrade(database_url, "+1")

    assert current(database_url) == latest()


def test_upgrading_twice_changes_nothing_and_keeps_the_rows(database_url: str) -> None:
    upgrade(database_url)
    store = Store(
        database_url, owner="one", clock=SystemClock(), queue=CollectingQueue()
    )
    with store.transaction() as work:
        work.add_jobs(NewJob("send", "1", "send"))

    upgrade(database_url)

    assert store.jobs.count_alive() == 1
    store.close()


def test_a_new_database_has_no_revision(database_url: str) -> None:
    assert current(database_url) is None
    assert latest() is not None


@pytest.mark.slow
def test_two_upgrades_side_by_side_both_end_well(database_url: str) -> None:
    program = [sys.executable, "-c", UPGRADING, database_url]

    started = [subprocess.Popen(program) for _ in range(2)]  # noqa: S603
    codes = [process.wait(60) for process in started]

    assert codes == [0, 0]
    assert current(database_url) == latest()


def test_an_upgrade_beside_running_workers_waits_for_them(database_url: str) -> None:
    """On SQLite for the lock; nobody sees half a schema."""
    upgrade(database_url)
    store = Store(
        database_url, owner="one", clock=SystemClock(), queue=CollectingQueue()
    )
    with store.transaction() as work:
        work.add_jobs(NewJob("send", "1", "send"))
        beside = threading.Thread(target=upgrade, args=(database_url,))
        beside.start()
        beside.join(0.2)
    beside.join(60)

    assert not beside.is_alive()
    assert store.jobs.count_alive() == 1
    store.close()


def test_an_upgrade_that_breaks_leaves_nothing_half_done(
    database_url: str, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_at_the_end(connection: sa.Connection) -> None:
        if connection.in_transaction():
            raise KeyError

    def begun_and_broken(url: str) -> sa.Engine:
        made = make_engine(url)
        sa.event.listen(made, "commit", break_at_the_end)
        return made

    monkeypatch.setattr(migrations, "make_engine", begun_and_broken)

    with pytest.raises(KeyError):
        upgrade(database_url)

    assert tables(engine) == set()
    assert current(database_url) is None


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:////nowhere/at/all/claims.db", id="sqlite"),
        pytest.param(f"postgresql://claims@127.0.0.1:{free_port()}/c", id="postgres"),
    ],
)
def test_a_database_that_is_not_there_is_a_passing_trouble(url: str) -> None:
    with pytest.raises(RetryLater, match="database_unreachable"):
        upgrade(url)
    with pytest.raises(RetryLater, match="database_unreachable"):
        current(url)


def test_a_migration_never_imports_the_program_that_will_change() -> None:
    """It freezes its own copies of what it needs. Source: STYLE section 7."""
    scripts = sorted(Path(folder("migrations")).glob("versions/*.py"))

    assert scripts
    for script in scripts:
        assert "worker" not in script.read_text(encoding="utf-8"), script.name


def test_claims_that_are_there_get_the_figure_of_their_newest_assessment(
    database_url: str, engine: sa.Engine
) -> None:
    upgrade(database_url, "0001")
    proposal = {"total": {"amount": "118.75"}, "points_restored": 300}
    bodies = [{"proposal": None}, {"proposal": proposal}]
    with engine.begin() as connection:
        for claim_id in (1, 2):
            connection.execute(sa.text(A_CLAIM), {"id": claim_id})
        for number, body in enumerate(bodies):
            values = {"job": number, "body": json.dumps(body)}
            connection.execute(sa.text(AN_ASSESSMENT), values)

    upgrade(database_url)

    with engine.connect() as connection:
        query = sa.text("select proposed_usd, proposed_points from claims order by id")
        found = [
            (usd and float(usd), points) for usd, points in connection.execute(query)
        ]
    assert found == [(118.75, 300), (None, 0)]
