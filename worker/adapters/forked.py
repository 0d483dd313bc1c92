"""Work on files in a process of its own, which a bad file breaks in our stead.

A library in C cannot be interrupted: a PDF of a kilobyte keeps PDFium busy for hours.
So a copy of the reader's child does the work, and dies of its limits; the mail around
the file is read on.

A copy for one file alone costs ten times what most PDFs take. So one is kept, for as
long as nothing goes wrong in it: see `Helper`.
"""

import ctypes
import math
import os
import resource
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Never

MAX_FILES = 200
"""That a helper works on before another one takes its place. Our choice."""
_PR_SET_PDEATHSIG = 1
_LENGTH = struct.Struct(">Q")


def answer(work: Callable[[], bytes], *, cpu: int, memory: int) -> bytes | None:
    """Return what some work gives, or None where it failed, crashed or took too long.

    Args:
        work: runs in a copy of this process; nothing else of what it does is kept.
        cpu: seconds of CPU time that it may take.
        memory: bytes of address space that it may take beyond what is there.
    """
    source, sink = os.pipe()
    pid = _fork()
    if pid == 0:
        os.close(source)
        _work(work, sink, cpu, memory)
    os.close(sink)
    with os.fdopen(source, "rb") as pipe:
        found = pipe.read()
    _, status = os.waitpid(pid, 0)
    return found if status == 0 else None


class Helper:
    """A copy of this process that works on one file after another, each in its limits.

    It is forked by `make_ready`, which is called between two mails, so that it holds
    nothing of any. Where there is none, a copy for one file alone does the work: until
    the first file, and after one that broke the helper. One thread uses it.

    Args:
        work: gives the answer to a file; whatever it raises ends the helper.
        cpu: seconds of CPU time for a file.
        memory: bytes of address space for a file, beside the file itself.
    """

    def __init__(
        self, work: Callable[[bytes], bytes], *, cpu: int, memory: int
    ) -> None:
        self._work = work
        self._cpu = cpu
        self._memory = memory
        self._is_wanted = False
        self._pid = 0
        self._files = 0
        self._line: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The present helper's process id; None while there is none."""
        return None if self._line is None else self._pid

    def make_ready(self) -> None:
        """Fork a helper once there was a file for it, and in place of a worn one.

        Where there is room for none, a copy for each file does the work.
        """
        if self._files >= MAX_FILES:
            self.end()
        if not self._is_wanted or self._line is not None:
            return
        try:
            ours, its = socket.socketpair()
        except OSError:
            return
        try:
            self._pid = _fork()
        except OSError:
            ours.close()
            its.close()
            return
        if self._pid == 0:
            ours.close()
            _serve(self._work, its, self._cpu, self._memory)
        its.close()
        self._line = ours

    def answer(self, data: bytes) -> bytes | None:
        """Return the answer to a file, None where it broke what worked on it."""
        self._is_wanted = True
        if self._line is not None and not self._is_alive():
            self._part()
        if self._line is None:
            return self._alone(data)
        self._files += 1
        try:
            _send(self._line, data)
            return bytes(_received(self._line))
        except (OSError, EOFError):
            return self.answer_apart(data)

    def answer_apart(self, data: bytes) -> bytes | None:
        """End the helper, and return the answer of a copy for this file alone.

        So no file before is to blame for what this one is. None where there was none:
        the answer would be the same.
        """
        had_others = self._files > 1
        self.end()
        return self._alone(data) if had_others else None

    def _alone(self, data: bytes) -> bytes | None:
        return answer(lambda: self._work(data), cpu=self._cpu, memory=self._memory)

    def end(self) -> None:
        """Kill the helper, if there is one, and leave nothing of it behind.

        What a file broke without a crash is met by no other file then.
        """
        if self._line is not None and self._is_alive():
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self._part()

    def _is_alive(self) -> bool:
        """Return whether it runs; one that does not, is done with."""
        try:
            return os.waitpid(self._pid, os.WNOHANG) == (0, 0)
        except ChildProcessError:  # somebody else has asked
            return False

    def _part(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
            self._files = 0


def _fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns where there are threads; the copy uses none of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _work(work: Callable[[], bytes], sink: int, cpu: int, memory: int) -> Never:
    """Write the answer and end, whatever happens."""
    code = 1
    try:
        _limit()
        _lower(resource.RLIMIT_CPU, cpu)
        taken = _address_space()
        if taken is not None:
            _lower(resource.RLIMIT_AS, taken + memory)
        with os.fdopen(sink, "wb") as pipe:
            pipe.write(work())
        code = 0
    finally:
        os._exit(code)


def _serve(
    work: Callable[[bytes], bytes], line: socket.socket, cpu: int, memory: int
) -> Never:
    """Answer until the other end is gone or something is wrong."""
    try:
        os.closerange(3, line.fileno())
        os.closerange(line.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        _limit()
        taken = _address_space()
        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        while True:
            length = _announced(line)
            if taken is not None:
                # The file itself is held twice while it is received.
                limit = taken + length * 2 + memory
                limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
                _set_limit(resource.RLIMIT_AS, limit)
            data = bytes(_exactly(line, length))
            _allow_cpu(cpu)
            found = work(data)
            signal.setitimer(signal.ITIMER_PROF, 0)
            _send(line, found)
    finally:
        os._exit(0)


def _limit() -> None:
    """Set the limits that hold for any work."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)


def _allow_cpu(seconds: int) -> None:
    """Let this process have so many seconds from now, and then be killed.

    The timer is exact; the limit, which counts whole seconds of the process's life,
    holds where the timer is lost.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    whole = math.ceil(used.ru_utime + used.ru_stime)
    _set_limit(resource.RLIMIT_CPU, whole + seconds)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _lower(what: int, limit: int) -> None:
    """Set a limit, where a stricter one does not hold already."""
    soft, _ = resource.getrlimit(what)
    if soft == resource.RLIM_INFINITY or limit < soft:
        _set_limit(what, limit)


def _set_limit(what: int, limit: int) -> None:
    _, hard = resource.getrlimit(what)
    is_open = hard == resource.RLIM_INFINITY
    resource.setrlimit(what, (limit if is_open else min(limit, hard), hard))


def _address_space() -> int | None:
    """Return the address space that is taken (Linux), None where nobody tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return None
    return pages * resource.getpagesize()


def _send(line: socket.socket, data: bytes) -> None:
    line.sendall(_LENGTH.pack(len(data)))
    line.sendall(data)


def _received(line: socket.socket) -> bytearray:
    return _exactly(line, _announced(line))


def _announced(line: socket.socket) -> int:
    """Return how many bytes come next.

    Raises:
        EOFError: the other end is gone; OSError: so it was, with a noise.
    """
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    return int(length)


def _exactly(line: socket.socket, length: int) -> bytearray:
    data = bytearray(length)
    view = memoryview(data)
    while view:
        count = line.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return data
