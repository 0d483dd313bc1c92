"""Whose turn it is to write a SQLite database: threads and processes, one at a time.

SQLite lets who finds the database locked sleep longer and longer, up to a tenth of a
second, and look again: beside a busy writer a second one is hardly ever lucky. So ours
queue before they begin: threads at a lock of the process, processes at two locked bytes
of a file beside the database. The process that waits for the turn holds the place of
the next one, and the one that has just written stands behind it. One that dies gives
both back.

The bytes are locked for a process: two databases of one process on one file do not
wait for each other here. Then, and wherever no file can be locked, SQLite's own lock
decides, as it does in the end for everybody.
"""

import contextlib
import fcntl
import os
import stat
import threading
import time
from pathlib import Path

SUFFIX = "-turns"
WAIT_S = 5.0
"""How long a process waits for another one's turn before SQLite's lock decides: many
times the longest transaction, and a process that was stopped costs no more. Our
choice."""
LOOKS_EVERY_S = 0.001
"""How often a process looks whether the turn is free. Our choice: a look costs some
microseconds, and the system's own queue would know no limit."""
_FILE_MODE = 0o600
_NEXT, _TURN = 0, 1
"""The bytes that are locked."""


class Turns:
    """A context manager: within, nobody else of ours writes.

    Args:
        database: the database's file; None for one in memory.
        wait_s: how long to wait for another process.
    """

    def __init__(self, database: Path | None, *, wait_s: float = WAIT_S) -> None:
        self._database = database
        self._wait_s = wait_s
        self._threads = threading.RLock()
        self._depth = 0
        self._file: int | None = None

    def __enter__(self) -> None:
        """Wait for the turn."""
        self._threads.acquire()
        self._depth += 1
        try:
            if self._depth == 1 and self._database is not None:
                self._queue(self._database)
        except BaseException:  # Ctrl-C: nobody else would let go
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._depth -= 1
        try:
            if self._depth == 0 and self._file is not None:
                _release(self._file, _TURN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Close the file; the next turn opens it again."""
        with self._threads:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _queue(self, database: Path) -> None:
        if self._file is None:
            self._file = _opened(database)
        if self._file is None:
            return
        until = time.monotonic() + self._wait_s
        if _lock(self._file, _NEXT, until):
            _lock(self._file, _TURN, until)
            _release(self._file, _NEXT)


def _opened(database: Path) -> int | None:
    """Return the file whose bytes are locked; None where there can be none.

    It is for whom the database is for, as SQLite's own files beside it are.
    """
    path = database.with_name(database.name + SUFFIX)
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        like = database.stat()
        os.fchmod(file, stat.S_IMODE(like.st_mode))
        if os.geteuid() == 0:
            os.fchown(file, like.st_uid, like.st_gid)
    return file


def _lock(file: int, byte: int, until: float) -> bool:
    """Lock a byte as soon as it is free; return whether that was in time.

    False, too, where the file system knows no locks.
    """
    pause = threading.Event()
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            if time.monotonic() > until:
                return False
            pause.wait(LOOKS_EVERY_S)
        except OSError:
            return False
        else:
            return True


def _release(file: int, byte: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.lockf(file, fcntl.LOCK_UN, 1, byte)
