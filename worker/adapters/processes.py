"""Processes of this machine: who we are, who is alive, children that die with us."""

import ctypes
import os
import signal
import socket
import sys
import uuid
from pathlib import Path

from setproctitle import setproctitle

_PR_SET_PDEATHSIG = 1  # Source: linux/prctl.h


def new_owner(role: str) -> str:
    """Return a name for this process that no other process ever has."""
    return f"{role}-{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def host() -> str:
    """Return this machine's name."""
    return socket.gethostname()[:100]


def boot_ticks(pid: int) -> int | None:
    """Return when a process began, in kernel ticks; None when there is no such pid.

    A pid is reused, a pid with its start time is not. Source: proc(5), field 22.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def is_alive(pid: int, ticks: int) -> bool:
    """Return whether that very process still runs.

    `ticks` 0 stands for a machine that cannot tell, such as one without /proc: there
    everybody counts as alive, and the leases of the dead run out by themselves.
    """
    return ticks == 0 or boot_ticks(pid) == ticks


def set_title(title: str) -> None:
    """Show this process under a name of its own in `ps` and `top`."""
    setproctitle(title)


def die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when its parent ends; Linux only.

    For `preexec_fn` of a child that must not outlive us, even after `kill -9`:
    `partial(die_with_parent, os.getpid())`. A parent that died before the kernel was
    asked is noticed by its pid.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
