"""The demo's mail servers, a process of their own: `python -m worker.demo.mailhost`.

    members ──SMTP──▶ exchanger ──IMAP APPEND──▶ INBOX of claims    (pymap, in memory)
    worker  ──SMTP──▶ relay     ──IMAP APPEND──▶ INBOX of members, and a file each

Everything is on loopback and without TLS. One line of JSON on stdout says where; then
it serves until it is ended, or its parent is gone. With `--refuse-a-draft` the folder
of drafts says no to the first mail, so that there is something to put right.
"""

import asyncio
import contextlib
import imaplib
import itertools
import json
import socket
import sys
import uuid
from argparse import Namespace
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, DictBackend, Identity
from pymap.exceptions import MailboxError
from pymap.imap import IMAPServer
from pymap.parsing.response import ResponseCode
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash

from worker.adapters.clock import SystemClock
from worker.demo import gateway
from worker.demo.accounts import (
    CLAIMS,
    CLAIMS_ADDRESS,
    FOLDERS,
    LOOPBACK,
    MEMBERS,
    PASSWORD,
    STAFF,
    Ports,
    deliver,
    session,
)
from worker.demo.hosting import REFUSE_A_DRAFT

PREFERRED = Ports(imap=1143, mx=1025, relay=1026)
"""Asked for first; where another program has one, any free port is taken."""
TRY_AGAIN = "451 4.3.0 the mailbox cannot be reached"
ALL_RIGHTS = frozenset({"admin"})


class Exchanger:
    """Takes mail for the claims address, stamps it, and delivers it to the INBOX."""

    def __init__(self, imap_port: int) -> None:
        self._imap_port = imap_port

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept the claims address, with a tag or without."""
        local, _, domain = address.lower().rpartition("@")
        if f"{local.partition('+')[0]}@{domain}" != CLAIMS_ADDRESS:
            return f"550 5.1.1 nobody lives here but {CLAIMS_ADDRESS}"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Deliver, and only then say yes."""
        at = SystemClock().now()
        raw = gateway.stamp(
            _content(envelope),
            # aiosmtpd keeps the brackets of the empty path, and only those.
            envelope_from=(envelope.mail_from or "").removeprefix("<>"),
            helo=session.host_name or "unknown",
            at=at,
        )
        if not await _has_delivered(self._imap_port, CLAIMS, raw, at):
            return TRY_AGAIN
        return "250 2.0.0 delivered"


class Relay:
    """Takes what the worker sends to members, and keeps it."""

    def __init__(self, imap_port: int, folder: Path) -> None:
        self._imap_port = imap_port
        self._folder = folder
        self._numbers = itertools.count(1)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail as a file and in the members' INBOX."""
        raw, at = _content(envelope), SystemClock().now()
        if not await _has_delivered(self._imap_port, MEMBERS, raw, at):
            return TRY_AGAIN
        path = self._folder / f"{next(self._numbers):04}.eml"
        await asyncio.to_thread(path.write_bytes, raw)
        return "250 2.0.0 kept"


class RefusedOnce:
    """Says no to the first mail for a folder, as a server does without the right."""

    def __init__(self, append: Callable[..., Awaitable[object]]) -> None:
        self._append = append
        self._is_open = False

    async def __call__(self, *mail: object, **options: object) -> object:
        """Refuse once; then append as ever."""
        if self._is_open:
            return await self._append(*mail, **options)
        self._is_open = True
        code = ResponseCode.of(b"NOPERM")
        raise MailboxError("Drafts", b"An administrator locked this folder.", code)


async def serve(replies: Path, *, refuses_a_draft: bool) -> None:
    """Listen, say where, and serve until cancelled."""
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        imap_socket = _listening(PREFERRED.imap)
        imap_port = imap_socket.getsockname()[1]
        config, connected = await _imap_callback()
        imap = await asyncio.start_server(connected, sock=imap_socket)
        await stack.enter_async_context(imap)
        await asyncio.to_thread(_make_folders, imap_port)
        if refuses_a_draft:
            folders, _ = config.set_cache[STAFF]
            drafts = await folders.get_mailbox("Drafts")
            drafts.append = RefusedOnce(drafts.append)  # type: ignore[assignment,method-assign]
        ports = [imap_port]
        for handler, port in (
            (Exchanger(imap_port), PREFERRED.mx),
            (Relay(imap_port, replies), PREFERRED.relay),
        ):
            smtp_socket = _listening(port)
            smtp = await loop.create_server(_protocol(handler), sock=smtp_socket)
            await stack.enter_async_context(smtp)
            ports.append(smtp_socket.getsockname()[1])
        sys.stdout.write(json.dumps(asdict(Ports(*ports))) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def _imap_callback() -> tuple[Config, Callable[..., Awaitable[None]]]:
    """Return what talks IMAP on a new connection to the accounts of `FOLDERS`."""
    args = Namespace(
        host=LOOPBACK,
        port=0,
        debug=False,
        cert=None,
        key=None,
        tls=False,
        passlib_cfg=None,
        proxy_protocol=None,
        demo_data=False,
        demo_user=CLAIMS,
        demo_password=PASSWORD,
    )
    # The worker logs in for every draft; a costly hash would protect a printed word.
    quick = BuiltinHash(rounds=1)
    backend, config = await DictBackend.init(args, hash_context=quick)
    config.apply_context()
    for account in FOLDERS.keys() - {config.demo_user}:
        await _add_account(backend, config, account)
    server = IMAPServer(backend.login, config)

    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        # Awaited here, since proxyprotocol's own callback makes a task that nobody
        # holds, and Python 3.13 collects it in the middle of a conversation.
        info = SocketInfo.get(writer, None, unique_id=uuid.uuid4().bytes)
        await server(reader, writer, info)

    return config, connected


async def _add_account(backend: DictBackend, config: Config, account: str) -> None:
    password = await Passwords(config).hash_password(PASSWORD)
    user = UserMetadata(config, account, password=password)
    await Identity(account, backend.login, None, ALL_RIGHTS).set(user)


async def _has_delivered(port: int, account: str, raw: bytes, at: datetime) -> bool:
    try:
        await asyncio.to_thread(deliver, port, account, raw, at=at)
    except (OSError, imaplib.IMAP4.error):
        return False
    return True


def _make_folders(port: int) -> None:
    for account, folders in FOLDERS.items():
        with session(port, account) as imap:
            for folder in folders:
                imap.create(folder)
                imap.subscribe(folder)


def _listening(port: int) -> socket.socket:
    """Return a socket that listens on a port of loopback, or on any if it is taken."""
    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError:
        listening = socket.create_server((LOOPBACK, 0))
    # Inherited by each connection. Without it every answer of several lines takes
    # 40 ms, because asyncio knows no TCP in a socket that it did not make.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _protocol(handler: object) -> Callable[[], SMTP]:
    def authenticate(*_: object) -> AuthResult:
        return AuthResult(success=True)  # mail programs insist on a login; any will do

    return lambda: SMTP(
        handler,
        hostname=gateway.HOST,  # its default asks the DNS, for each connection
        ident="claims demo",
        data_size_limit=None,
        enable_SMTPUTF8=True,
        auth_require_tls=False,
        authenticator=authenticate,
        loop=asyncio.get_running_loop(),
    )


def _content(envelope: Envelope) -> bytes:
    content = envelope.content
    return content if isinstance(content, bytes) else (content or "").encode()


if __name__ == "__main__":
    refuses = REFUSE_A_DRAFT in sys.argv
    asyncio.run(serve(Path(sys.argv[1]), refuses_a_draft=refuses))
