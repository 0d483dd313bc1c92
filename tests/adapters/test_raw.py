"""The raw store on local disk: whole, durable, or not there."""

import errno
import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from worker.adapters.raw import LocalRawStore, open_raw_store
from worker.domain.errors import GiveUp, RetryLater, SettingsInvalid
from worker.ports import RawStore, Stored

MIB = 1024 * 1024
DAY_S = 24 * 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "raw"


@pytest.fixture
def store(folder: Path) -> LocalRawStore:
    return LocalRawStore(folder)


def files(folder: Path) -> list[str]:
    """Return the blobs' names, and tmp/name for what is half written."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in found)


def path_of(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256[2:4] / sha256


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


class TestPut:
    @pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, 3 * MIB])
    def test_what_was_put_is_got(self, store: RawStore, size: int) -> None:
        raw = os.urandom(size)
        parts = [raw[i : i + 1000] for i in range(0, size, 1000)]

        stored = store.put(parts)

        assert stored == Stored(hashlib.sha256(raw).hexdigest(), size)
        assert store.get(stored.sha256) == raw
        assert store.has(stored.sha256)

    def test_it_lies_under_its_digest_for_its_owner_only(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        sha256 = store.put([b"mail"]).sha256

        assert files(folder) == [f"{sha256[:2]}/{sha256[2:4]}/{sha256}"]
        assert path_of(folder, sha256).stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("size", [10, 2 * MIB])
    def test_the_same_content_twice_is_one_blob(
        self, store: LocalRawStore, folder: Path, size: int
    ) -> None:
        first = store.put([b"x" * size])
        inode = path_of(folder, first.sha256).stat().st_ino

        second = store.put([b"x"] * size)

        assert first == second
        assert len(files(folder)) == 1
        assert path_of(folder, first.sha256).stat().st_ino == inode

    def test_a_small_blob_that_is_there_costs_no_temporary_file(
        self, store: LocalRawStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.put([b"mail"])
        monkeypatch.setattr(os, "write", failing(errno.EIO))

        assert store.put([b"mail"]).size_bytes == 4

    @pytest.mark.parametrize("damage", [b"", b"ma", b"mail and more"])
    def test_a_blob_of_the_wrong_size_is_written_anew(
        self, store: LocalRawStore, folder: Path, damage: bytes
    ) -> None:
        sha256 = store.put([b"mail"]).sha256
        path_of(folder, sha256).write_bytes(damage)

        store.put([b"mail"])

        assert store.get(sha256) == b"mail"

    def test_many_are_put_in_their_order(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        blobs = [b"%d" % (n % 90) for n in range(150)]

        stored = store.put_many(iter(blobs))

        assert [store.get(each.sha256) for each in stored] == blobs
        assert len(files(folder)) == 90
        assert store.put_many([]) == []

    def test_all_is_on_disk_before_put_returns(
        self, store: LocalRawStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """File, rename, then each folder up to the top: in that order."""
        steps: list[str] = []
        fsync, rename = os.fsync, Path.rename

        def watched_fsync(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            steps.append(f"fsync {path.relative_to(folder.parent)}"[:10])
            fsync(descriptor)

        def watched_rename(self: Path, target: Path) -> Path:
            steps.append("rename")
            return rename(self, target)

        store.put([b"the folders are there"])
        monkeypatch.setattr(os, "fsync", watched_fsync)
        monkeypatch.setattr(Path, "rename", watched_rename)

        store.put([b"mail"])

        assert steps == ["fsync raw/", "rename", *["fsync raw/"] * 2, "fsync raw"]

    def test_a_blob_of_a_killed_process_is_synced_again(
        self, store: LocalRawStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may have been killed between rename and the folder's fsync."""
        store.put([b"mail"])
        synced: list[int] = []
        monkeypatch.setattr(os, "fsync", synced.append)

        store.put([b"mail"])

        assert len(synced) == 4

    def test_threads_may_put_the_same_blob(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        blobs = [b"%d" % n * 100 for n in range(50)]
        threads = [
            threading.Thread(target=store.put_many, args=(blobs,)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(files(folder)) == 50


class TestTrouble:
    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            (errno.ENOSPC, "raw_store_full"),
            (errno.EDQUOT, "raw_store_full"),
            (errno.EFBIG, "raw_store_full"),
            (errno.EIO, "raw_store_failed"),
            (errno.EROFS, "raw_store_failed"),
        ],
    )
    @pytest.mark.parametrize("step", ["os.open", "os.write", "os.fsync", "Path.rename"])
    @pytest.mark.parametrize("size", [10, 2 * MIB], ids=["small", "stream"])
    def test_a_disk_that_fails_keeps_nothing_half(
        self,
        store: LocalRawStore,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        number: int,
        reason: str,
        step: str,
        size: int,
    ) -> None:
        store.put([b"the folders are there"])
        owner = os if step.startswith("os") else Path
        with monkeypatch.context() as patch:
            patch.setattr(owner, step.partition(".")[2], failing(number))

            with pytest.raises(RetryLater) as later:
                store.put([b"x" * size])

        assert later.value.reason == reason
        assert len(files(folder)) == 1
        assert store.put([b"x" * size]).size_bytes == size

    def test_scenario_20_a_full_disk_takes_no_blob_and_recovers(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, hard))
        try:
            with pytest.raises(RetryLater) as later:
                store.put([b"x" * MIB] * 5)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        assert later.value.reason == "raw_store_full"
        assert files(folder) == []
        assert store.put([b"x" * MIB] * 5).size_bytes == 5 * MIB

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
    def test_a_stream_that_breaks_leaves_nothing(
        self, store: LocalRawStore, folder: Path, error: type[BaseException]
    ) -> None:
        def parts() -> Iterator[bytes]:
            yield b"x" * 2 * MIB
            raise error

        with pytest.raises(error):
            store.put(parts())

        assert files(folder) == []

    def test_a_kill_leaves_an_orphan_that_goes_after_a_day(self, folder: Path) -> None:
        """Scenario 2: killed after the temporary write, before the rename."""
        program = (
            "import os, signal, sys; from pathlib import Path\n"
            "from worker.adapters.raw import LocalRawStore\n"
            "def parts():\n"
            "    yield b'x' * 3_000_000\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
            "LocalRawStore(Path(sys.argv[1])).put(parts())\n"
        )
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program, str(folder)],
            check=False,
            cwd=Path(__file__).parents[2],
        )
        assert done.returncode == -signal.SIGKILL
        (orphan,) = files(folder)
        assert orphan.startswith("tmp/")

        LocalRawStore(folder).put([b"the next process"])
        assert orphan in files(folder)
        long_ago = time.time() - DAY_S - 1
        os.utime(folder / orphan, (long_ago, long_ago))
        LocalRawStore(folder).put([b"the next process"])

        assert orphan not in files(folder)
        assert len(files(folder)) == 1


class TestGet:
    def test_a_missing_blob_is_given_up(self, store: LocalRawStore) -> None:
        store.put([b"something else"])
        sha256 = hashlib.sha256(b"mail").hexdigest()

        assert not store.has(sha256)
        with pytest.raises(GiveUp) as given_up:
            store.get(sha256)
        assert given_up.value.reason == "raw_missing"

    def test_a_store_that_is_not_mounted_is_waited_for(
        self, store: LocalRawStore
    ) -> None:
        with pytest.raises(RetryLater):
            store.get(hashlib.sha256(b"mail").hexdigest())

    def test_a_damaged_blob_is_never_handed_out(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        sha256 = store.put([b"mail"]).sha256
        path_of(folder, sha256).write_bytes(b"liam")

        with pytest.raises(GiveUp) as given_up:
            store.get(sha256)
        assert given_up.value.reason == "raw_damaged"

    @pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63])
    def test_only_digests_are_looked_up(self, store: RawStore, name: str) -> None:
        with pytest.raises(GiveUp):
            store.get(name)


class TestUrl:
    def test_a_file_url_and_a_plain_path(self, tmp_path: Path) -> None:
        folder = tmp_path / "raw mails"
        by_url = open_raw_store(folder.as_uri())
        by_path = open_raw_store(str(folder))

        assert by_path.get(by_url.put([b"mail"]).sha256) == b"mail"

    @pytest.mark.parametrize("url", ["s3://bucket/raw", "file://host/raw", "http://x"])
    def test_other_urls_are_refused(self, url: str) -> None:
        with pytest.raises(SettingsInvalid):
            open_raw_store(url)

    def test_nothing_is_touched_before_the_first_call(self, folder: Path) -> None:
        open_raw_store(str(folder))

        assert not folder.exists()
