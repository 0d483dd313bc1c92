"""Work on one file in a process of its own that ends with it.

A library in C cannot be interrupted: a PDF of a kilobyte keeps PDFium busy for hours.
So a copy of the reader's child does the work, and dies of its limit of CPU time; the
mail around the file is read on.
"""

import ctypes
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

CHUNK_BYTES = 1024 * 1024
_PR_SET_PDEATHSIG = 1


def answer(work: Callable[[], bytes], *, cpu: int, memory: int) -> bytes | None:
    """Return what some work gives, or None where it failed, crashed or took too long.

    Args:
        work: runs in a copy of this process; nothing else of what it does is kept.
        cpu: seconds of CPU time that it may take.
        memory: bytes of address space that it may take beyond what is there.
    """
    source, sink = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns where there are threads; the copy uses none of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os.close(source)
        _work(work, sink, cpu, memory)
    os.close(sink)
    with os.fdopen(source, "rb") as pipe:
        found = pipe.read()
    _, status = os.waitpid(pid, 0)
    return found if status == 0 else None


def _work(work: Callable[[], bytes], sink: int, cpu: int, memory: int) -> None:
    """Write the answer and end, whatever happens."""
    code = 1
    try:
        _limit(cpu, memory)
        with os.fdopen(sink, "wb") as pipe:
            pipe.write(work())
        code = 0
    finally:
        os._exit(code)


def _limit(cpu: int, memory: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _lower(resource.RLIMIT_CPU, cpu)
    taken = _address_space()
    if taken is not None:
        _lower(resource.RLIMIT_AS, taken + memory)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


def _lower(what: int, limit: int) -> None:
    """Set a limit, where a stricter one does not hold already."""
    soft, hard = resource.getrlimit(what)
    if soft == resource.RLIM_INFINITY or limit < soft:
        resource.setrlimit(what, (limit, hard))


def _address_space() -> int | None:
    """Return the address space that is taken (Linux), None where nobody tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return None
    return pages * resource.getpagesize()
