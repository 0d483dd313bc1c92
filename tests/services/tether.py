"""Become another program that dies when the process that started it dies.

    python -I -S tether.py PARENT SIGNAL UID GID PROGRAM [ARGUMENT ...]

A program of its own, since Python 3.12 warns about a `preexec_fn` beside threads. It
knows only the standard library and is started by its path.

Source: prctl(2), PR_SET_PDEATHSIG. It is kept over execve but cleared by a change of
user, hence the order; the signal comes when the starting *thread* ends, so servers
are started from a thread that lives as long as they do.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # Source: linux/prctl.h


def main() -> None:
    """Change user, ask for the signal, and become the program."""
    parent, signal_number, uid, gid = (int(word) for word in sys.argv[1:5])
    program = sys.argv[5:]
    if os.geteuid() == 0:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal_number) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit("the parent died before the tether held")
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
