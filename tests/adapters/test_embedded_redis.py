"""The private redis-server: started once, shared, gone with its owner, replaced."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from worker.adapters import embedded_redis
from worker.adapters.embedded_redis import EmbeddedRedis, find_redis_server
from worker.adapters.processes import boot_ticks
from worker.adapters.queue import answers, make_client
from worker.bootstrap import Parts
from worker.domain.errors import SettingsInvalid
from worker.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_redis_server() is None,
        reason="no redis-server: apt-get install redis-server",
    ),
]

LATEST_S = 10.0
OWNING = """
import sys
from pathlib import Path
from worker.adapters.embedded_redis import EmbeddedRedis
from worker.adapters.queue import make_client

embedded = EmbeddedRedis(Path(sys.argv[1]))
url = embedded.ensure()
print(make_client(url).info("server")["process_id"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "claims-data"


@pytest.fixture
def embedded(data_dir: Path) -> Iterator[EmbeddedRedis]:
    embedded = EmbeddedRedis(data_dir)
    yield embedded
    embedded.stop()


def server_pid(url: str) -> int:
    with make_client(url) as client:
        return int(client.info("server")["process_id"])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert ends(pid)


def ends(pid: int) -> bool:
    """Return whether the process ends within ten seconds."""
    pause = threading.Event()
    for _ in range(int(LATEST_S / 0.01)):
        if boot_ticks(pid) is None:
            return True
        pause.wait(0.01)
    return False


@contextlib.contextmanager
def another_process(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run another process of ours; yield it and the pid of the server that it uses."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", OWNING, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.communicate()


def socket_of(url: str) -> Path:
    return Path(urlsplit(url).path)


# -- started once, and shared ---------------------------------------------------------


def test_it_starts_where_none_runs_and_answers(embedded: EmbeddedRedis) -> None:
    before = answers(embedded.url)

    url = embedded.ensure()

    assert not before
    assert answers(url)


def test_asking_again_starts_no_second_one(embedded: EmbeddedRedis) -> None:
    first = server_pid(embedded.ensure())

    assert server_pid(embedded.ensure()) == first


def test_a_second_process_shares_it(embedded: EmbeddedRedis, data_dir: Path) -> None:
    ours = server_pid(embedded.ensure())

    with another_process(data_dir) as (_, theirs):
        pass

    assert theirs == ours
    assert answers(embedded.url)


def test_processes_that_start_together_share_one(data_dir: Path) -> None:
    with contextlib.ExitStack() as stack:
        processes = [
            subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-c", OWNING, str(data_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        for process in processes:
            stack.callback(process.communicate)
        pids = {
            int(process.stdout.readline()) for process in processes if process.stdout
        }

    assert len(pids) == 1


def test_two_data_folders_have_two_servers(tmp_path: Path) -> None:
    one, two = EmbeddedRedis(tmp_path / "one"), EmbeddedRedis(tmp_path / "two")
    try:
        assert server_pid(one.ensure()) != server_pid(two.ensure())
    finally:
        one.stop()
        two.stop()


# -- its end, and the next one --------------------------------------------------------


def test_stopping_ends_it_and_the_next_who_asks_gets_another(
    embedded: EmbeddedRedis, data_dir: Path
) -> None:
    first = server_pid(embedded.ensure())

    embedded.stop()

    assert not answers(embedded.url)
    with another_process(data_dir) as (_, second):
        assert second != first


def test_who_only_shares_it_does_not_stop_it(
    embedded: EmbeddedRedis, data_dir: Path
) -> None:
    embedded.ensure()
    sharing = EmbeddedRedis(data_dir)
    sharing.ensure()

    sharing.stop()

    assert answers(embedded.url)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help: Linux only")
def test_it_ends_with_its_owner_even_when_that_is_killed(
    embedded: EmbeddedRedis, data_dir: Path
) -> None:
    with another_process(data_dir) as (owner, pid):
        owner.kill()
        owner.wait()

    assert ends(pid)
    assert server_pid(embedded.ensure()) != pid


def test_a_killed_server_is_replaced_by_its_owner(embedded: EmbeddedRedis) -> None:
    first = server_pid(embedded.ensure())
    kill(first)

    second = server_pid(embedded.ensure())

    assert second != first


def test_a_killed_server_is_replaced_by_whoever_asks_while_its_owner_lives_on(
    embedded: EmbeddedRedis, data_dir: Path
) -> None:
    """Promise 3: the owner may be a process that never asks again."""
    with another_process(data_dir) as (owner, first):
        kill(first)

        second = server_pid(embedded.ensure())

        assert owner.poll() is None
    assert second != first


def test_the_sweep_that_finds_no_redis_starts_it_again(data_dir: Path) -> None:
    parts = Parts(Settings(_env_file=None, data_dir=data_dir), role="schedule")
    try:
        before = parts.queue_depth("send")
        kill(server_pid(parts.redis_url))

        assert (before, parts.queue_depth("send")) == (0, 0)
    finally:
        parts.close()


def test_who_rings_nothing_sees_whether_it_runs_and_starts_none(
    embedded: EmbeddedRedis, data_dir: Path
) -> None:
    settings = Settings(_env_file=None, data_dir=data_dir)
    parts = Parts(settings, role="idle", with_redis=False)

    before = parts.redis_answers()
    embedded.ensure()

    assert (before, parts.redis_answers()) == (False, True)


# -- how it runs ----------------------------------------------------------------------


def test_it_keeps_nothing_on_disk_and_listens_to_its_user_only(
    embedded: EmbeddedRedis,
) -> None:
    url = embedded.ensure()
    mode = socket_of(url).stat().st_mode
    with make_client(url) as client:
        client.set("key", "value")
        port = client.config_get("port")["port"]

    embedded.stop()

    assert port == "0"
    assert stat.S_IMODE(mode) & 0o077 == 0
    kept = [path for path in socket_of(url).parent.iterdir() if path.stat().st_size]
    assert kept == []


@pytest.mark.parametrize("depth", [1, 4])
def test_a_deep_folder_gets_a_socket_whose_path_is_short_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    """Its folder is our own, also where the one for temporary files is deep, too."""
    temporary = tmp_path.joinpath(*["t" * 40] * depth)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    deep = EmbeddedRedis(tmp_path.joinpath(*["a" * 40] * 4))
    folder = socket_of(deep.url).parent
    try:
        assert answers(deep.ensure())
        assert len(str(socket_of(deep.url))) <= 107
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        deep.stop()
        shutil.rmtree(folder)


def test_a_machine_without_redis_server_is_told_what_to_do(
    embedded: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_redis, "find_redis_server", lambda: None)

    with pytest.raises(SettingsInvalid, match="CLAIMS_REDIS_URL"):
        embedded.ensure()


def test_a_server_that_cannot_start_is_a_wrong_setting_and_no_endless_wait(
    embedded: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_redis, "find_redis_server", lambda: "/bin/false")
    monkeypatch.setattr(embedded_redis, "_START_TRIES", 5)

    with pytest.raises(SettingsInvalid, match="did not start"):
        embedded.ensure()
