"""Processes: names that never repeat, who is alive, and what the dead leave behind."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from worker.adapters import processes
from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.processes import boot_ticks, host, is_alive, new_owner
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import NewJob, Store

NOW = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATEST_S = 10.0
NOBODY = 2**22 + 1
"""Beyond the largest pid of Linux. Source: proc_sys_kernel(5), pid_max."""
PARENT = """
import os, subprocess, sys
from functools import partial
from worker.adapters.processes import die_with_parent

child = subprocess.Popen(
    [sys.executable, "-c", "import sys; sys.stdin.read()"],
    stdin=subprocess.PIPE,
    preexec_fn=partial(die_with_parent, os.getpid()),
)
print(child.pid, flush=True)
sys.stdin.read()
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def ends(pid: int) -> bool:
    """Return whether the process ends within ten seconds."""
    pause = threading.Event()
    for _ in range(int(LATEST_S / 0.01)):
        if boot_ticks(pid) is None:
            return True
        pause.wait(0.01)
    return False


# -- names and lives ------------------------------------------------------------------


def test_each_owner_has_a_name_of_its_own_that_fits_its_column() -> None:
    names = {new_owner("schedule") for _ in range(100)}

    assert len(names) == 100
    assert all(name.startswith("schedule-") and len(name) <= 100 for name in names)
    assert 0 < len(host()) <= 100


@linux
def test_a_process_began_once_and_says_the_same_each_time() -> None:
    ours = boot_ticks(os.getpid())

    assert ours is not None
    assert ours > 0
    assert boot_ticks(os.getpid()) == ours
    assert is_alive(os.getpid(), ours)


@linux
def test_a_pid_that_was_given_to_another_process_is_not_that_process() -> None:
    ours = boot_ticks(os.getpid())
    assert ours is not None

    assert not is_alive(os.getpid(), ours - 1)


@linux
@pytest.mark.parametrize("pid", [NOBODY, 2**31 - 1])
def test_a_pid_that_nobody_has_is_not_alive(pid: int) -> None:
    assert boot_ticks(pid) is None
    assert not is_alive(pid, 5)


@linux
def test_a_process_that_ended_and_was_not_waited_for_is_dead() -> None:
    """A zombie: it holds no lease any more, whatever /proc still shows."""
    child = subprocess.Popen([sys.executable, "-c", ""])

    is_dead = ends(child.pid)

    child.wait()
    assert is_dead


def test_where_the_kernel_does_not_tell_everybody_counts_as_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without /proc leases of the dead run out by themselves; the living keep theirs.

    A process that cannot tell when it began is recorded with 0.
    """
    monkeypatch.setattr(processes, "boot_ticks", lambda _pid: None)

    assert is_alive(os.getpid(), 0)


@linux
def test_a_child_dies_with_a_parent_that_was_killed() -> None:
    parent = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    was_alive = boot_ticks(child) is not None

    parent.kill()
    parent.communicate()

    assert was_alive
    assert ends(child)


@linux
@pytest.mark.parametrize(("parent", "code"), [("os.getppid()", 0), (NOBODY, -9)])
def test_a_parent_that_died_before_the_kernel_was_asked_is_noticed(
    parent: object, code: int
) -> None:
    program = (
        "import os; from worker.adapters.processes import die_with_parent;"
        f" die_with_parent({parent})"
    )

    done = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603 - our own program

    assert done.returncode == code


# -- the registry ---------------------------------------------------------------------


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    upgrade(database_url)
    clock, queue = StillClock(NOW), CollectingQueue()
    store = Store(database_url, owner="one", clock=clock, queue=queue)
    yield store
    store.close()


def register(store: Store, owner: str, pid: int = 1, on: str = "here") -> None:
    store.processes.register(
        owner=owner, role="work", host=on, pid=pid, boot_ticks=2**40
    )


def test_processes_are_listed_by_their_machine(store: Store) -> None:
    register(store, "one", pid=11)
    register(store, "two", pid=12)
    register(store, "three", pid=13, on="elsewhere")

    found = store.processes.on_host("here")

    assert sorted(found) == [("one", 11, 2**40), ("two", 12, 2**40)]


def test_a_process_that_says_again_that_it_is_alive_is_one_row(store: Store) -> None:
    register(store, "one", pid=11)
    register(store, "one", pid=12)

    assert store.processes.on_host("here") == [("one", 12, 2**40)]


def test_what_a_dead_process_held_is_free_at_once_and_nothing_else(
    database_url: str, store: Store
) -> None:
    clock, queue = StillClock(NOW), CollectingQueue()
    dead = Store(database_url, owner="dead", clock=clock, queue=queue)
    ledger = store.ledger(jobs_for=lambda _mail, _box: [], go_live_at=None)
    with store.transaction() as work:
        work.add_jobs(*(NewJob("send", str(n), "send") for n in range(3)))
    assert dead.jobs.take(1, lease_for=HOUR)
    assert store.jobs.take(2, lease_for=HOUR)
    assert ledger.take_lease("its box", owner="dead", lease_for=HOUR)
    assert ledger.take_lease("our box", owner="one", lease_for=HOUR)
    register(store, "dead")
    register(store, "one")

    store.processes.bury("dead")

    again = store.jobs.take(1, lease_for=HOUR)
    assert again is not None
    assert (again.attempts, again.vanished, again.failures) == (2, 1, 0)
    assert store.jobs.take(2, lease_for=HOUR) is None
    assert ledger.take_lease("its box", owner="two", lease_for=HOUR)
    assert ledger.take_lease("our box", owner="two", lease_for=HOUR) is None
    assert [owner for owner, _, _ in store.processes.on_host("here")] == ["one"]
    dead.close()


def test_a_job_that_a_dead_process_had_finished_stays_done(store: Store) -> None:
    with store.transaction() as work:
        work.add_jobs(NewJob("send", "1", "send"))
    job = store.jobs.take(1, lease_for=HOUR)
    assert job is not None
    with store.transaction() as work:
        work.finish(job)
    register(store, "one")

    store.processes.bury("one")

    assert store.jobs.take(1, lease_for=HOUR) is None
    with store.database.read() as session:
        query = sa.text("select state, attempts from jobs")
        assert tuple(session.execute(query).one()) == ("done", 1)


def test_burying_twice_is_harmless(store: Store) -> None:
    store.processes.bury("nobody")
    store.processes.bury("nobody")

    assert store.processes.on_host("here") == []
