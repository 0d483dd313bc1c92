import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from tests.adapters.hostile_store import OPENER
from tests.builders_mail import a_file, make_claim_mail, photo
from worker.adapters import mime
from worker.adapters.raw import open_raw_store
from worker.adapters.reader import ChildReader, Limits, ReaderPool
from worker.domain.errors import GiveUp, RetryLater
from worker.ports import ReadFailed

pytestmark = pytest.mark.slow


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ChildReader]:
    reader = ChildReader(str(tmp_path))
    yield reader
    reader.close()


@pytest.fixture
def hostile() -> Iterator[ChildReader]:
    limits = Limits(wall_clock=timedelta(seconds=2))
    reader = ChildReader("", limits=limits, opener=OPENER)
    yield reader
    reader.close()


def pid_of(reader: ChildReader) -> int:
    assert reader.pid is not None
    return reader.pid


def wait_until_dead(pid: int) -> None:
    while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        threading.Event().wait(0.01)


def test_a_stored_mail_comes_back_as_parse_gives_it(
    reader: ChildReader, tmp_path: Path
) -> None:
    raw = make_claim_mail()
    sha256 = open_raw_store(str(tmp_path)).put([raw]).sha256

    assert reader.read(sha256) == mime.parse(raw)


def test_bytes_come_back_as_parse_gives_them(reader: ChildReader) -> None:
    raw = make_claim_mail()

    assert reader.read_bytes(raw) == mime.parse(raw)


def test_a_mail_that_is_not_there_is_given_up(
    reader: ChildReader, tmp_path: Path
) -> None:
    open_raw_store(str(tmp_path)).put([b"another"])

    with pytest.raises(GiveUp, match="raw_missing"):
        reader.read("0" * 64)


def test_one_child_reads_many_mails(reader: ChildReader) -> None:
    reader.read_bytes(make_claim_mail())
    first = pid_of(reader)
    reader.read_bytes(make_claim_mail(subject="another"))

    assert pid_of(reader) == first


def test_a_child_is_replaced_after_its_share_of_mails() -> None:
    reader = ChildReader("", limits=Limits(mails=1))

    reader.read_bytes(make_claim_mail())

    assert reader.pid is None
    assert reader.read_bytes(make_claim_mail()).subject
    reader.close()


def test_a_child_that_has_grown_is_replaced() -> None:
    reader = ChildReader("", limits=Limits(rss_bytes=1))

    reader.read_bytes(make_claim_mail())

    assert reader.pid is None
    reader.close()


def test_a_child_lost_while_idle_is_replaced_without_a_trace(
    reader: ChildReader,
) -> None:
    reader.read_bytes(make_claim_mail())
    os.kill(pid_of(reader), signal.SIGKILL)
    wait_until_dead(pid_of(reader))

    assert reader.read_bytes(make_claim_mail()).subject


@pytest.mark.parametrize(
    ("what", "code", "died"),
    [
        pytest.param("abort", "crashed", True, id="abort"),
        pytest.param("hang", "timeout", True, id="hang"),
        pytest.param("hog", "memory", True, id="3 GB"),
        pytest.param("bug", "unreadable", False, id="an exception of ours"),
    ],
)
def test_scenario_42_a_poison_mail_breaks_a_child_and_no_more(
    hostile: ChildReader, what: str, code: str, *, died: bool
) -> None:
    with pytest.raises(ReadFailed) as caught:
        hostile.read(what)

    assert (caught.value.code, caught.value.died) == (code, died)
    assert hostile.read("a good one").subject


@pytest.mark.skipif(not hasattr(signal, "SIGXCPU"), reason="no CPU limit here")
def test_a_child_that_is_stopped_by_the_cpu_limit_is_a_timeout(
    hostile: ChildReader,
) -> None:
    hostile.read("a good one")
    pid = pid_of(hostile)
    killer = threading.Timer(0.3, os.kill, (pid, signal.SIGXCPU))
    killer.start()

    with pytest.raises(ReadFailed) as caught:
        hostile.read("hang")

    killer.join()
    assert caught.value.code == "timeout"


def test_trouble_of_the_store_is_the_stores_own(hostile: ChildReader) -> None:
    with pytest.raises(GiveUp, match="raw_missing"):
        hostile.read("missing")
    with pytest.raises(RetryLater, match="raw_store_failed"):
        hostile.read("later")


def test_a_child_that_cannot_start_is_no_mails_fault() -> None:
    reader = ChildReader("", limits=Limits(start=timedelta(seconds=0.01)))

    with pytest.raises(RetryLater, match="reader_not_started"):
        reader.read_bytes(make_claim_mail())

    reader.close()


def test_what_a_library_prints_does_not_reach_the_parent(hostile: ChildReader) -> None:
    assert hostile.read("print").subject


def test_the_child_has_no_secrets_in_its_environment(
    monkeypatch: pytest.MonkeyPatch, hostile: ChildReader
) -> None:
    monkeypatch.setenv("CLAIMS_SECRET_KEY", "secret")

    assert hostile.read("secrets").subject == ""


def test_the_child_has_limits(reader: ChildReader) -> None:
    reader.read_bytes(make_claim_mail())
    child = psutil.Process(pid_of(reader))

    assert child.rlimit(psutil.RLIMIT_AS)[0] == 1024**3
    assert child.rlimit(psutil.RLIMIT_CORE)[0] == 0
    assert child.rlimit(psutil.RLIMIT_FSIZE)[0] == 0
    assert 20 <= child.rlimit(psutil.RLIMIT_CPU)[0] <= 40


def test_the_cpu_limit_is_renewed_for_each_mail(reader: ChildReader) -> None:
    for _ in range(2):
        reader.read_bytes(make_claim_mail())
        child = psutil.Process(pid_of(reader))
        used = sum(child.cpu_times()[:2])

        assert child.rlimit(psutil.RLIMIT_CPU)[0] - used >= 18


def test_the_child_survives_the_thread_that_used_it_first(reader: ChildReader) -> None:
    thread = threading.Thread(target=reader.read_bytes, args=(make_claim_mail(),))
    thread.start()
    thread.join()
    first = pid_of(reader)
    reader.read_bytes(make_claim_mail())

    assert pid_of(reader) == first


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_p9_a_mail_of_50_mb_takes_less_than_250_mb(
    reader: ChildReader, tmp_path: Path
) -> None:
    pictures = [a_file(photo() + bytes(12_000_000), f"{n}.jpg") for n in range(3)]
    raw = make_claim_mail(files=pictures)
    sha256 = open_raw_store(str(tmp_path)).put([raw]).sha256

    mail = reader.read(sha256)

    assert len(raw) > 48_000_000
    assert all(a.picture is not None for a in mail.attachments)
    status = Path(f"/proc/{pid_of(reader)}/status").read_text()
    peak_kb = next(
        int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line
    )
    assert peak_kb < 250 * 1024


def test_no_child_is_left_after_close(tmp_path: Path) -> None:
    reader = ChildReader(str(tmp_path))
    reader.read_bytes(make_claim_mail())
    pid = pid_of(reader)

    reader.close()

    assert not psutil.pid_exists(pid)


def test_a_pool_reads_in_several_threads_at_once() -> None:
    pool = ReaderPool("", size=2, opener=OPENER)
    mails = [make_claim_mail(subject=f"mail {n}", files=[]) for n in range(12)]

    with ThreadPoolExecutor(4) as threads:
        subjects = [m.subject for m in threads.map(pool.read_bytes, mails)]

    assert subjects == [f"mail {n}" for n in range(12)]
    assert pool.read("a good one").subject
    pool.close()


def test_a_pool_starts_no_more_children_than_it_needs() -> None:
    pool = ReaderPool("", size=3)

    for _ in range(3):
        pool.read_bytes(make_claim_mail())

    assert len(pool.pids) == 1
    pool.close()
