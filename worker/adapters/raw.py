"""The raw store on local disk: one file a mail, named by the SHA-256 of its bytes.

    <folder>/ab/cd/abcd…      a blob, never written again
    <folder>/tmp/…            blobs being written; orphans of a kill go after 24 h

Written, fsynced, renamed, and each folder fsynced, before `put` returns. Who sees a
blob under its name may rely on all of it being there.
"""

import contextlib
import errno
import hashlib
import itertools
import os
import secrets
import time
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

from worker.domain.errors import GiveUp, RetryLater, SettingsInvalid
from worker.faults import Point, reach
from worker.ports import Stored

FILE_MODE = 0o600  # members' mail: nobody else on the machine reads it
FOLDER_MODE = 0o700
# A stream up to this size is hashed before anything touches the disk: a blob that is
# there already then costs no temporary file.
# Source: bench/README.md, files created and deleted slow ext4 down.
HELD_BYTES = 1024 * 1024
GROUP = 64  # files open at once in put_many
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
        self._has_swept = False

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
        """Store blobs as `put` does each, in their order, sharing the waits for disk.

        Source: measured 2026-11-21 on ext4, groups of 50: 2 times faster than one by
        one on a virtual disk, more on a real one.
        """
        remaining = iter(blobs)
        stored: list[Stored] = []
        while group := list(itertools.islice(remaining, GROUP)):
            stored += self._put_group(group)
        return stored

    def get(self, sha256: str) -> bytes:
        """See ports.RawStore."""
        with _translated():
            try:
                raw = self._path(sha256).read_bytes()
            except FileNotFoundError as error:
                # Without its tmp folder the store itself is away, such as a disk
                # that is not mounted: no reason to give a mail up.
                if not self._tmp.is_dir():
                    raise
                reason = "raw_missing"
                raise GiveUp(reason) from error
        if hashlib.sha256(raw).hexdigest() != sha256:
            reason = "raw_damaged"
            raise GiveUp(reason)
        return raw

    def has(self, sha256: str) -> bool:
        """See ports.RawStore."""
        with _translated():
            try:
                self._path(sha256).stat()
            except FileNotFoundError:
                return False
            return True

    def size(self, sha256: str) -> int | None:
        """See ports.RawStore."""
        with _translated():
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
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            _sync_folder(path.parent)
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
        return self._folder / sha256[:2] / sha256[2:4] / sha256

    def _put_group(self, blobs: list[bytes]) -> list[Stored]:
        """Store a few blobs, with all data on its way before the first wait for it."""
        all_stored = [_stored(blob) for blob in blobs]
        with _translated(), self._group() as group:
            for stored, blob in zip(all_stored, blobs, strict=True):
                target = self._path(stored.sha256)
                if not group.has(target, stored.size_bytes):
                    group.write((blob,)).names(target)
        return all_stored

    def _put_stream(self, parts: Iterable[bytes]) -> Stored:
        with _translated(), self._group() as group:
            draft = group.write(parts)
            stored = Stored(draft.digest.hexdigest(), draft.size_bytes)
            target = self._path(stored.sha256)
            if not group.has(target, stored.size_bytes):
                draft.names(target)
        return stored

    @contextlib.contextmanager
    def _group(self) -> "Iterator[_Group]":
        self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self._tmp.mkdir(mode=FOLDER_MODE, exist_ok=True)
        if not self._has_swept:
            self._has_swept = True
            self.sweep_orphans()
        group = _Group(self._folder, self._tmp)
        try:
            yield group
            group.finish()
        finally:
            group.clean_up()


class _Draft:
    """A temporary file, open, with its digest and the name it shall get."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / secrets.token_hex(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self.descriptor = os.open(self.path, flags, FILE_MODE)
        self.digest = hashlib.sha256()
        self.size_bytes = 0
        self.target: Path | None = None

    def write(self, part: bytes) -> None:
        self.digest.update(part)
        self.size_bytes += len(part)
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]

    def names(self, target: Path) -> None:
        self.target = target


class _Group:
    """Some drafts that become durable together."""

    def __init__(self, folder: Path, tmp: Path) -> None:
        self._folder = folder
        self._tmp = tmp
        self._drafts: list[_Draft] = []
        self._targets: set[Path] = set()

    def has(self, target: Path, size_bytes: int) -> bool:
        """Return whether the blob is there, whole, or about to be.

        It may come from a process that was killed before its last fsync; so its
        folders are synced again. One of another size is damaged and written anew.
        """
        if target in self._targets:
            return True
        self._targets.add(target)
        try:
            descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            if os.fstat(descriptor).st_size != size_bytes:
                return False
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return True

    def write(self, parts: Iterable[bytes]) -> _Draft:
        """Write a new temporary file and send it on its way to the disk."""
        draft = _Draft(self._tmp)
        self._drafts.append(draft)
        for part in parts:
            draft.write(part)
        _start_writing_back(draft.descriptor)
        return draft

    def finish(self) -> None:
        """Make everything durable, under its name."""
        named = [(d, d.target) for d in self._drafts if d.target is not None]
        for draft, _ in named:
            reach(Point.RAW_SYNCING)
            os.fsync(draft.descriptor)
        reach(Point.RAW_WRITTEN)
        for draft, target in named:
            for folder in (target.parent.parent, target.parent):
                folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
            draft.path.rename(target)
        reach(Point.RAW_NAMED)
        # A folder that another process made may not be durable yet either: sync the
        # way up from each blob to the top.
        leaves = {target.parent for target in self._targets}
        for folder in (*leaves, *{leaf.parent for leaf in leaves}, self._folder):
            _sync_folder(folder)

    def clean_up(self) -> None:
        """Close the files and remove those that got no name."""
        for draft in self._drafts:
            os.close(draft.descriptor)
            with contextlib.suppress(OSError):
                draft.path.unlink(missing_ok=True)


def _stored(blob: bytes) -> Stored:
    return Stored(hashlib.sha256(blob).hexdigest(), len(blob))


def _start_writing_back(descriptor: int) -> None:
    """Ask the kernel to begin writing the file out, without waiting for it."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn the operating system's errors into ours."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in IS_FULL
        reason = "raw_store_full" if is_full else "raw_store_failed"
        raise RetryLater(reason) from error
