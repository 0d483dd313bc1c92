"""The relay of the figures: takes every mail and keeps none; `plain_sink.py PORT`.

A process of its own, so that it costs each sender the same. `tests/services` has one
that keeps mails and misbehaves, which takes longer than to send one.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


@contextlib.contextmanager
def plain_sink() -> Iterator[int]:
    """Run the sink; give its port."""
    from worker.adapters.processes import (  # noqa: PLC0415 - the sink has nothing of ours
        die_with_parent,
    )

    tether = partial(die_with_parent, os.getpid())
    command = [sys.executable, "-I", str(Path(__file__).resolve()), "0"]
    with subprocess.Popen(  # noqa: S603 - this file
        command,
        stdout=subprocess.PIPE,
        preexec_fn=tether,  # noqa: PLW1509 - no thread holds a lock
    ) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else 0)
        finally:
            process.terminate()


class Taker:
    """Says yes to everything."""

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        """Take a mail and forget it."""
        return "250 2.0.0 OK"


async def serve(port: int) -> None:
    """Listen until killed; the first line on stdout is the port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        # Its default for the name asks the DNS, for each connection.
        lambda: SMTP(Taker(), hostname="sink.test", enable_SMTPUTF8=True, loop=loop),
        HOST,
        port,
    )
    async with server:
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
