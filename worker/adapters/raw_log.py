"""The raw store's log: what makes many blobs durable with one wait for the disk.

    <folder>/log/<boot>-<process>-…    records that are not settled yet

A blob is safe once its record is: a small one as a whole, a big one by its name, when
its temporary file is synced already. Its own file is written right after, and nobody
waits for that to reach the disk. Settling does so later for a whole log, and removes
it. After a crash of the machine, whatever the log has is written again.

Any process may settle any log, since each change of one happens under its lock.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import struct
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from worker.adapters.raw_files import (
    FILE_MODE,
    FOLDER_MODE,
    BlobFiles,
    Record,
    opened,
    sync_folder,
)
from worker.faults import Point, reach

SETTLED_AT_BYTES = 32 * 1024 * 1024
"""A log of this size is settled while the next one is written."""
_HEAD = struct.Struct("<4sBIQ32s")
"""Magic, kind, length of what follows, size of the blob, its SHA-256."""
_MAGIC = b"CRL1"
_WHOLE, _NAMED = 0, 1
_MOST_BUFFERS = 512
"""Of one writev: under the limit of every system (IOV_MAX)."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class RawLog:
    """The log that this process writes, and those that others left.

    Args:
        folder: of the logs.
        files: the blobs that they are about.

    Raises OSError from every method.
    """

    def __init__(self, folder: Path, files: BlobFiles) -> None:
        self._folder = folder
        self._files = files
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._pid = 0
        self._descriptor = -1
        self._settling = threading.Thread()

    def append(self, records: Sequence[Record]) -> None:
        """Write records; they are durable when it returns."""
        buffers = [part for record in records for part in _packed(record)]
        with self._lock, self._own() as descriptor:
            end = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, buffers)
                reach(Point.RAW_SYNCING)
                os.fdatasync(descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, end)
                raise

    def turn_over(self) -> None:
        """Settle a log that has grown, in a thread beside the next one's writer."""
        with self._lock:
            if self._path is None or self._settling.is_alive():
                return
            if os.fstat(self._descriptor).st_size < SETTLED_AT_BYTES:
                return
            full, self._path = self._path, None
            os.close(self._descriptor)
            self._settling = threading.Thread(
                target=self._settle_quietly, args=(full,), daemon=True
            )
            self._settling.start()

    def settle(self) -> bool:
        """Settle every log there is; return whether there was one."""
        with contextlib.suppress(FileNotFoundError):
            paths = sorted(self._folder.iterdir())
            for path in paths:
                self._settle(path)
            return bool(paths)
        return False

    def _settle_quietly(self, path: Path) -> None:
        """Settle one log; where that fails, it stays for the next who tries."""
        with contextlib.suppress(OSError):
            self._settle(path)

    def _settle(self, path: Path) -> None:
        with (
            contextlib.suppress(FileNotFoundError),
            opened(path, os.O_RDWR) as descriptor,
            _locked(descriptor),
        ):
            if os.fstat(descriptor).st_nlink:
                self._settle_locked(path)

    def _settle_locked(self, path: Path) -> None:
        """Write the blobs that have not got their names, and all after a crash."""
        is_lost = not path.name.startswith(f"{_boot()}-")
        settled = []
        for record in _records(path, is_lost=is_lost):
            if is_lost or not self._files.is_there(record):
                self._files.place(record)
            settled.append(record.sha256)
        self._files.sync(settled)
        path.unlink()
        sync_folder(self._folder)

    @contextlib.contextmanager
    def _own(self) -> Iterator[int]:
        """Yield this process's log, locked; a new one where the last was settled."""
        while True:
            descriptor = self._opened()
            with _locked(descriptor):
                if os.fstat(descriptor).st_nlink:
                    yield descriptor
                    return
            self._path = None
            os.close(descriptor)

    def _opened(self) -> int:
        # A forked process shares the descriptor, and with it the lock.
        if self._path is None or self._pid != os.getpid():
            self._pid = os.getpid()
            self._folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
            path = self._folder / f"{_boot()}-{os.getpid()}-{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, FILE_MODE)
            self._path = path
            sync_folder(self._folder)
            sync_folder(self._folder.parent)
        return self._descriptor


def _boot() -> str:
    """Return what names this run of the machine; nothing can be told without it."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return secrets.token_hex(8)


def _packed(record: Record) -> tuple[bytes, bytes]:
    kind = _NAMED if record.body is None else _WHOLE
    rest = record.draft.encode() if record.body is None else record.body
    digest = bytes.fromhex(record.sha256)
    return _HEAD.pack(_MAGIC, kind, len(rest), record.size_bytes, digest), rest


def _records(path: Path, *, is_lost: bool) -> Iterator[Record]:
    """Yield the records up to the end, or to one that was cut off.

    Of a machine that crashed, what was not synced may be anything.
    """
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            magic, kind, length, size_bytes, digest = _HEAD.unpack(head)
            rest = file.read(length) if magic == _MAGIC else b""
            if magic != _MAGIC or len(rest) < length:
                return
            if kind == _NAMED:
                draft = rest.decode("ascii")
                yield Record(digest.hex(), size_bytes, draft=draft)
            elif is_lost and hashlib.sha256(rest).digest() != digest:
                return
            else:
                yield Record(digest.hex(), size_bytes, body=rest)


def _write_all(descriptor: int, buffers: Sequence[bytes]) -> None:
    for start in range(0, len(buffers), _MOST_BUFFERS):
        rest = [memoryview(each) for each in buffers[start : start + _MOST_BUFFERS]]
        while rest:
            written = os.writev(descriptor, rest)
            while rest and written >= len(rest[0]):
                written -= len(rest.pop(0))
            if rest:
                rest[0] = rest[0][written:]


@contextlib.contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
