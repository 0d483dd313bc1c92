"""A loopback relay that loses, delays, silences and cuts connections on order."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.services.ports import LOOPBACK

CHUNK_BYTES = 65_536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 s: socket(7)


class TcpProxy:
    """A listener that relays each connection to a port, until told otherwise.

    A fault holds for open and for new connections until `heal`. All methods may be
    called from any thread.

    Args:
        target_port: a loopback port; it need not listen yet.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.connections = 0
        self._listener = socket.socket()
        self._lock = threading.Lock()
        self._links: set[_Link] = set()
        self._healing = threading.Event()
        self._delay_s = 0.0
        self._is_mute = False
        self._is_refusing = False
        self._bytes_left: int | None = None

    def __enter__(self) -> Self:
        self._listener.bind((LOOPBACK, 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        _in_background(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # shutdown wakes the thread that waits in accept; close alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.heal()
        self.drop()

    def drop(self) -> None:
        """Reset all open connections; new ones are relayed."""
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.reset()

    def refuse(self) -> None:
        """Reset new connections at once; open ones go on."""
        self._is_refusing = True

    def delay(self, seconds: float) -> None:
        """Hold each piece of data back, in both directions."""
        self._delay_s = seconds

    def mute(self) -> None:
        """Swallow all data in both directions and keep the connections open."""
        self._is_mute = True

    def cut_after(self, count: int) -> None:
        """Let the server send `count` bytes more, over all connections; then reset.

        Each connection that would pass the count is reset, until `heal`.
        """
        with self._lock:
            self._bytes_left = count

    def heal(self) -> None:
        """Relay faithfully again; what was swallowed stays lost."""
        with self._lock:
            self._bytes_left = None
        self._delay_s = 0.0
        self._is_mute = self._is_refusing = False
        # Whoever waits out a delay goes on now.
        self._healing.set()
        self._healing = threading.Event()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._is_refusing:
                _reset(client)
                continue
            try:
                server = socket.create_connection((LOOPBACK, self.target_port))
            except OSError:
                _reset(client)
                continue
            link = _Link(client, server)
            with self._lock:
                self._links.add(link)
            _in_background(self._send_on, link, client, server)
            _in_background(self._send_back, link, server, client)

    def _send_on(
        self, link: "_Link", client: socket.socket, server: socket.socket
    ) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK_BYTES):
                if self._passes():
                    server.sendall(data)
        self._end(link, server)

    def _send_back(
        self, link: "_Link", server: socket.socket, client: socket.socket
    ) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(CHUNK_BYTES):
                if not self._passes():
                    continue
                allowed = self._allow(len(data))
                client.sendall(data[:allowed])
                if allowed < len(data):
                    link.reset()
        self._end(link, client)

    def _passes(self) -> bool:
        """Wait out the delay and return whether data goes on."""
        if self._delay_s:
            self._healing.wait(self._delay_s)
        return not self._is_mute

    def _allow(self, count: int) -> int:
        """Return how many of the bytes may pass, and count them off."""
        with self._lock:
            if self._bytes_left is None:
                return count
            allowed = min(count, self._bytes_left)
            self._bytes_left -= allowed
            return allowed

    def _end(self, link: "_Link", towards: socket.socket) -> None:
        link.finish(towards)
        if link.is_over:
            with self._lock:
                self._links.discard(link)


class _Link:
    """The two ends of one relayed connection, each direction with its own thread."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._ends = (client, server)
        self._lock = threading.Lock()
        self._directions = 2
        self.is_over = False

    def finish(self, towards: socket.socket) -> None:
        """Pass the end of one direction on; after the second, close both ends."""
        with self._lock:
            self._directions -= 1
            if self.is_over:
                return
            with contextlib.suppress(OSError):
                towards.shutdown(socket.SHUT_WR)
            if self._directions == 0:
                self.is_over = True
                for end in self._ends:
                    end.close()

    def reset(self) -> None:
        """Break both ends off, so that both sides see ECONNRESET; twice is harmless."""
        with self._lock:
            if not self.is_over:
                self.is_over = True
                for end in self._ends:
                    _reset(end)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        # Wakes the thread that waits in recv and, unlike SHUT_RDWR, sends nothing.
        end.shutdown(socket.SHUT_RD)
    end.close()


def _in_background(function: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=function, args=arguments, daemon=True).start()
