"""Processes of ours at work: `claims serve`, or the parts beside each other."""

import contextlib
import json
import random
import signal
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

import psutil

from bench import record
from bench.rig import CheckFailed, Installation
from worker.children import UNTIL_IDLE

KILLED = -signal.SIGKILL
STOP_WITHIN_S = 30.0
READERS = 2
"""Of each worker, as by default."""


class Fleet(Protocol):
    """Entered, it works; `is_done` looks after it and says when all is settled."""

    def __enter__(self) -> Self:
        """Start."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop what still runs."""
        ...

    def is_done(self, total: int) -> bool:
        """Start again what was killed; return whether `total` mails are settled.

        Raises:
            CheckFailed: a process ended by itself, and not well.
        """
        ...

    def kill_one(self, chance: random.Random) -> str | None:
        """Kill a random process at once; return what it was.

        Each has the same chance, also one that is down already: then none is killed.
        """
        ...


class Serve:
    """One `claims serve --until-idle` with its children."""

    def __init__(self, system: Installation) -> None:
        self._system = system
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """See Fleet."""
        self._process = self._system.start("serve", "--until-idle")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """See Fleet."""
        if self._process is not None:
            _end([self._process])

    def is_done(self, total: int) -> bool:  # noqa: ARG002 - it knows by itself
        """See Fleet: it exits 0 when it is idle."""
        code = None if self._process is None else self._process.poll()
        if code == KILLED:
            self._process = self._system.start("serve", "--until-idle")
        elif code not in {None, 0}:
            raise CheckFailed(f"serve exited {code}:\n{self._system.log_tail()}")
        return code == 0

    def kill_one(self, chance: random.Random) -> str | None:
        """See Fleet."""
        if self._process is None or self._process.poll() is not None:
            return None
        return _kill_one([self._process], chance, of=1 + len(UNTIL_IDLE) + READERS)


class Parts:
    """`claims poll`, `work` and `schedule` as processes of their own."""

    def __init__(self, system: Installation, roles: Sequence[str]) -> None:
        self._system = system
        self._roles = roles
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """See Fleet."""
        self._processes = [self._system.start(role) for role in self._roles]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """See Fleet.

        Raises:
            CheckFailed: a process did not end well on SIGTERM.
        """
        codes = _end(self._processes)
        bad = {f"{r} {c}" for r, c in zip(self._roles, codes, strict=True) if c}
        if bad and error is None:
            raise CheckFailed(f"at the end: {bad}:\n{self._system.log_tail()}")

    def is_done(self, total: int) -> bool:
        """See Fleet: the record shows it, and `claims stats --json` says so too."""
        for place, role in enumerate(self._roles):
            code = self._processes[place].poll()
            if code == KILLED:
                self._processes[place] = self._system.start(role)
            elif code is not None:
                raise CheckFailed(f"{role} exited {code}:\n{self._system.log_tail()}")
        if not record.is_idle(self._system.database_url, total):
            return False
        stats = json.loads(self._system.run("stats", "--json"))
        alive = [
            state
            for states in stats["jobs_by_state"].values()
            for state in states
            if state != "quarantined"
        ]
        backlog = sum(box["backlog"] for box in stats["mailboxes"])
        return not alive and not backlog and sum(stats["fates"].values()) == total

    def kill_one(self, chance: random.Random) -> str | None:
        """See Fleet."""
        number = len(self._roles) + self._roles.count("work") * READERS
        return _kill_one(self._processes, chance, of=number)


def _kill_one(
    processes: Sequence["subprocess.Popen[bytes]"], chance: random.Random, *, of: int
) -> str | None:
    """Kill one process of the trees, with `of` when all are up; return its name."""
    tree: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in processes:
            root = psutil.Process(process.pid)
            tree += [root, *root.children(recursive=True)]
    place = chance.randrange(max(of, len(tree)))
    if place >= len(tree):
        return None
    victim = sorted(tree, key=lambda one: one.pid)[place]
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        words = victim.cmdline()
        victim.kill()
        return role_of(words)
    return None


def role_of(words: Sequence[str]) -> str:
    """Return what a process of ours does, by its command line."""
    if any("reader_child" in word for word in words):
        return "reader"
    if words and words[0].startswith("claims "):  # forked by `serve`
        return words[0].split()[1]
    after = words[words.index("worker") + 1 :] if "worker" in words else ()
    return after[0] if after else "other"


def _end(processes: Sequence["subprocess.Popen[bytes]"]) -> list[int]:
    """Stop processes; return their exit codes."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    codes = []
    for process in processes:
        try:
            codes.append(process.wait(STOP_WITHIN_S))
        except subprocess.TimeoutExpired:
            process.kill()
            codes.append(process.wait())
    return codes
