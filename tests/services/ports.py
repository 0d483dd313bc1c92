"""Loopback ports: a free one, and waiting until somebody listens."""

import secrets
import socket
import threading
import time

LOOPBACK = "127.0.0.1"
LOWEST = 10_000
# Linux gives outgoing connections ports from 32768 up (net.ipv4.ip_local_port_range).
# A server port below that is never taken by a client between two starts, and a client
# that knocks on a stopped server cannot end up connected to itself.
HIGHEST = 32_767
TRIES = 100


def free_port() -> int:
    """Return a loopback port that nobody listens on, below the ephemeral range.

    It is drawn at random, so that two processes hardly ever draw the same.

    Raises:
        RuntimeError: no free port in 100 draws.
    """
    for _ in range(TRIES):
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST + 1)
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    message = f"no free port between {LOWEST} and {HIGHEST} in {TRIES} draws"
    raise RuntimeError(message)


def is_listening(port: int) -> bool:
    """Return whether a connection to the loopback port is accepted now."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def wait_port(port: int, timeout: float = 10.0) -> None:
    """Return as soon as somebody listens on the loopback port.

    Args:
        port: the port to knock on, every 10 ms.
        timeout: seconds to keep knocking.

    Raises:
        TimeoutError: nobody listened in time.
    """
    until = time.monotonic() + timeout
    pause = threading.Event()
    while not is_listening(port):
        if time.monotonic() > until:
            message = f"nobody listens on port {port} after {timeout} s"
            raise TimeoutError(message)
        pause.wait(0.01)
