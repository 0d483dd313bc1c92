"""Copies of this process that work on files. Real processes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from worker.adapters import forked, pdf
from worker.adapters.forked import Helper
from worker.domain.mail import Trouble


def work(data: bytes) -> bytes:
    match data:
        case b"crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"busy":
            while True:
                pass
        case b"hog":
            return bytes(300 * 1024**2)
        case b"bug":
            raise ZeroDivisionError
        case b"who":
            return str(os.getpid()).encode()
        case b"files":
            names = Path("/proc/self/fd").iterdir()
            return " ".join(one.name for one in names).encode()
        case _:
            pass
    if data == f"not in {os.getpid()}".encode():
        raise ZeroDivisionError
    return data[::-1]


@pytest.fixture
def helper() -> Iterator[Helper]:
    made = Helper(work, cpu=1, memory=200 * 1024**2)
    made.answer(b"the first one is done by a copy for it alone")
    made.make_ready()
    yield made
    made.end()


def test_a_helper_works_on_one_file_after_another(helper: Helper) -> None:
    pid = helper.pid

    assert [helper.answer(data) for data in (b"abc", b"", b"x" * 10**6)] == [
        b"cba",
        b"",
        b"x" * 10**6,
    ]
    assert helper.answer(b"who") == str(pid).encode()


def test_without_a_file_there_is_no_helper() -> None:
    helper = Helper(work, cpu=1, memory=200 * 1024**2)

    helper.make_ready()

    assert helper.pid is None


def test_the_first_file_has_a_copy_of_its_own() -> None:
    helper = Helper(work, cpu=1, memory=200 * 1024**2)

    assert helper.answer(b"abc") == b"cba"
    assert helper.pid is None


@pytest.mark.parametrize("what", [b"crash", b"busy", b"hog", b"bug"])
def test_what_breaks_a_helper_has_no_answer_and_the_next_file_another_process(
    helper: Helper, what: bytes
) -> None:
    broken = helper.pid

    assert helper.answer(what) is None
    assert helper.answer(b"abc") == b"cba"
    helper.make_ready()
    assert helper.pid not in {None, broken}
    assert helper.answer(b"abc") == b"cba"


def test_a_file_that_fails_after_others_is_tried_alone(helper: Helper) -> None:
    """What the others left in the process is not held against it."""
    pid = helper.pid
    helper.answer(b"abc")

    assert helper.answer(f"not in {pid}".encode()) == f"not in {pid}".encode()[::-1]
    assert helper.pid is None


def test_where_there_is_no_room_for_a_helper_a_copy_does_it(
    helper: Helper, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper.end()
    with monkeypatch.context() as full:
        full.setattr(forked, "_fork", refuse)
        helper.make_ready()

    assert helper.pid is None
    assert helper.answer(b"abc") == b"cba"


def refuse() -> int:
    raise BlockingIOError


@pytest.mark.parametrize("what", [b"crash", b"busy", b"hog", b"bug"])
def test_a_copy_for_one_file_has_the_same_limits(what: bytes) -> None:
    assert Helper(work, cpu=1, memory=200 * 1024**2).answer(what) is None


def test_the_time_for_a_file_begins_with_it(helper: Helper) -> None:
    pid = helper.pid
    for _ in range(4):
        helper.answer(b"x" * 40_000_000)

    assert helper.pid == pid


def test_a_helper_is_replaced_after_its_share_of_files(
    helper: Helper, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = helper.pid
    monkeypatch.setattr(forked, "MAX_FILES", 1)
    helper.answer(b"abc")

    helper.make_ready()

    assert helper.pid not in {None, first}
    assert first is not None
    assert not psutil.pid_exists(first)


def test_a_helper_that_was_killed_while_idle_is_missed_by_nobody(
    helper: Helper,
) -> None:
    assert helper.pid is not None
    os.kill(helper.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(helper.pid)], timeout=10)

    assert helper.answer(b"abc") == b"cba"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc")
def test_a_helper_holds_none_of_our_files(helper: Helper) -> None:
    found = (helper.answer(b"files") or b"").split()

    # The three standard ones, its line, and the folder that is being listed.
    assert len(found) == 5


def test_an_unreadable_pdf_is_the_last_of_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Helper(work, cpu=1, memory=200 * 1024**2)
    ends: list[int | None] = []
    monkeypatch.setattr(kept, "answer", lambda _: b'{"trouble": "unreadable"}\n')
    monkeypatch.setattr(kept, "end", lambda: ends.append(kept.pid))
    monkeypatch.setattr(pdf, "_HELPER", kept)

    assert pdf.open_apart(b"words") is Trouble.UNREADABLE
    assert len(ends) == 1
