"""The process behind SmtpSink: `smtp_sink_server.py PORT DIRECTORY`.

Started by its path, it imports nothing of the tests, so that it is up in a blink. What
the keys of script.json mean is told by smtp_sink.Script; the file is read anew at each
decision.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Script = dict[str, Any]


class Sink:
    """What is kept across connections: files, counts, and the script's progress."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._generation = -1
        self._deferred = 0
        self._cut = 0
        self._log = directory / "log.jsonl"
        text = self._log.read_text() if self._log.exists() else ""
        self._kept = len(text.splitlines())
        self._connections = (directory / "connections").stat().st_size

    def script(self) -> Script:
        """Return the script in force; a new one starts the counts anew."""
        script: Script = json.loads((self._directory / "script.json").read_bytes())
        if script["generation"] != self._generation:
            self._generation = script["generation"]
            self._deferred = self._cut = 0
        return script

    def count_connection(self) -> int:
        """Note one more connection and return its number, from 1."""
        with (self._directory / "connections").open("ab") as file:
            file.write(b".")
        self._connections += 1
        return self._connections

    def answer_recipient(self, address: str) -> str:
        """Return the answer to RCPT TO."""
        script = self.script()
        if address in script["refuse"]:
            return str(script["refuse"][address])
        if self._deferred < script["defer_first"]:
            self._deferred += 1
            return "451 4.7.1 greylisted, try again later"
        return "250 2.1.5 OK"

    def is_cut(self) -> bool:
        """Return whether this mail's final dot stays unanswered, and count it."""
        if self._cut < self.script()["cut_at_dot"]:
            self._cut += 1
            return True
        return False

    def keep(self, content: bytes, line: dict[str, Any]) -> None:
        """Write the mail, then its line: whoever reads the line finds the file."""
        self._kept += 1
        name = f"{self._kept:04}.eml"
        (self._directory / name).write_bytes(content)
        with self._log.open("a") as log:
            log.write(json.dumps({"file": name} | line) + "\n")


class Handler:
    """The hooks of one connection."""

    def __init__(self, sink: Sink, connection: int) -> None:
        self._sink = sink
        self._connection = connection

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        answer = self._sink.answer_recipient(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        script = self._sink.script()
        await asyncio.sleep(script["delay"])
        is_cut = self._sink.is_cut()
        if script["at_dot"] is None and (script["keeps_cut"] or not is_cut):
            self._keep(session, envelope)
        if is_cut and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return script["at_dot"] or "250 2.0.0 OK"

    def _keep(self, session: Session, envelope: Envelope) -> None:
        login = session.auth_data if session.authenticated else None
        line = {
            # aiosmtpd keeps the brackets of the empty path, and only those.
            "envelope_from": (envelope.mail_from or "").removeprefix("<>"),
            "recipients": envelope.rcpt_tos,
            "helo": session.host_name,
            "connection": self._connection,
            "login": login,
        }
        content = envelope.content
        assert isinstance(content, bytes)
        self._sink.keep(content, line)


class Closed(asyncio.Protocol):
    """A connection that gets 421 instead of a greeting."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so and hang up."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 closed, try again later\r\n")
        transport.close()


def protocol(sink: Sink) -> asyncio.Protocol:
    """Return what talks on the next connection, as the script has it."""
    connection = sink.count_connection()
    script = sink.script()
    if script["is_closed"]:
        return Closed()

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_accepted = sink.script()["auth"] == "accept"
        # handled=False lets aiosmtpd answer 535.
        login = data.login.decode() if is_accepted else None
        return AuthResult(success=is_accepted, handled=False, auth_data=login)

    return SMTP(
        Handler(sink, connection),
        hostname="sink.test",  # its default asks the DNS, for each connection
        data_size_limit=None,
        enable_SMTPUTF8=True,
        auth_require_tls=False,
        authenticator=authenticate,
        auth_exclude_mechanism=["LOGIN", "PLAIN"] if script["auth"] is None else [],
        loop=asyncio.get_running_loop(),
    )


async def serve(port: int, directory: Path) -> None:
    """Listen until killed; the file `ready` says that it does."""
    sink = Sink(directory)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(sink), "127.0.0.1", port)
    async with server:
        (directory / "ready").touch()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
