"""uvicorn over the desk: one process, its own socket, our log."""

import socket
import threading
from contextlib import suppress

import structlog
import uvicorn

from worker.bootstrap import Parts
from worker.desk.app import create_app
from worker.desk.live import Watchers
from worker.domain.errors import UsageError

log = structlog.get_logger()


class DeskServer:
    """The desk on a socket; `run` serves until `stop` is set."""

    def __init__(self, parts: Parts) -> None:
        host, _, port = parts.settings.desk_bind.rpartition(":")
        self._socket = _listen(host.strip("[]"), int(port))
        proxies = list(parts.settings.desk_proxies)
        app = create_app(parts)
        self._watchers: Watchers = app.state.watchers
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or None,
            timeout_graceful_shutdown=3,
        )
        self._server = uvicorn.Server(config)

    @property
    def address(self) -> str:
        """Return where the desk answers: `http://127.0.0.1:8080`."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set, then end the open requests and close."""
        serving = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        serving.start()
        log.info("desk_started")
        while serving.is_alive() and not stop.wait(0.2):
            pass
        self._watchers.stopping.set()
        self._server.should_exit = True
        serving.join()
        with suppress(OSError):
            self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        UsageError: the address is taken, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen()  # who comes before the server is up waits, and is not refused
    except OSError as error:
        made.close()
        raise UsageError(
            f"the desk cannot listen on {host}:{port} ({error.strerror}):"
            " set CLAIMS_DESK_BIND to another address, or to off"
        ) from None
    return made
