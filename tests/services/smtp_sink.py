"""An SMTP server that keeps every accepted mail as a file, and misbehaves on order."""

import json
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from tests.services.ports import LOOPBACK
from tests.services.server import Server

# Files in the sink's directory; smtp_sink_server.py has the same names.
SCRIPT = "script.json"
LOG = "log.jsonl"
CONNECTIONS = "connections"
READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How the sink behaves from now on; the defaults accept everything.

    Attributes:
        refuse: address -> the whole answer to its RCPT, such as
            `550 5.1.1 no such user`.
        defer_first: answer 451 to so many RCPTs, then accept.
        cut_at_dot: close the connection at the final dot of so many mails, unanswered.
        keeps_cut: whether a mail that was cut so is kept all the same: the sender
            cannot know.
        at_dot: the answer at the final dot, such as `552 5.3.4 too big`; the mail is
            not kept. None accepts.
        delay: seconds before the answer at the final dot.
        is_closed: answer 421 to every new connection.
        auth: None offers no AUTH; `accept` takes any password; `refuse` answers 535.
    """

    refuse: Mapping[str, str] = field(default_factory=dict)
    defer_first: int = 0
    cut_at_dot: int = 0
    keeps_cut: bool = False
    at_dot: str | None = None
    delay: float = 0.0
    is_closed: bool = False
    auth: Literal["accept", "refuse"] | None = None


@dataclass(frozen=True, slots=True)
class SunkMail:
    """One mail that the sink kept.

    Attributes:
        envelope_from: MAIL FROM; empty for `<>`.
        recipients: the RCPTs that were accepted, in their order.
        raw: the mail with CRLF line ends, dots unstuffed.
        connection: the number of its connection, from 1.
        helo: the name that the client gave itself.
        login: the user name of AUTH; None without.
    """

    envelope_from: str
    recipients: tuple[str, ...]
    raw: bytes
    connection: int
    helo: str
    login: str | None


class SmtpSink(Server):
    """An aiosmtpd in a process of its own; killing the tested program leaves it alone.

    Accepted mails are `0001.eml`, `0002.eml` and one JSON line each in `log.jsonl`.

    Args:
        script: how it behaves at first.
    """

    name: ClassVar[str] = "smtp-sink"

    def __init__(self, script: Script | None = None) -> None:
        super().__init__()
        self._script = Script() if script is None else script
        self._generation = 0

    @property
    def url(self) -> str:
        """The URL to send to, without TLS or login."""
        return f"smtp://{LOOPBACK}:{self.port}"

    def behave(self, script: Script) -> None:
        """Follow another script from the next command on; its counts start anew."""
        self._generation += 1
        content = json.dumps(asdict(script) | {"generation": self._generation})
        draft = self.directory / "script.new"
        draft.write_text(content)
        draft.replace(self.directory / SCRIPT)

    def mails(self) -> list[SunkMail]:
        """Return what was kept so far, in the order of acceptance."""
        log = self.directory / LOG
        lines = log.read_text().splitlines() if log.exists() else []
        return [_sunk_mail(self.directory, json.loads(line)) for line in lines]

    def wait_for(self, count: int, timeout: float = 10.0) -> list[SunkMail]:
        """Return the mails as soon as there are `count` or more.

        Args:
            count: how many are enough.
            timeout: seconds to wait.

        Raises:
            TimeoutError: there were fewer in the end; the text says how many.
        """
        until = time.monotonic() + timeout
        pause = threading.Event()
        while len(mails := self.mails()) < count:
            if time.monotonic() > until:
                message = f"{len(mails)} of {count} mails after {timeout} s"
                raise TimeoutError(message)
            pause.wait(0.02)
        return mails

    def connections(self) -> int:
        """Return how many connections were opened so far, refused ones included."""
        return (self.directory / CONNECTIONS).stat().st_size

    def _prepare(self) -> None:
        self.behave(self._script)
        (self.directory / CONNECTIONS).touch()

    def start(self) -> None:
        """See Server.start. Mails of before a `stop` stay."""
        (self.directory / READY).unlink(missing_ok=True)
        super().start()

    def _command(self) -> list[str]:
        program = Path(__file__).with_name("smtp_sink_server.py")
        return [sys.executable, "-I", str(program), str(self.port), str(self.directory)]

    def _is_ready(self) -> bool:
        return (self.directory / READY).exists()


def _sunk_mail(directory: Path, line: dict[str, Any]) -> SunkMail:
    return SunkMail(
        envelope_from=line["envelope_from"],
        recipients=tuple(line["recipients"]),
        raw=(directory / line["file"]).read_bytes(),
        connection=line["connection"],
        helo=line["helo"],
        login=line["login"],
    )
