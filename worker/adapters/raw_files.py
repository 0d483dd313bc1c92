"""The files of the raw store: temporary ones, and the blobs under their names.

Paths are strings here: a thousand small mails a second would spend half of their time
on `Path` objects. Source: measured 2026-11-22.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.ports import Stored

FILE_MODE = 0o600  # members' mail: nobody else on the machine reads it
FOLDER_MODE = 0o700
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Record:
    """A blob that shall get its name.

    `body` is the blob, or None where it lies synced in the temporary file `draft`.
    """

    sha256: str
    size_bytes: int
    body: bytes | None = None
    draft: str = ""


class Draft:
    """A temporary file, open for writing."""

    def __init__(self, folder: str) -> None:
        self.name = secrets.token_hex(16)
        self.path = f"{folder}/{self.name}"
        self.descriptor = os.open(self.path, _NEW_FILE, FILE_MODE)

    def write(self, part: bytes) -> None:
        """Write all of it."""
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]


class BlobFiles:
    """The blobs of one folder. Raises OSError from every method."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._tmp = f"{folder}/tmp"  # noqa: S108 - our own folder

    def path(self, sha256: str) -> str:
        """Return where a blob lies; `sha256` must be one."""
        return f"{self._folder}/{sha256[:2]}/{sha256}"

    def is_there(self, stored: Stored | Record) -> bool:
        """Return whether the blob is there, whole; a damaged one is written anew."""
        try:
            return os.stat(self.path(stored.sha256)).st_size == stored.size_bytes
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def drafts(self) -> Iterator[list[Draft]]:
        """Yield a list for temporary files: closed at the end, gone if not named."""
        drafts: list[Draft] = []
        try:
            yield drafts
        finally:
            for draft in drafts:
                os.close(draft.descriptor)
                with contextlib.suppress(OSError):
                    os.unlink(draft.path)

    def draft(self, drafts: list[Draft], body: bytes) -> Draft:
        """Write a blob to a temporary file."""
        draft = Draft(self._tmp)
        drafts.append(draft)
        draft.write(body)
        return draft

    def stream(self, drafts: list[Draft], parts: Iterable[bytes]) -> Record:
        """Write what comes in parts to a temporary file."""
        draft = Draft(self._tmp)
        drafts.append(draft)
        digest, size_bytes = hashlib.sha256(), 0
        for part in parts:
            draft.write(part)
            digest.update(part)
            size_bytes += len(part)
        return Record(digest.hexdigest(), size_bytes, draft=draft.name)

    def sync_drafts(self, drafts: Sequence[Draft]) -> None:
        """Make temporary files durable, with all on their way before the first wait."""
        for draft in drafts:
            _start_writing_back(draft.descriptor)
        for draft in drafts:
            os.fsync(draft.descriptor)
        if drafts:
            sync_folder(self._tmp)

    def place(self, record: Record) -> None:
        """Give a blob its name, in place of what has it now."""
        path = self.path(record.sha256)
        if record.body is None:
            with contextlib.suppress(FileNotFoundError):  # it has its name already
                self._rename(f"{self._tmp}/{record.draft}", path)
            return
        draft = Draft(self._tmp)
        try:
            try:
                draft.write(record.body)
            finally:
                os.close(draft.descriptor)
            self._rename(draft.path, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft.path)
            raise

    def sync(self, sha256s: Iterable[str]) -> None:
        """Make blobs and their names durable; those that are not there are left out."""
        paths = [path for path in map(self.path, sha256s) if os.path.exists(path)]
        for sync in (_start_writing_back, os.fsync):
            for path in paths:
                with opened(path, os.O_RDONLY) as descriptor:
                    sync(descriptor)
        for folder in {path.rpartition("/")[0] for path in paths}:
            sync_folder(folder)
        sync_folder(self._folder)

    def _rename(self, source: str, target: str) -> None:
        try:
            os.rename(source, target)
        except FileNotFoundError:
            os.stat(source)  # it is not the source that is missing
            with contextlib.suppress(FileExistsError):
                os.mkdir(target.rpartition("/")[0], FOLDER_MODE)
            os.rename(source, target)


def sync_folder(folder: str | Path) -> None:
    """Make the names in a folder durable."""
    with opened(folder, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        os.fsync(descriptor)


@contextlib.contextmanager
def opened(path: str | Path, flags: int) -> Iterator[int]:
    """Yield a descriptor, closed at the end."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, FILE_MODE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _start_writing_back(descriptor: int) -> None:
    """Ask the kernel to begin writing the file out, without waiting for it."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
