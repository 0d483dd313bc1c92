"""The demo's mail accounts, and how a mail is put into one of them."""

import contextlib
import imaplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

LOOPBACK = "127.0.0.1"
CLAIMS_ADDRESS = "claims@demo.example"
CLAIMS, STAFF, MEMBERS = "claims", "staff", "members"
PASSWORD = "demo"  # noqa: S105 - for loopback, and printed
FOLDERS = {CLAIMS: (), STAFF: ("Drafts", "Sent"), MEMBERS: ()}
"""The folders of each account beside its INBOX."""
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the mail host listens: IMAP, the exchanger, and the relay."""

    imap: int
    mx: int
    relay: int


def imap_url(port: int, account: str, folder: str) -> str:
    """Return the URL of a folder, as settings take it."""
    return f"imap://{account}:{PASSWORD}@{LOOPBACK}:{port}/{folder}"


def deliver(port: int, account: str, raw: bytes, *, at: datetime) -> None:
    """Append a mail to the INBOX of an account, received there at an instant.

    Raises:
        OSError: the server cannot be reached, or says no.
    """
    with session(port, account) as imap:
        when = imaplib.Time2Internaldate(at)
        answer, _ = imap.append("INBOX", "", when, raw)
        if answer != "OK":
            raise OSError(answer)


@contextlib.contextmanager
def session(port: int, account: str) -> Iterator[imaplib.IMAP4]:
    """Give a logged-in connection to an account."""
    with imaplib.IMAP4(LOOPBACK, port, timeout=TIMEOUT_S) as imap:
        imap.login(account, PASSWORD)
        yield imap
