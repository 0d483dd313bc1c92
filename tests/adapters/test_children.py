"""The supervisor's children: forked, looked after, ended. Real processes."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.children import Child, Children

WITHIN_S = 20.0
pytestmark = [
    pytest.mark.slow,
    # It warns where threads run; the supervisor has none, the test runner has.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded"),
]


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < until, "it did not happen"
        threading.Event().wait(0.01)


def tended(child: Child) -> int | None:
    return child.tend(time.monotonic())


def sleeps() -> None:
    signal.pause()


def test_a_child_that_was_killed_is_forked_again() -> None:
    child = Child(("work",), sleeps)
    tended(child)
    assert child.process is not None
    first = child.process.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    wait_for(lambda: tended(child) is None and _pid(child) not in {None, first})

    child.stop()
    child.wait(WITHIN_S)
    assert child.process.exitcode == -signal.SIGTERM


def test_a_signal_right_after_the_fork_ends_it() -> None:
    child = Child(("work",), sleeps)
    tended(child)

    child.stop()

    began = time.monotonic()
    child.wait(WITHIN_S)
    assert time.monotonic() - began < WITHIN_S
    assert child.process is not None
    assert child.process.exitcode == -signal.SIGTERM


def test_it_runs_the_words_and_prints_where_it_should(tmp_path: Path) -> None:
    def says() -> None:
        os.write(1, " ".join(sys.argv).encode())

    with (tmp_path / "out").open("wb") as file:
        child = Child(("poll", "--every", "1"), says, file.fileno(), may_end=True)
        tended(child)
        wait_for(lambda: tended(child) is not None)

    said = (tmp_path / "out").read_text(encoding="utf-8")
    assert said == "claims poll --every 1 --migrate"


def test_the_exit_code_of_one_that_may_end_comes_back() -> None:
    child = Child(("idle",), lambda: sys.exit(3), may_end=True)
    tended(child)

    wait_for(lambda: tended(child) is not None)

    assert tended(child) == 3


def test_a_fork_that_fails_is_tried_again_and_the_others_still_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_process() -> int:
        raise BlockingIOError

    children = Children(sleeps)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", no_process)
        assert children.tend() is None

    with children.running():
        wait_for(lambda: children.tend() is None and len(children.pids) == 3)
        living = children.pids

    assert not any(Path(f"/proc/{pid}").exists() for pid in living)


def _pid(child: Child) -> int | None:
    return None if child.process is None else child.process.pid
