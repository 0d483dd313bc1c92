# ruff: noqa: INP001 - a script, no package
"""A mail server for trying out: one mailbox in memory, IMAP on 1143, SMTP on 2525.

Mail to the claims address lands in INBOX, as if our mail exchanger had received and
proven it; all other mail, which is what members would get, lands in the folder
Answers. Nothing leaves the server, nothing is checked, and nothing outlives it.
"""

import argparse
import asyncio
import email.utils
import re
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, Envelope, Session
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPService
from pymap.parsing.message import AppendMessage

CLAIMS = "claims@try.example"
OUR_MX = "mx.try.example"
USER = PASSWORD = "claims"  # noqa: S105 - of a server for trying out
FOLDERS = ("Answers", "Drafts", "Sent")
# A trusted mail exchanger takes such headers out before it writes its own.
INBOUND_RESULTS = re.compile(
    rb"(?mi)^Authentication-Results:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*"
)


class Delivery:
    """Puts what comes by SMTP into the folders; a handler of aiosmtpd."""

    def __init__(self, backend: DictBackend) -> None:
        self._backend = backend

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Store one mail, then answer."""
        raw = envelope.original_content or b""
        if CLAIMS in {address.lower() for address in envelope.rcpt_tos}:
            await self.store("INBOX", stamped(raw, session, envelope))
        else:
            await self.store("Answers", raw)
        return "250 2.0.0 stored"

    async def store(self, folder: str, raw: bytes) -> None:
        """Append a mail, so that sessions in IDLE hear of it."""
        mail = AppendMessage(raw, datetime.now(tz=UTC))  # noqa: TID251 - no worker here
        identity = self._backend.login.demo_user_identity
        async with identity.new_session() as mailbox:
            await mailbox.append_messages(folder, [mail])

    async def make_folders(self) -> None:
        """Create the folders beside INBOX."""
        async with self._backend.login.demo_user_identity.new_session() as mailbox:
            for folder in FOLDERS:
                await mailbox.create_mailbox(folder)


def stamped(raw: bytes, session: Session, envelope: Envelope) -> bytes:
    """Return the mail with the headers of a mail exchanger that trusts everybody."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    head = INBOUND_RESULTS.sub(b"", head + b"\r\n").removesuffix(b"\r\n")
    sender = envelope.mail_from or ""
    peer = session.host_name or "unknown"
    now = email.utils.format_datetime(datetime.now(tz=UTC))  # noqa: TID251 - as above
    found = re.search(rb"(?mi)^From:[^\r\n]*@([A-Za-z0-9.-]+)", head)
    domain = found[1].decode() if found else "invalid"
    ours = (
        f"Return-Path: <{sender}>\r\n"
        f"Received: from {peer} by {OUR_MX} with ESMTP id try; {now}\r\n"
        f"Authentication-Results: {OUR_MX}; dmarc=pass header.from={domain}\r\n"
    )
    return ours.encode("ascii", "replace") + head + gap + body


async def serve(host: str, imap_port: int, smtp_port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    args = argparse.Namespace(
        host=host,
        port=imap_port,
        debug=False,
        cert=None,
        key=None,
        tls=False,
        proxy_protocol=None,
        passlib_cfg=None,
        inherited_sockets=None,
        demo_data=False,
        demo_user=USER,
        demo_password=PASSWORD,
    )
    backend, config = await DictBackend.init(args)
    config.apply_context()
    delivery = Delivery(backend)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        await backend.start(stack)
        await delivery.make_folders()
        await IMAPService(backend, config).start(stack)
        smtp = await loop.create_server(lambda: SMTP(delivery), host, smtp_port)
        await stack.enter_async_context(smtp)
        print(f"IMAP on {host}:{imap_port}, SMTP on {host}:{smtp_port}", flush=True)  # noqa: T201
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--imap-port", type=int, default=1143)
    parser.add_argument("--smtp-port", type=int, default=2525)
    given = parser.parse_args()
    try:
        asyncio.run(serve(given.host, given.imap_port, given.smtp_port))
    except OSError as error:
        sys.exit(
            f"{error.strerror}: end what uses it, or see --imap-port and --smtp-port"
        )
