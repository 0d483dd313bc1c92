"""The relay loses, delays, silences and cuts connections on order."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.services import TcpProxy, free_port, wait_port

pytestmark = pytest.mark.services


def test_relays_and_counts_connections(proxy: TcpProxy) -> None:
    with _connect(proxy) as one, _connect(proxy) as two:
        assert _echo(one, b"one") == b"one"
        assert _echo(two, b"two") == b"two"

    assert proxy.connections == 2


def test_drop_resets_open_connections_only(proxy: TcpProxy) -> None:
    with _connect(proxy) as old:
        _echo(old, b"up")

        proxy.drop()

        with pytest.raises(ConnectionResetError):
            old.recv(1)
    with _connect(proxy) as new:
        assert _echo(new, b"up") == b"up"


def test_mute_swallows_until_healed(proxy: TcpProxy) -> None:
    with _connect(proxy) as client:
        _echo(client, b"up")
        proxy.mute()
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            _echo(client, b"lost")

        proxy.heal()

        assert _echo(client, b"back") == b"back"


def test_delay_holds_back_until_healed(proxy: TcpProxy) -> None:
    with _connect(proxy) as client:
        proxy.delay(60)
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            _echo(client, b"late")

        proxy.heal()

        client.settimeout(10)
        assert client.recv(4) == b"late"


def test_cuts_after_the_given_bytes(proxy: TcpProxy) -> None:
    proxy.cut_after(3)

    with _connect(proxy) as client:
        assert _echo(client, b"hello") == b"hel"
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_refuses_new_connections_only(proxy: TcpProxy) -> None:
    with _connect(proxy) as old:
        _echo(old, b"up")

        proxy.refuse()

        _expect_reset(proxy)
        assert _echo(old, b"up") == b"up"


def test_absent_target_resets() -> None:
    with TcpProxy(free_port()) as proxy:
        _expect_reset(proxy)


def test_waiting_for_a_silent_port_ends() -> None:
    with pytest.raises(TimeoutError, match="nobody listens"):
        wait_port(free_port(), timeout=0.05)


def test_port_that_is_taken_is_not_free() -> None:
    ports = {free_port() for _ in range(50)}

    assert max(ports) < 32_768


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    with _echo_server() as port, TcpProxy(port) as proxy:
        yield proxy


@contextmanager
def _echo_server() -> Iterator[int]:
    """Give the port of a server that sends back what it gets."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=[connection], daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(1024):
                    connection.sendall(data)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def _expect_reset(proxy: TcpProxy) -> None:
    """See the reset, which comes during the connect or right after it."""
    with pytest.raises(ConnectionResetError), _connect(proxy) as client:
        client.recv(1)


def _echo(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return client.recv(1024)
