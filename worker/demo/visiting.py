"""What a visitor needs to look closer: settings, addresses, a claim to send."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.markup import escape

from worker.demo import desk, gateway
from worker.demo.accounts import (
    CLAIMS,
    CLAIMS_ADDRESS,
    LOOPBACK,
    MEMBERS,
    PASSWORD,
    STAFF,
    Ports,
    imap_url,
)
from worker.demo.stage import Sample
from worker.settings import OFF

LIVE_SINCE = timedelta(days=30)
"""Older than any sample, so that each is answered (first-connect rule)."""
ENVIRONMENT, GUIDE = "demo.env", "README.txt"
BY_HAND, SEND = "by-hand.eml", "send-by-hand.sh"


@dataclass(frozen=True, slots=True)
class Guide:
    """How to look closer: the same facts for a file and for a few lines of the view."""

    folder: Path
    ports: Ports
    bind: str
    by_hand: Sample
    member: str
    """Who paid a part of her order with points."""

    def write(self, settings: Mapping[str, str]) -> None:
        """Write settings, guide, and the claim to send with its script."""
        folder = self.folder
        lines = [f"export {name}={shlex.quote(settings[name])}" for name in settings]
        program = shutil.which("claims")
        if program is None or Path(program).parent != Path(sys.executable).parent:
            there = shlex.quote(str(Path(sys.executable).parent))
            lines.append(f'export PATH={there}:"$PATH"')
        (folder / ENVIRONMENT).write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / BY_HAND).write_bytes(self.by_hand.raw)
        script = f"#!/bin/sh\n# Sends one claim to the running demo.\n{self._send()}\n"
        (folder / SEND).write_text(script, encoding="utf-8")
        (folder / GUIDE).write_text(self.text(), encoding="utf-8")

    def text(self) -> str:
        """Return everything, as a text of a page."""
        folder, ports = self.folder, self.ports
        return f"""\
The claims demo. Everything listens on {LOOPBACK} only; Ctrl-C ends it.

{self._desk()}
Mailboxes   IMAP {LOOPBACK} port {ports.imap}, no TLS, password "{PASSWORD}" for each:
  {CLAIMS:9} the claims mailbox: what members sent (INBOX)
  {STAFF:9} staff: decisions drafted by the worker (Drafts)
  {MEMBERS:9} what the worker sent to members (INBOX)

Send a mail SMTP {LOOPBACK} port {ports.mx}, no TLS, to {CLAIMS_ADDRESS}
  From a mail program, with any sender. As {self.by_hand.sender} it is a member's.
  Or this one, complete with its documents:

  {self._send()}

Look closer in another terminal:

  . {folder / ENVIRONMENT}
  claims list                          the work list
  claims show CLM-4                    why a claim stands where it stands
  claims reject CLM-3 --by you         decide; the drafted e-mail goes out
  claims propose CLM-6 --by you        above 500 USD two persons decide,
  claims approve CLM-6 --by second     and somebody pays:
  claims complete CLM-6 --by third --reference PAY-1
  {f"claims points history {self.member}":36} she paid a part of her order with points,
                                       which came back with the payment
  claims alerts                        what somebody should know
  claims stats

Drafts are decisions that the worker wrote and a person sends: `claims show CLM-n`
has them at its end, the staff's mailbox in its folder Drafts. Alerts are what
somebody should know, such as a deadline that comes near: `claims alerts`.

Data        {folder}
  claims.db   the record          raw/      the mails as they came
  replies/    what was sent       demo.log  what the processes say
"""

    def hints(self, *, is_kept: bool) -> Sequence[str]:
        """Return the same in a few lines of markup, the most important last."""
        folder, ports = escape(str(self.folder)), self.ports
        mailboxes = (
            f" [dim]IMAP[/] {LOOPBACK}:{ports.imap} [dim]no TLS, users[/] {CLAIMS},"
            f" {STAFF}, {MEMBERS}[dim], password[/] {PASSWORD}"
        )
        sending = (
            f" [dim]SMTP[/] {LOOPBACK}:{ports.mx} [dim]takes mail for[/]"
            f" {CLAIMS_ADDRESS}[dim]; try[/] sh {folder}/{SEND}"
        )
        looking = (
            f" [dim]more:[/] . {folder}/{ENVIRONMENT}; claims list; claims show CLM-4;"
            " claims reject CLM-3 --by you"
        )
        counted = (
            " [dim]drafts: decisions for a person, in[/] claims show CLM-n[dim];"
            " alerts: what somebody should know, in[/] claims alerts"
        )
        guide = (
            f" [dim]connect, send, decide:[/] {folder}/{GUIDE}"
            f"{' [dim]· the data stays[/]' if is_kept else ''}"
        )
        address = f"http://{self.bind}"
        ending = (
            f" [bold]The desk[/] [link={address}]{address}[/link] [dim]name[/]"
            f" {desk.NAME}[dim], password[/] {desk.PASSWORD}"
            " [dim]·[/] [bold]Ctrl-C[/] ends"
        )
        return mailboxes, sending, looking, counted, guide, ending

    def _desk(self) -> str:
        if self.bind == OFF:
            return ""
        return f"""\
The desk    http://{self.bind}   name {desk.NAME}, password {desk.PASSWORD}
  Sign in as "{desk.SECOND}" with the same password where two persons are needed.
  The staff's mailbox refused one draft: requeue it under Operations.
"""

    def _send(self) -> str:
        python = shlex.quote(sys.executable)
        path = shlex.quote(str(self.folder / BY_HAND))
        return (
            f'{python} -c "import sys, smtplib;'
            f" smtplib.SMTP('{LOOPBACK}', {self.ports.mx}).sendmail("
            f"'{self.by_hand.sender}', '{CLAIMS_ADDRESS}',"
            f" open(sys.argv[1], 'rb').read())\" {path}"
        )


def settings_of(
    folder: Path, ports: Ports, *, bind: str, now: datetime
) -> dict[str, str]:
    """Return the settings of the demo's processes, and of whoever looks closer."""
    return {
        "CLAIMS_MAILBOX_URL": imap_url(ports.imap, CLAIMS, "INBOX"),
        "CLAIMS_SMTP_URL": f"smtp://{LOOPBACK}:{ports.relay}",
        "CLAIMS_DRAFTS_URL": imap_url(ports.imap, STAFF, "Drafts"),
        "CLAIMS_SENT_FOLDER": "Sent",
        "CLAIMS_FROM": CLAIMS_ADDRESS,
        "CLAIMS_FROM_NAME": "Harbour Lane Claims",
        "CLAIMS_TRUSTED_MX": gateway.HOST,
        "CLAIMS_TRUSTED_AUTHSERV": gateway.HOST,
        "CLAIMS_GO_LIVE": (now - LIVE_SINCE).isoformat(),
        "CLAIMS_DATA_DIR": str(folder),
        "CLAIMS_DESK_BIND": bind,
        # As they are by default; said aloud, so that no .env file says otherwise.
        "CLAIMS_DATABASE_URL": f"sqlite:///{folder / 'claims.db'}",
        "CLAIMS_RAW_URL": (folder / "raw").as_uri(),
    }


def take_over(settings: Mapping[str, str]) -> None:
    """Let this process and its children have these settings and no others."""
    for name in [name for name in os.environ if name.startswith("CLAIMS_")]:
        del os.environ[name]
    os.environ.update(settings)
