"""Which lines of the log of actions are about somebody: on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import NewJob, Store
from worker.adapters.store.actions_about import actions_about
from worker.adapters.store.desk_schema import OperatorActionRow

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    upgrade(database_url)
    queue = CollectingQueue()
    store = Store(database_url, owner="one", clock=StillClock(NOW), queue=queue)
    yield store
    store.close()


def log(store: Store, target: str, **data: object) -> int:
    with store.database.write() as session:
        row = OperatorActionRow(
            at=NOW, by="ada", action="x", target=target, reason="why", data=data
        )
        session.add(row)
        session.flush()
        return row.id


def job(store: Store, kind: str, ref: str) -> int:
    with store.transaction() as work:
        work.add_jobs(NewJob(kind, ref, kind))
    query = sa.text("select id from jobs where kind = :kind and ref = :ref")
    with store.database.read() as session:
        return int(session.execute(query, {"kind": kind, "ref": ref}).scalar_one())


def about(store: Store, *subjects: str) -> set[int]:
    with store.database.read() as session:
        return actions_about(session, set(subjects))


def test_lines_that_name_what_they_are_about(store: Store) -> None:
    mail, claim = log(store, "mail:7"), log(store, "claim:7")
    log(store, "mail:77")

    assert about(store, "mail:7") == {mail}
    assert about(store, "mail:7", "claim:7") == {mail, claim}
    assert about(store) == set()


def test_lines_that_name_jobs_say_what_these_were_about(store: Store) -> None:
    one = log(store, "job:5", jobs=[5], about=["mail:7"])
    several = log(store, "3 jobs", jobs=[5, 6, 7], about=["claim:2", "mail:8"])

    assert about(store, "mail:7") == {one}
    assert about(store, "mail:8") == {several}
    assert about(store, "claim:2", "mail:7") == {one, several}


@pytest.mark.parametrize(
    ("kind", "ref", "subject"),
    [
        ("read", "7", "mail:7"),
        ("validate", "7:mail:3", "claim:7"),
        ("send", "7:released:1", "email:7"),
        ("draft", "put:7", "email:7"),
    ],
)
def test_older_lines_are_asked_through_their_jobs(
    store: Store, kind: str, ref: str, subject: str
) -> None:
    number = job(store, kind, ref)
    alone = log(store, f"job:{number}", jobs=[number])
    several = log(store, "2 jobs", jobs=[number, number + 1000])

    assert about(store, subject) == {alone, several}
    assert about(store, "mail:70", "claim:70", "email:70") == set()
