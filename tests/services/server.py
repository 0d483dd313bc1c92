"""What all servers share: a directory, a tethered process, and a log that is shown."""

import grp
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from tests.services.ports import free_port, is_listening

TETHER = Path(__file__).with_name("tether.py")
START_TIMEOUT_S = 20.0  # each starts in well under 2 s; a busy machine gets ten times
LOG_TAIL_CHARACTERS = 3000
EVERYBODY_PASSES = 0o711
PASSES = 0o001
# A Unix socket's path has 107 characters (unix(7)); Dovecot's longest adds 60.
LONGEST_BASE_CHARACTERS = 45
# Looked up at import: later, each test has a TMPDIR of its own, closed to others.
TEMPORARY_DIRECTORIES = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - mkdtemp makes the names


class ServiceMissing(Exception):
    """The server's program is not on this machine; the text says what to install."""


@dataclass(frozen=True, slots=True)
class Account:
    """A system user and its group, whom a process runs as."""

    name: str
    group: str
    uid: int
    gid: int


def own_account() -> Account:
    """Return whoever runs the tests."""
    return _account_of(pwd.getpwuid(os.geteuid()))


def humble_account(name: str = "nobody") -> Account:
    """Return the named system user for root, and the user itself for anybody else."""
    return _account_of(pwd.getpwnam(name)) if os.geteuid() == 0 else own_account()


def is_reachable(path: Path) -> bool:
    """Return whether every user may walk down to the path."""
    return all(parent.stat().st_mode & PASSES for parent in path.resolve().parents)


class Server(ABC):
    """A server process on a free port, with a directory of its own.

    Entered, it runs; left, it is stopped and its directory is removed. `stop` and
    `start` may be called in between: port and data stay. Call `start` from a thread
    that outlives the server (see tether.py).
    """

    name: ClassVar[str]
    death_signal: ClassVar[signal.Signals] = signal.SIGTERM
    dies_within_s: ClassVar[float] = 10.0  # then it is killed with all its children

    def __init__(self) -> None:
        self.port = free_port()
        self.directory = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.directory = _make_directory(self.name)
        try:
            self._prepare()
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._remove()

    @property
    def log(self) -> Path:
        """The file that takes what the server prints."""
        return self.directory / "server.log"

    @property
    def pid(self) -> int | None:
        """The process id of the running server; None while it is stopped."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the server and return when it answers. Nothing happens if it runs.

        Raises:
            RuntimeError: it ended or stayed silent; the text ends with its log.
        """
        if self._process is not None and self._process.poll() is None:
            return
        account = self._account()
        tether = [sys.executable, "-I", "-S", str(TETHER)]
        holds = [os.getpid(), int(self.death_signal), account.uid, account.gid]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*tether, *map(str, holds), *self._command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._working_directory(),
                env=self._environment(),
                start_new_session=True,
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """Stop the server and return when it is gone; its data stays."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(self.death_signal)
        try:
            process.wait(self.dies_within_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the absolute program and its arguments."""

    @abstractmethod
    def _prepare(self) -> None:
        """Fill the new directory, once.

        Raises:
            ServiceMissing: the program is not on this machine.
        """

    def _account(self) -> Account:
        """Return whom the process runs as; by default whoever runs the tests."""
        return own_account()

    def _working_directory(self) -> Path:
        return self.directory

    def _environment(self) -> dict[str, str]:
        """Return the little that a server may know of ours."""
        path = os.environ.get("PATH", os.defpath)
        return {"PATH": path, "HOME": str(self.directory), "LC_ALL": "C.UTF-8"}

    def _is_ready(self) -> bool:
        return is_listening(self.port)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_TIMEOUT_S
        pause = threading.Event()
        while not self._is_ready():
            if process.poll() is not None:
                self._fail_to_start(f"ended with code {process.returncode}")
            if time.monotonic() > until:
                self._fail_to_start(f"did not answer in {START_TIMEOUT_S} s")
            pause.wait(0.01)

    def _fail_to_start(self, why: str) -> None:
        self.stop()
        tail = self.log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]
        message = f"{self.name} on port {self.port} {why}:\n{tail}"
        raise RuntimeError(message)

    def _remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def _account_of(entry: pwd.struct_passwd) -> Account:
    group = grp.getgrgid(entry.pw_gid).gr_name
    return Account(entry.pw_name, group, entry.pw_uid, entry.pw_gid)


def _make_directory(name: str) -> Path:
    """Return a new directory, short enough for sockets and passable for all users.

    Servers that root starts work in it as `nobody`. Neither holds of pytest's own
    temporary directories.

    Raises:
        RuntimeError: there is no such temporary directory.
    """
    for base in TEMPORARY_DIRECTORIES:
        is_short = len(str(base)) <= LONGEST_BASE_CHARACTERS
        if is_short and (os.geteuid() != 0 or is_reachable(base / name)):
            directory = Path(tempfile.mkdtemp(prefix=f"claims-{name}-", dir=base))
            directory.chmod(EVERYBODY_PASSES)
            return directory
    tried = ", ".join(map(str, TEMPORARY_DIRECTORIES))
    message = f"too long, or closed to other users: {tried}"
    raise RuntimeError(message)
