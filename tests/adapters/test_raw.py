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

from worker.adapters import raw_log
from worker.adapters.raw import LOGGED_BYTES, LocalRawStore, open_raw_store
from worker.domain.errors import GiveUp, RetryLater, SettingsInvalid
from worker.ports import RawStore, Stored

MIB = 1024 * 1024
DAY_S = 24 * 3600
SYNCS = ("fsync", "fdatasync")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "raw"


@pytest.fixture
def store(folder: Path) -> LocalRawStore:
    return LocalRawStore(folder)


def files(folder: Path) -> list[str]:
    """Return the blobs' names, and tmp/name for what is half written; no logs."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.parts[0] != "log")


def logs(folder: Path) -> list[Path]:
    return sorted((folder / "log").iterdir())


def crash(folder: Path) -> None:
    """Let the logs be those of a machine that was started again since."""
    for log in logs(folder):
        log.rename(log.with_name(f"0{log.name}"))


def path_of(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256


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

        assert files(folder) == [f"{sha256[:2]}/{sha256}"]
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

    @pytest.mark.parametrize(
        ("size", "expected"),
        [
            (10, ["fdatasync raw/log", "rename"]),
            (
                LOGGED_BYTES + 1,
                ["fsync raw/tmp", "fsync raw", "fdatasync raw/log", "rename"],
            ),
            (
                2 * MIB,
                ["fsync raw/tmp", "fsync raw", "fdatasync raw/log", "rename"],
            ),
        ],
        ids=["small", "big", "stream"],
    )
    def test_all_is_on_disk_before_it_gets_its_name(
        self,
        store: LocalRawStore,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        size: int,
        expected: list[str],
    ) -> None:
        """A small one in the log; a big one in its file, whose name is in the log."""
        steps: list[str] = []

        def watched(name: str) -> Callable[[int], None]:
            real = getattr(os, name)

            def sync(descriptor: int) -> None:
                path = Path(f"/proc/self/fd/{descriptor}").readlink()
                steps.append(f"{name} {path.parent.relative_to(folder.parent)}")
                real(descriptor)

            return sync

        def rename(*paths: str) -> None:
            steps.append("rename")
            real_rename(*paths)

        real_rename = os.rename
        store.put([b"the folders are there"])
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, watched(name))
        monkeypatch.setattr(os, "rename", rename)

        blob = os.urandom(size)
        folder_there = path_of(folder, hashlib.sha256(blob).hexdigest()).parent
        folder_there.mkdir(exist_ok=True)
        store.put([blob])

        assert steps == expected

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
    @pytest.mark.parametrize("step", ["open", "write", "rename", "fsync or fdatasync"])
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
        names = {"write": ("write", "writev"), "fsync or fdatasync": SYNCS}
        with monkeypatch.context() as patch:
            for name in names.get(step, (step,)):
                patch.setattr(os, name, failing(number))

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


class TestLog:
    """What the log has is there after a crash, and nothing that was removed."""

    @pytest.mark.parametrize("size", [10, LOGGED_BYTES + 1, 2 * MIB])
    def test_a_name_that_the_crash_took_is_given_again(
        self, store: LocalRawStore, folder: Path, size: int
    ) -> None:
        blob = os.urandom(size)
        sha256 = store.put([blob]).sha256
        path = path_of(folder, sha256)
        if size > LOGGED_BYTES:  # synced before, under the name that the log knows
            path.rename(folder / "tmp" / draft_of(logs(folder)[-1]))
        else:
            path.unlink()
        crash(folder)

        assert LocalRawStore(folder).get(sha256) == blob
        assert logs(folder) == []

    @pytest.mark.parametrize("left", [b"", b"\0" * 4])
    def test_bytes_that_the_crash_took_are_written_again(
        self, store: LocalRawStore, folder: Path, left: bytes
    ) -> None:
        """A file of the right size may be full of zeros. Nobody sees it so."""
        sha256 = store.put([b"mail"]).sha256
        path_of(folder, sha256).write_bytes(left)
        crash(folder)

        next_one = LocalRawStore(folder)
        assert next_one.size(sha256) == 4
        assert next_one.get(sha256) == b"mail"

    def test_a_reader_finds_what_nobody_has_written_again_yet(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        sha256 = store.put([b"mail"]).sha256
        path_of(folder, sha256).write_bytes(b"\0" * 4)
        crash(folder)

        assert store.get(sha256) == b"mail"

    @pytest.mark.parametrize("cut", [1, 20, 60])
    def test_a_record_that_was_cut_off_ends_the_log(
        self, store: LocalRawStore, folder: Path, cut: int
    ) -> None:
        first = store.put([b"the first mail"]).sha256
        second = store.put([b"the second mail"]).sha256
        for sha256 in (first, second):
            path_of(folder, sha256).unlink()
        (log,) = logs(folder)
        log.write_bytes(log.read_bytes()[:-cut])
        crash(folder)

        next_one = LocalRawStore(folder)
        assert next_one.has(first)
        assert not next_one.has(second)

    def test_a_record_full_of_zeros_ends_the_log(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        """The length of a log may reach the disk before its bytes."""
        first = store.put([b"mail"]).sha256
        second = store.put([b"MAIL"]).sha256
        for sha256 in (first, second):
            path_of(folder, sha256).unlink()
        (log,) = logs(folder)
        log.write_bytes(log.read_bytes()[:-4] + b"\0" * 4)
        crash(folder)

        next_one = LocalRawStore(folder)
        assert (next_one.has(first), next_one.has(second)) == (True, False)

    def test_what_was_removed_stays_away(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        """Another process removes it; the one that wrote it goes on afterwards."""
        secret, other = b"a member's mail", b"the next mail"
        sha256 = store.put([secret]).sha256

        assert LocalRawStore(folder).remove(sha256)
        store.put([other])
        crash(folder)
        next_one = LocalRawStore(folder)

        assert not next_one.has(sha256)
        assert next_one.has(hashlib.sha256(other).hexdigest())
        kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        assert not any(secret in each for each in kept)

    def test_a_log_that_has_grown_is_settled_beside_the_next(
        self, store: LocalRawStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(raw_log, "SETTLED_AT_BYTES", 3000)
        blobs = [os.urandom(1000) for _ in range(40)]
        for start in range(0, 40, 4):
            for blob in blobs[start : start + 4]:
                store.put([blob])
            until = time.monotonic() + 10
            while len(logs(folder)) > 1 and time.monotonic() < until:
                threading.Event().wait(0.01)

        assert sum(log.stat().st_size for log in logs(folder)) < 20_000
        crash(folder)
        next_one = LocalRawStore(folder)
        assert all(next_one.has(hashlib.sha256(each).hexdigest()) for each in blobs)

    def test_the_log_of_a_killed_process_is_settled_by_the_next(
        self, folder: Path
    ) -> None:
        """Killed after the log had the blob, and before it had its name."""
        program = (
            "import os, signal, sys; from pathlib import Path\n"
            "from worker.adapters.raw import LocalRawStore\n"
            "os.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
            "LocalRawStore(Path(sys.argv[1])).put([b'mail'])\n"
        )
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program, str(folder)],
            check=False,
            cwd=Path(__file__).parents[2],
        )
        assert done.returncode == -signal.SIGKILL

        assert LocalRawStore(folder).has(hashlib.sha256(b"mail").hexdigest())

    def test_a_forked_process_has_a_log_of_its_own(
        self, store: LocalRawStore, folder: Path
    ) -> None:
        """With the same descriptor neither would wait for the other's lock."""
        store.put([b"before"])
        pid = os.fork()
        if pid == 0:
            try:
                store.put([b"in the child"])
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

        assert len(logs(folder)) == 2
        assert store.has(hashlib.sha256(b"in the child").hexdigest())

    def test_a_failed_write_leaves_no_half_record(
        self, store: LocalRawStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = store.put([b"mail"]).sha256
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", failing(errno.EIO))
            with pytest.raises(RetryLater):
                store.put([b"refused"])
        second = store.put([b"another mail"]).sha256
        for sha256 in (first, second):
            path_of(folder, sha256).unlink()
        crash(folder)

        next_one = LocalRawStore(folder)
        assert next_one.has(first)
        assert next_one.has(second)
        assert not next_one.has(hashlib.sha256(b"refused").hexdigest())


def draft_of(log: Path) -> str:
    """Return the temporary name at the end of a log."""
    return log.read_bytes()[-32:].decode("ascii")


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
