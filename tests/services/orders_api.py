"""The order directory of deploy/try in a thread of the test, with faults on demand."""

import runpy
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

SCRIPT = Path(__file__).parents[2] / "deploy" / "try" / "orders_server.py"
TOKEN = "secret-token"
Fault = Callable[[BaseHTTPRequestHandler], None]
"""Answers a request in place of the directory, given the handler."""


def load_script() -> dict[str, Any]:
    """Return the names of the script; it is in no package."""
    return runpy.run_path(str(SCRIPT))


class OrdersApi:
    """Serves a CSV file; `asked` are the paths that were asked for, in order.

    `fault` answers instead of the directory where it is set, or only questions for
    which `is_faulty` holds.
    """

    def __init__(self, path: Path, *, tls: Path | None = None) -> None:
        self.file = path
        self.fault: Fault | None = None
        self.is_faulty: Callable[[str], bool] = lambda _path: True
        self.asked: list[str] = []
        self._server = load_script()["make_server"](path, port=0, token=TOKEN)
        plain = self._server.RequestHandlerClass
        api = self

        class Faulty(plain):  # type: ignore[misc, valid-type]
            def answer(self, status: int, content: dict[str, Any]) -> None:
                api.asked.append(self.path)
                if api.fault is not None and api.is_faulty(self.path):
                    api.fault(self)
                    self.close_connection = True
                else:
                    super().answer(status, content)

        self._server.RequestHandlerClass = Faulty
        self._server.daemon_threads = True
        self._scheme = "http"
        if tls is not None:
            self._server.socket = _encrypted(self._server.socket, tls)
            self._scheme = "https"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _encrypted(listening: socket.socket, folder: Path) -> socket.socket:
    """Return the socket with a certificate that nobody trusts."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(  # noqa: S603 - our own arguments
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context.wrap_socket(
        listening, server_side=True, do_handshake_on_connect=False
    )


def raw(status: int, body: bytes = b"", *headers: tuple[str, str]) -> Fault:
    """A fault that sends these bytes as they are."""

    def fault(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body)

    return fault
