"""The child process that reads mails: `python -m worker.adapters.reader_child`.

It has limits on memory, CPU and files, opens the raw store itself, and can write
nothing but its answers. It ends when its parent does. Source: reliability.md 4.2.
"""

import ctypes
import gc
import importlib
import math
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from worker import faults
from worker.adapters import dkim_check, mime, pdf
from worker.adapters.reader_frames import (
    RAW_URL,
    SCANNED,
    Answer,
    PipeClosed,
    read_request,
    write_answer,
)
from worker.adapters.view_frames import ASKED, Seen
from worker.domain.errors import GiveUp, RetryLater
from worker.faults import Point, reach
from worker.ports import RawStore, ReadFailed

MAX_MEMORY_BYTES = {"read": 1024**3, "ocr": 2 * 1024**3}
"""Address space. Source: reliability.md 4.2; for OCR twice what it was seen to take."""
CPU_SECONDS = {"read": 20, "ocr": 90}
"""Of one mail. Source: reliability.md 4.2; for OCR six pictures at worst."""
MAX_FILES = 64

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
"""Source: prctl(2)."""


@dataclass(slots=True)
class Child:
    """The two pipes, and the raw store once it was asked for."""

    requests: BinaryIO
    answers: BinaryIO
    open_store: Callable[[], RawStore]
    cpu_seconds: int
    key_of: dkim_check.KeyOf | None = None
    store: RawStore | None = None

    def serve(self) -> None:
        """Say that it is ready, then answer requests until the pipe is closed."""
        write_answer(self.answers, Answer(_rss_bytes()))
        while True:
            pdf.make_ready()
            try:
                kind, payload = read_request(self.requests)
            except PipeClosed:
                return
            _allow_more_cpu(self.cpu_seconds)
            reach(Point.READER_ASKED)
            answer = self._answer(kind, payload)
            reach(Point.READER_ANSWERING)
            write_answer(self.answers, answer)

    def _answer(self, kind: bytes, payload: bytearray) -> Answer:
        """Return the mail, or a code: whatever it raises, it is the end of one mail."""
        try:
            answer = self._read(kind, payload)
        except ReadFailed as error:
            return Answer(_rss_bytes(), failed=error.code)
        except GiveUp as error:
            return Answer(_rss_bytes(), give_up=error.reason)
        except RetryLater as error:
            return Answer(_rss_bytes(), retry_later=error.reason)
        except MemoryError:
            return Answer(_rss_bytes(), failed="memory")
        except Exception:  # noqa: BLE001 - the border to everything a mail can break
            return Answer(_rss_bytes(), failed="unreadable")
        return answer

    def _read(self, kind: bytes, payload: bytearray) -> Answer:
        if kind == b"O":
            texts = self._read_pictures(payload)
            return Answer(_rss_bytes(), texts=texts)
        if kind == b"V":
            return Answer(_rss_bytes(), seen=self._see(payload))
        is_mail = kind == b"B"
        raw = payload if is_mail else self._stored(payload.decode("ascii"))
        mail = mime.parse(memoryview(raw))
        if self.key_of is not None:
            mail = dkim_check.with_signers(mail, raw, self.key_of)
        return Answer(_rss_bytes(), mail=mail)

    def _read_pictures(self, payload: bytearray) -> dict[str, str]:
        # Loaded late: the other children start without it.
        from worker.adapters import ocr  # noqa: PLC0415

        asked = SCANNED.validate_json(bytes(payload))
        return ocr.read(mime.files(self._stored(asked.sha256), asked.paths))

    def _see(self, payload: bytearray) -> Seen:
        # Loaded late: children that read mail start without it.
        from worker.adapters import views  # noqa: PLC0415

        line, _, raw = bytes(payload).partition(b"\n")
        asked = ASKED.validate_json(line)
        return views.see(asked, self._stored(asked.sha256) if asked.sha256 else raw)

    def _stored(self, sha256: str) -> bytes:
        if self.store is None:
            self.store = self.open_store()
        return self.store.get(sha256)


def main() -> None:
    """Serve on the first two descriptors: `reader_child PARENT_PID OPENER ROLE KEYS`.

    The raw store's URL comes in the environment, since everybody can see arguments.
    """
    parent, opener, role, keys = sys.argv[1:5]
    raw_url = os.environ.pop(RAW_URL, "")
    _die_with(int(parent))
    requests, answers = os.dup(0), os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # nothing that a library prints reaches the parent
        os.dup2(silence, descriptor)
    faults.arm_child(os.environ)
    _limit(MAX_MEMORY_BYTES[role])
    gc.freeze()
    with os.fdopen(requests, "rb") as source, os.fdopen(answers, "wb") as sink:
        open_store = partial(_open_store, opener, raw_url)
        key_of = dkim_check.key_source(keys) if keys else None
        Child(source, sink, open_store, CPU_SECONDS[role], key_of).serve()


def _open_store(opener: str, raw_url: str) -> RawStore:
    module, _, name = opener.partition(":")
    store: RawStore = getattr(importlib.import_module(module), name)(raw_url)
    return store


def _die_with(parent: int) -> None:
    """End by SIGKILL when the parent ends, however it ends (Linux)."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def _limit(memory_bytes: int) -> None:
    """Set the limits that hold for the whole life of the child."""
    wanted = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_NOFILE: MAX_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for what, limit in wanted.items():
        _, hard = resource.getrlimit(what)
        soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (soft, hard))


def _allow_more_cpu(seconds: int) -> None:
    """Renew the CPU limit, which the system counts over the life of the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _rss_bytes() -> int:
    """Return the resident memory now (Linux), or its peak elsewhere."""
    try:
        with open("/proc/self/statm", "rb") as source:  # noqa: PTH123 - hot path
            return int(source.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
