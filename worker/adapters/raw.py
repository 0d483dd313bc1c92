"""The raw store on local disk: one file a mail, named by the SHA-256 of its bytes.

    <folder>/ab/abcd…         a blob, never written again
    <folder>/log/…            what makes the newest ones durable, see `raw_log`
    <folder>/tmp/…            blobs being written; orphans of a kill go after 24 h

A blob is on disk, in the log or in its own file, before `put` returns. Who sees one
under its name may rely on all of it being there, after a crash of the machine too.
"""

import contextlib
import errno
import hashlib
import itertools
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

from worker.adapters.raw_files import (
    FOLDER_MODE,
    BlobFiles,
    Draft,
    Record,
    sync_folder,
)
from worker.adapters.raw_log import RawLog
from worker.domain.errors import GiveUp, RetryLater, SettingsInvalid
from worker.faults import Point, reach
from worker.ports import Stored

# A stream up to this size is hashed before anything touches the disk: a blob that is
# there already then costs no temporary file.
# Files created and deleted slow ext4 down for minutes. Source: measured 2026-11-21.
HELD_BYTES = 1024 * 1024
GROUP = 256  # blobs that put_many makes durable together
LOGGED_BYTES = 64 * 1024
"""A blob up to this size is written to the log as a whole, and again to its file; of
a bigger one, whose second writing would cost more than a wait for the disk, the log
has the name. Source: measured 2026-11-22, `python -m bench ingest`."""
# Source: reliability.md 5.3, scenario 2. No write takes that long.
ORPHAN_AGE_S = 24 * 3600
IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
HEX_DIGITS = frozenset("0123456789abcdef")
SHA256_LENGTH = 64


def open_raw_store(url: str) -> "LocalRawStore":
    """Return the store at a URL: `file:///path`, or a plain path.

    Nothing is touched before the first call, so a disk that is not there yet is
    RetryLater then, not a failure to start.

    Raises:
        SettingsInvalid: another scheme, or a host in a file URL.
    """
    if "://" not in url:
        return LocalRawStore(Path(url))
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        raise SettingsInvalid(["CLAIMS_RAW_URL: file:///path or a plain path"])
    return LocalRawStore(Path(urllib.parse.unquote(parts.path)))


class LocalRawStore:
    """See ports.RawStore. Threads and processes may share the folder.

    Raises from every method RetryLater `raw_store_full` or `raw_store_failed`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tmp = folder / "tmp"
        self._files = BlobFiles(folder)
        self._log = RawLog(folder / "log", self._files)
        self._has_begun = False

    def put(self, parts: Iterable[bytes]) -> Stored:
        """See ports.RawStore. Memory stays flat however long the stream is."""
        stream = iter(parts)
        held = bytearray()
        for part in stream:
            held += part
            if len(held) > HELD_BYTES:
                return self._put_stream(itertools.chain((bytes(held),), stream))
        return self.put_many((bytes(held),))[0]

    def put_many(self, blobs: Iterable[bytes]) -> list[Stored]:
        """Store blobs as `put` does each, in their order, with few waits for disk."""
        remaining = iter(blobs)
        stored: list[Stored] = []
        while group := list(itertools.islice(remaining, GROUP)):
            with _translated():
                stored += self._put_group(group)
        return stored

    def get(self, sha256: str) -> bytes:
        """See ports.RawStore."""
        with _translated():
            raw = self._read(sha256)
            if _is_whole(raw, sha256):
                return raw
            if self._log.settle():  # the machine may have crashed
                raw = self._read(sha256)
            # Without its tmp folder the store itself is away, such as a disk that is
            # not mounted: no reason to give a mail up.
            if raw is None and not self._tmp.is_dir():
                raise FileNotFoundError(errno.ENOENT, "no raw store")
        if raw is None or not _is_whole(raw, sha256):
            reason = "raw_missing" if raw is None else "raw_damaged"
            raise GiveUp(reason)
        return raw

    def has(self, sha256: str) -> bool:
        """See ports.RawStore."""
        with _translated():
            self._begin()
            try:
                self._path(sha256).stat()
            except FileNotFoundError:
                return False
            return True

    def size(self, sha256: str) -> int | None:
        """See ports.RawStore."""
        with _translated():
            self._begin()
            try:
                return self._path(sha256).stat().st_size
            except FileNotFoundError:
                if not self._tmp.is_dir():  # as in `get`
                    raise
                return None

    def remove(self, sha256: str) -> bool:
        """See ports.RawStore."""
        path = self._path(sha256)
        with _translated():
            if not self._tmp.is_dir():
                raise FileNotFoundError(errno.ENOENT, "no raw store")
            self._log.settle()  # no log may bring it back
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            sync_folder(path.parent)
        return True

    def sweep_orphans(self) -> int:
        """Remove what killed processes left half written; return how many files.

        Called at the first `put` of a process; may be called at any time.
        """
        with _translated():
            limit = time.time() - ORPHAN_AGE_S
            orphans = [p for p in self._tmp.iterdir() if p.stat().st_mtime < limit]
            for orphan in orphans:
                orphan.unlink(missing_ok=True)
        return len(orphans)

    def _path(self, sha256: str) -> Path:
        if len(sha256) != SHA256_LENGTH or not HEX_DIGITS.issuperset(sha256):
            reason = "raw_missing"
            raise GiveUp(reason)  # and never a path of somebody's choice
        return Path(self._files.path(sha256))

    def _read(self, sha256: str) -> bytes | None:
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def _begin(self) -> None:
        """Once in a process: write what a crash took, and clean up after kills."""
        if self._has_begun:
            return
        if self._tmp.is_dir():
            self._log.settle()
            self.sweep_orphans()
            self._has_begun = True

    def _make_folders(self) -> None:
        if not self._has_begun:
            self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            self._tmp.mkdir(mode=FOLDER_MODE, exist_ok=True)
            self._begin()

    def _put_group(self, blobs: Sequence[bytes]) -> list[Stored]:
        """Store a few blobs, with all data on its way before the first wait for it."""
        self._make_folders()
        all_stored = [
            Stored(hashlib.sha256(blob).hexdigest(), len(blob)) for blob in blobs
        ]
        new = {
            stored.sha256: blob
            for stored, blob in zip(all_stored, blobs, strict=True)
            if not self._files.is_there(stored)
        }
        with self._files.drafts() as drafts:
            records = []
            for sha256, blob in new.items():
                if len(blob) <= LOGGED_BYTES:
                    records.append(Record(sha256, len(blob), blob))
                else:
                    draft = self._files.draft(drafts, blob)
                    records.append(Record(sha256, len(blob), draft=draft.name))
            self._keep(records, drafts)
        return all_stored

    def _put_stream(self, parts: Iterable[bytes]) -> Stored:
        with _translated():
            self._make_folders()
            with self._files.drafts() as drafts:
                record = self._files.stream(drafts, parts)
                if not self._files.is_there(record):
                    self._keep([record], drafts)
        return Stored(record.sha256, record.size_bytes)

    def _keep(self, records: Sequence[Record], drafts: Sequence[Draft]) -> None:
        """Make blobs durable, and give them their names."""
        if records:
            self._files.sync_drafts(drafts)
            self._log.append(records)
        reach(Point.RAW_WRITTEN)
        for record in records:
            self._files.place(record)
        reach(Point.RAW_NAMED)
        self._log.turn_over()


def _is_whole(raw: bytes | None, sha256: str) -> TypeGuard[bytes]:
    return raw is not None and hashlib.sha256(raw).hexdigest() == sha256


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn the operating system's errors into ours."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in IS_FULL
        reason = "raw_store_full" if is_full else "raw_store_failed"
        raise RetryLater(reason) from error
