"""Turns: threads and processes write one after the other, and nobody starves."""

import errno
import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from worker.adapters.store.turns import SUFFIX, Turns

SOON_S = 0.2
"""Long enough for one that wrongly goes on to be seen."""
LATEST_S = 20.0
SPAWN = multiprocessing.get_context("spawn")


def hold(path: Path, is_held: Event, over: Event) -> None:
    with Turns(path, wait_s=LATEST_S):
        is_held.set()
        over.wait(LATEST_S)


def hold_again_and_again(path: Path, is_held: Event, over: Event) -> None:
    """Write without a pause, as a worker with a backlog does."""
    turns = Turns(path, wait_s=LATEST_S)
    while not over.is_set():
        with turns:
            is_held.set()
            threading.Event().wait(0.02)


@contextmanager
def another(what: object, path: Path) -> Iterator[tuple[SpawnProcess, Event]]:
    """Run one of the above in another process until the end."""
    is_held, over = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=what, args=(path, is_held, over))  # type: ignore[arg-type]
    process.start()
    try:
        assert is_held.wait(LATEST_S)
        yield process, over
    finally:
        if process.is_alive():  # who died while it waited cannot be woken
            over.set()
        process.join(LATEST_S)
        process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "claims.db"


def waits_s(turns: Turns) -> float:
    began = time.monotonic()
    with turns:
        return time.monotonic() - began


def test_a_process_waits_for_another(path: Path) -> None:
    entered = threading.Event()

    def enter() -> None:
        with Turns(path, wait_s=LATEST_S):
            entered.set()

    with another(hold, path) as (_, over):
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(SOON_S)
        over.set()
        assert entered.wait(LATEST_S)
        thread.join()


def test_a_thread_waits_for_another_and_may_enter_twice(path: Path) -> None:
    turns = Turns(path, wait_s=LATEST_S)
    entered = threading.Event()

    def enter() -> None:
        with turns:
            entered.set()

    with turns, turns:
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(SOON_S)
    assert entered.wait(LATEST_S)
    thread.join()


def test_who_waits_is_next_beside_one_that_never_pauses(path: Path) -> None:
    turns = Turns(path, wait_s=LATEST_S)
    with another(hold_again_and_again, path):
        waited = [waits_s(turns) for _ in range(20)]

    assert max(waited) < 1.0


def test_a_process_that_dies_gives_its_turn_back(path: Path) -> None:
    with another(hold, path) as (process, _):
        process.kill()
        process.join()

        assert waits_s(Turns(path, wait_s=LATEST_S)) < LATEST_S / 2


def test_after_a_while_the_database_s_own_lock_decides(path: Path) -> None:
    with another(hold, path):
        assert SOON_S <= waits_s(Turns(path, wait_s=SOON_S)) < LATEST_S / 2


def test_where_files_cannot_be_locked_nobody_is_held_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("worker.adapters.store.turns.fcntl.lockf", refuse)
    turns = Turns(path)

    assert waits_s(turns) < LATEST_S / 2
    assert waits_s(turns) < LATEST_S / 2


def test_who_is_interrupted_while_it_waits_lets_the_other_threads_go(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(path)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as once:
        once.setattr("worker.adapters.store.turns.fcntl.lockf", interrupt)
        with pytest.raises(KeyboardInterrupt), turns:
            pass
    waited: list[float] = []
    thread = threading.Thread(target=lambda: waited.append(waits_s(turns)))
    thread.start()
    thread.join(LATEST_S)

    assert len(waited) == 1


def test_no_file_is_needed(tmp_path: Path) -> None:
    with Turns(None, wait_s=0), Turns(tmp_path / "no folder" / "x.db", wait_s=0):
        pass

    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc")
def test_the_file_is_for_its_owner_and_closed_at_the_end(path: Path) -> None:
    turns = Turns(path, wait_s=LATEST_S)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with turns:
        pass
    turns.close()

    assert path.with_name(path.name + SUFFIX).stat().st_mode & 0o777 == 0o600
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_file_is_for_whom_the_database_is_for(path: Path) -> None:
    path.touch(mode=0o660)
    path.chmod(0o660)
    with Turns(path):
        pass

    assert path.with_name(path.name + SUFFIX).stat().st_mode & 0o777 == 0o660
