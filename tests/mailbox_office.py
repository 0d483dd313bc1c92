"""An office whose mails also lie on a server, so that both can be compared."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tests.builders import an_order
from tests.builders_mail import claim_files, make_claim_mail, make_mail
from tests.fakes import FakeMailbox, FakeServer
from tests.office import Office, OfficeParts, an_office
from worker.domain.orders import Order

ORDERS = tuple(f"ORD-20261104-030{number}" for number in range(1, 6))
WHOLE, BARE, OTHERS, PARTED, LATER = ORDERS
STRANGER = "Somebody Else <somebody@other.example>"


class ServerParts(OfficeParts):
    """Parts whose mailbox is a server's in memory."""

    server: FakeServer

    @property
    def mailbox_name(self) -> str:
        return "INBOX"

    def open_mailbox(self) -> FakeMailbox:
        return self.server.mailbox()


class MailboxOffice(Office):
    """Puts each mail on the server, too."""

    parts: ServerParts

    @property
    def server(self) -> FakeServer:
        return self.parts.server

    def find_mails(self) -> None:
        """Put what the record has on the server again, and number on from there."""
        for raw in self.store.audits.raws():
            self._uid = self._last_mail_id = raw.mail_id
            self.server.deliver(self.parts.raw.get(raw.sha256))

    def deliver(self, *raws: bytes, run: bool = True) -> int:
        for raw in raws:
            self.server.deliver(raw)
        return super().deliver(*raws, run=run)


@contextmanager
def a_mailbox_office(
    home: Path, *orders: Order, **settings: object
) -> Iterator[MailboxOffice]:
    """Open an office with a server of its own."""
    with an_office(home, *orders, **settings) as office:
        office.parts.__class__ = ServerParts
        office.parts.__dict__["server"] = FakeServer(uidvalidity=7)
        office.__class__ = MailboxOffice
        assert isinstance(office, MailboxOffice)
        yield office


def a_claim_mail(order: str, *headers: tuple[str, str], **fields: object) -> bytes:
    """A claim mail about one order, with a Message-ID of its own."""
    raw = make_claim_mail(order=order, headers=headers, **fields)  # type: ignore[arg-type]
    number = abs(hash((order, headers, tuple(map(str, fields.values()))))) % 10**6
    return raw.replace(b"<one@", f"<{order}-{number}@".encode())


def make_busy(home: Path) -> None:
    """Let an office see mails of every kind; each of them is settled."""
    with a_mailbox_office(home, *map(an_order, ORDERS)) as office:
        whole = a_claim_mail(WHOLE)
        office.deliver(
            whole,
            whole,
            a_claim_mail(BARE, files=[]),
            a_claim_mail(OTHERS, sender=STRANGER),
            a_claim_mail(PARTED, files=claim_files(PARTED)[:1]),
            make_mail(
                subject="Automatic reply", headers=[("Auto-Submitted", "auto-replied")]
            ),
            make_claim_mail(subject="my parcel", text="Where is it?", files=[]),
            b"X-Breaks-The-Reader: yes\r\n\r\nnothing\r\n",
        )
        office.run_again()
        office.run_again()


@contextmanager
def reopened(made: Path, home: Path, **settings: object) -> Iterator[MailboxOffice]:
    """Open a copy of an office that `make_busy` made, an hour later."""
    shutil.copytree(made, home)
    with a_mailbox_office(home, **settings) as office:
        office.find_mails()
        office.clock.at += timedelta(hours=1)
        yield office
