"""Reads mails in child processes, so that a hostile mail breaks a child and no more.

The parent sends a SHA-256, the child opens the raw store itself and answers with the
`Mail`: no mail crosses the pipe, and none is parsed here.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import worker
from worker.adapters.reader_frames import (
    RAW_URL,
    SCANNED,
    Answer,
    Kind,
    PipeClosed,
    Scanned,
    read_answer,
    write_request,
)
from worker.adapters.view_frames import ASKED, Asked, Seen
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.mail import Mail
from worker.ports import READER_CRASHED, Reader, ReadFailed, Scanner

OPENER = "worker.adapters.raw:open_raw_store"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a child is given up for one mail, and when it is replaced between two.

    Source: reliability.md 4.2 (wall clock). A child that has read 500 mails or grown
    beyond 400 MB is replaced, so that nothing that libraries leak adds up; our choice.
    """

    wall_clock: timedelta = timedelta(seconds=60)
    start: timedelta = timedelta(seconds=60)
    """Until a new child is ready, which has nothing to do with any mail."""
    mails: int = 500
    rss_bytes: int = 400 * 1024 * 1024


OCR_LIMITS = Limits(timedelta(seconds=180), mails=200, rss_bytes=900 * 1024 * 1024)
"""A picture takes 2 to 4 s of CPU, and 640 MB in all. Source: measured 2026-11-22 on
a few drawn screens and receipts."""


class ChildReader:
    """See ports.Reader: one child, used by one thread at a time.

    The child starts with the first mail and is replaced when it is lost, old or big.
    One that was lost while idle is replaced without anybody noticing.

    Args:
        raw_url: where the raw store is, for the child.
        limits: see Limits.
        opener: `module:function` that opens a raw store from its URL.
        role: `read` or `ocr`, which says what the child may use.
        keys: `module:function` that looks up DKIM keys; empty leaves signatures alone.
    """

    def __init__(
        self,
        raw_url: str,
        *,
        limits: Limits | None = None,
        opener: str = OPENER,
        role: str = "read",
        keys: str = "",
    ) -> None:
        self._raw_url = raw_url
        self._limits = Limits() if limits is None else limits
        self._opener = opener
        self._role = role
        self._keys = keys
        self._lock = threading.Lock()
        self._child: _Child | None = None
        # A child dies with the thread that forked it (PR_SET_PDEATHSIG), so one
        # thread of our own forks all of them.
        self._forker = ThreadPoolExecutor(1, thread_name_prefix="reader")

    @property
    def pid(self) -> int | None:
        """The present child's process id; None while there is none."""
        return None if self._child is None else self._child.process.pid

    def read(self, sha256: str) -> Mail:
        """See ports.Reader.

        Raises:
            RetryLater: `reader_not_started`, or the raw store cannot be reached.
        """
        return self._mail(b"S", sha256.encode("ascii", "replace"))

    def read_bytes(self, raw: bytes) -> Mail:
        """Return what these bytes say, for `inspect`: they go through the pipe.

        Raises:
            ReadFailed: see ports.Reader.
        """
        return self._mail(b"B", raw)

    def see(self, asked: Asked, raw: bytes = b"") -> Seen:
        """Return what is asked of one mail, for people to look at.

        Args:
            asked: names the mail in the raw store, or nothing where `raw` is it.
            raw: the mail.

        Raises:
            ReadFailed: see ports.Reader.
            RetryLater: `reader_not_started`, or the raw store cannot be reached.
            GiveUp: the raw store has no such mail.
        """
        answer = self._answer(b"V", ASKED.dump_json(asked) + b"\n" + raw)
        if answer.seen is None:
            raise _failed(answer)
        return answer.seen

    def close(self) -> None:
        """See ports.Reader."""
        with self._lock:
            self._part()
            self._forker.shutdown()

    def _mail(self, kind: Kind, payload: bytes) -> Mail:
        answer = self._answer(kind, payload)
        if answer.mail is None:
            raise _failed(answer)
        return answer.mail

    def _texts(self, scanned: Scanned) -> dict[str, str]:
        answer = self._answer(b"O", SCANNED.dump_json(scanned))
        if answer.texts is None:
            raise _failed(answer)
        return answer.texts

    def _answer(self, kind: Kind, payload: bytes) -> Answer:
        with self._lock:
            answer = self._ask(kind, payload)
        if answer.give_up is not None:
            raise GiveUp(answer.give_up)
        if answer.retry_later is not None:
            raise RetryLater(answer.retry_later)
        return answer

    def _ask(self, kind: Kind, payload: bytes) -> Answer:
        child = self._living_child()
        try:
            answer = child.ask(kind, payload, self._limits.wall_clock)
        except ReadFailed:
            self._child = None
            raise
        is_worn = (
            child.mails >= self._limits.mails
            or answer.rss_bytes > self._limits.rss_bytes
            or answer.failed == "memory"
        )
        if is_worn:
            self._part()
        return answer

    def _living_child(self) -> "_Child":
        if self._child is not None and self._child.process.poll() is not None:
            self._part()
        if self._child is None:
            self._child = self._new_child()
        return self._child

    def _new_child(self) -> "_Child":
        """Start a child and wait until it is ready, which no mail is blamed for."""
        try:
            start = self._forker.submit(
                _start, self._opener, self._raw_url, self._role, self._keys
            )
            child = _Child(start.result())
            child.await_answer(self._limits.start)
        except (OSError, ReadFailed) as error:
            reason = "reader_not_started"
            raise RetryLater(reason) from error
        return child

    def _part(self) -> None:
        """Let the present child go, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None


class ChildScanner(ChildReader):
    """See ports.Scanner: a child that reads pictures of text."""

    def __init__(self, raw_url: str, *, opener: str = OPENER) -> None:
        super().__init__(raw_url, limits=OCR_LIMITS, opener=opener, role="ocr")

    def texts(self, sha256: str, paths: tuple[str, ...]) -> dict[str, str]:
        """See ports.Scanner."""
        return self._texts(Scanned(sha256, paths))


class ReaderPool:
    """See ports.Reader: several children, shared by any number of threads.

    A thread waits while all children are busy. Children start when they are needed.
    """

    def __init__(
        self,
        raw_url: str,
        *,
        size: int,
        limits: Limits | None = None,
        opener: str = OPENER,
        keys: str = "",
    ) -> None:
        self._readers = [
            ChildReader(raw_url, limits=limits, opener=opener, keys=keys)
            for _ in range(size)
        ]
        # Last in, first out: a quiet worker keeps one warm child, not all of them.
        self._free: queue.LifoQueue[ChildReader] = queue.LifoQueue()
        for reader in self._readers:
            self._free.put(reader)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the children that have started."""
        return tuple(r.pid for r in self._readers if r.pid is not None)

    def read(self, sha256: str) -> Mail:
        """See ports.Reader."""
        reader = self._free.get()
        try:
            return reader.read(sha256)
        finally:
            self._free.put(reader)

    def read_bytes(self, raw: bytes) -> Mail:
        """See ChildReader.read_bytes."""
        reader = self._free.get()
        try:
            return reader.read_bytes(raw)
        finally:
            self._free.put(reader)

    def see(self, asked: Asked, raw: bytes = b"") -> Seen:
        """See ChildReader.see."""
        reader = self._free.get()
        try:
            return reader.see(asked, raw)
        finally:
            self._free.put(reader)

    def close(self) -> None:
        """See ports.Reader; waits for mails that are being read."""
        for reader in self._readers:
            reader.close()


class _Child:
    """One child process and how many mails it has read."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.mails = 0
        if process.stdin is None or process.stdout is None:
            raise RuntimeError  # not with PIPE
        self._requests: BinaryIO = process.stdin  # type: ignore[assignment]
        self._answers: BinaryIO = process.stdout  # type: ignore[assignment]

    def ask(self, kind: Kind, payload: bytes, limit: timedelta) -> Answer:
        """Return the answer to one request.

        Raises:
            ReadFailed: see await_answer.
        """
        self.mails += 1
        return self.await_answer(
            limit, lambda: write_request(self._requests, kind, payload)
        )

    def await_answer(
        self, limit: timedelta, ask: Callable[[], None] = lambda: None
    ) -> Answer:
        """Return what the child says next; one that says nothing in time is killed.

        Raises:
            ReadFailed: `timeout` or `crashed`, and the child is gone.
        """
        is_late = threading.Event()
        watch = threading.Timer(limit.total_seconds(), self._kill_late, (is_late,))
        watch.daemon = True
        watch.start()
        try:
            ask()
            return read_answer(self._answers)
        except (OSError, PipeClosed, ValueError) as error:
            self.end()
            out_of_cpu = self.process.returncode == -signal.SIGXCPU
            code = "timeout" if is_late.is_set() or out_of_cpu else READER_CRASHED
            raise ReadFailed(code, died=True) from error
        finally:
            watch.cancel()

    def end(self) -> None:
        """Kill the child and leave nothing of it behind."""
        self.process.kill()
        for pipe in (self._requests, self._answers):
            try:
                pipe.close()
            except OSError:  # what was left in the buffer goes nowhere now
                continue
        self.process.wait()

    def _kill_late(self, is_late: threading.Event) -> None:
        is_late.set()
        self.process.kill()


def _failed(answer: Answer) -> ReadFailed:
    code = answer.failed or "unreadable"
    return ReadFailed(code, died=code == "memory")


def _start(
    opener: str, raw_url: str, role: str, keys: str
) -> "subprocess.Popen[bytes]":
    """Return a new child; it has none of our secrets in its environment."""
    home = str(Path(worker.__file__).parents[1])
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CLAIMS_")}
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [
            *(sys.executable, "-m", "worker.adapters.reader_child"),
            *(str(os.getpid()), opener, role, keys),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Big blocks go back to the system when they are freed, so that one mail of
        # 50 MB does not make the child look big for ever. Source: mallopt(3).
        env={
            **kept,
            RAW_URL: raw_url,
            "PYTHONPATH": path,
            "MALLOC_MMAP_THRESHOLD_": "1048576",
            "OMP_NUM_THREADS": "1",
        },
        start_new_session=True,  # Ctrl-C is for the parent
    )


if TYPE_CHECKING:
    _is_a_reader: Reader = ChildReader("")
    _is_one_too: Reader = ReaderPool("", size=1)
    _is_a_scanner: Scanner = ChildScanner("")
