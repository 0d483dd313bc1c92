"""A private Dovecot: IMAP and LMTP on loopback, any user, one password, Maildir."""

import contextlib
import imaplib
import itertools
import os
import re
import shutil
import smtplib
import subprocess
import time
import urllib.parse
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from tests.services.dovecot_settings import Accounts, settings
from tests.services.ports import LOOPBACK, free_port, is_listening
from tests.services.server import Server, ServiceMissing, humble_account

PASSWORD = "opensesame"
SBIN = "/usr/sbin"  # where Debian puts it; an ordinary user's PATH lacks it
DEBIAN_PACKAGES = "dovecot-imapd dovecot-lmtpd"


class Dovecot(Server):
    """An IMAP and LMTP server without TLS; every mailbox has Drafts and Sent.

    A user is created by being named; `claims` and `claims@shop.example` are the same.
    Run by root, the mail belongs to `nobody`.

    Args:
        more: lines added to the settings, in the syntax of the installed version.
    """

    name: ClassVar[str] = "dovecot"
    # Its log process lingers for a second, and after an early stop all do for six.
    dies_within_s: ClassVar[float] = 0.3

    def __init__(self, more: str = "") -> None:
        super().__init__()
        self.lmtp_port = free_port()
        self.password = PASSWORD
        self._more = more
        self._program = ""
        self._numbers = itertools.count(1)

    def url(self, user: str, folder: str = "INBOX") -> str:
        """Return the mailbox URL with the password in it."""
        user = urllib.parse.quote(user, safe="")
        return f"imap://{user}:{self.password}@{LOOPBACK}:{self.port}/{folder}"

    @contextlib.contextmanager
    def session(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Give a logged-in connection of the standard library, closed at the end."""
        with imaplib.IMAP4(LOOPBACK, self.port) as connection:
            connection.login(user, self.password)
            yield connection

    def append(
        self,
        user: str,
        raw: bytes,
        internaldate: datetime | None = None,
        *,
        folder: str = "INBOX",
    ) -> None:
        """Put one mail into a folder by IMAP; see `append_many`."""
        self.append_many(user, [(raw, internaldate)], folder=folder)

    def append_many(
        self,
        user: str,
        mails: Iterable[tuple[bytes, datetime | None]],
        *,
        folder: str = "INBOX",
    ) -> None:
        """Put mails into a folder by IMAP, in their order, in one connection.

        Args:
            user: whose mailbox.
            mails: each with its INTERNALDATE (aware); None means now.
            folder: an existing folder.

        Raises:
            RuntimeError: the server refused one; the text has its answer.
        """
        with self.session(user) as connection:
            for raw, internaldate in mails:
                stamp = time.time() if internaldate is None else internaldate
                date = imaplib.Time2Internaldate(stamp)
                _expect_ok(connection.append(folder, "", date, raw))

    def deliver(
        self, user: str, raw: bytes, *, envelope_from: str = "member@example.test"
    ) -> None:
        """Hand over one mail by LMTP, as an MX would; it gets Return-Path and Received.

        Args:
            user: whose INBOX.
            raw: the mail; line ends become CRLF.
            envelope_from: what Return-Path shall say; empty for a bounce.
        """
        with_crlf = re.sub(rb"\r?\n", b"\r\n", raw)
        with smtplib.LMTP(LOOPBACK, self.lmtp_port) as connection:
            recipient = f"{_local_part(user)}@example.test"
            connection.sendmail(envelope_from, [recipient], with_crlf)

    def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Return the raw mails of a folder, oldest UID first, and flag nothing."""
        with self.session(user) as connection:
            _expect_ok(connection.select(folder, readonly=True))
            answer = _expect_ok(connection.uid("FETCH", "1:*", "(BODY.PEEK[])"))
        return [part[1] for part in answer if isinstance(part, tuple)]

    def flags(self, user: str, folder: str = "INBOX") -> list[set[str]]:
        r"""Return the flags of each mail, such as `\Seen`, oldest UID first.

        Without `\Recent`, which only says who looked first.
        """
        with self.session(user) as connection:
            _expect_ok(connection.select(folder, readonly=True))
            answer = _expect_ok(connection.uid("FETCH", "1:*", "(FLAGS)"))
        lines = (line for line in answer if isinstance(line, bytes))
        return [_flags(line) for line in lines]

    def load(self, user: str, folder_of_eml: Path) -> int:
        """Make the *.eml files of a folder the new mails of an INBOX; return how many.

        They are copied into the Maildir, which is many times faster than IMAP, and get
        their UIDs in the order of their names. What was there stays.
        """
        inbox = self._make_maildir(user)
        files = sorted(folder_of_eml.glob("*.eml"))
        second = int(time.time())
        for file in files:
            number = next(self._numbers)
            target = inbox / "new" / f"{second}.M{number:09}P{os.getpid()}.loaded"
            shutil.copyfile(file, target)
        return len(files)

    def link(self, user: str, folder: Path) -> None:
        """Make the files of a folder the new mails of an INBOX, as hard links.

        They must be readable for all, and have names as in a Maildir. The server never
        writes into a mail, and removing a link gives no inode free.
        """
        inbox = self._make_maildir(user)
        for file in folder.iterdir():
            os.link(file, inbox / "new" / file.name)

    def set_uidvalidity(
        self, user: str, uidvalidity: int, folder: str = "INBOX"
    ) -> None:
        """Change a folder's UIDVALIDITY, as a rebuilt server does; the UIDs stay.

        Raises:
            RuntimeError: doveadm refused; the text has its answer.
        """
        doveadm = shutil.which("doveadm", path=self._search_path()) or "doveadm"
        command = [doveadm, "-c", str(self._settings), "mailbox", "update"]
        command += ["-u", user, "--uid-validity", str(uidvalidity), folder]
        done = subprocess.run(  # noqa: S603 - our own command
            command, check=False, capture_output=True, env=self._environment()
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace"))

    def uidvalidity(self, user: str, folder: str = "INBOX") -> int:
        """Return the UIDVALIDITY that the server shows for a folder."""
        with self.session(user) as connection:
            answer = _expect_ok(connection.status(folder, "(UIDVALIDITY)"))
        return int(answer[0].rpartition(b" ")[2].strip(b")"))

    def drop(self, user: str) -> None:
        """Remove a user's mailbox with all mail; it is empty at the next login."""
        shutil.rmtree(self._home(user), ignore_errors=True)

    @property
    def _settings(self) -> Path:
        return self.directory / "dovecot.conf"

    def _home(self, user: str) -> Path:
        return self.directory / "mail" / _local_part(user)

    def _make_maildir(self, user: str) -> Path:
        account = humble_account()
        inbox = self._home(user) / "Maildir"
        for folder in ("new", "cur", "tmp"):
            (inbox / folder).mkdir(parents=True, exist_ok=True)
        for path in (inbox.parent, inbox, *inbox.iterdir()):
            if path.is_dir():
                os.chown(path, account.uid, account.gid)
        return inbox

    def _search_path(self) -> str:
        return os.pathsep.join((os.environ.get("PATH", os.defpath), SBIN))

    def _prepare(self) -> None:
        program = shutil.which("dovecot", path=self._search_path())
        if program is None:
            message = f"no dovecot: apt-get install {DEBIAN_PACKAGES}"
            raise ServiceMissing(message)
        self._program = program
        accounts = Accounts(
            mail=humble_account(),
            internal=humble_account("dovecot"),
            login=humble_account("dovenull"),
        )
        for folder in ("run", "state", "mail"):
            (self.directory / folder).mkdir(mode=0o755)
        os.chown(self.directory / "mail", accounts.mail.uid, accounts.mail.gid)
        version = subprocess.run(  # noqa: S603 - our own command
            [program, "--version"], check=True, capture_output=True, text=True
        )
        self._settings.write_text(
            settings(
                version.stdout,
                directory=self.directory,
                imap_port=self.port,
                lmtp_port=self.lmtp_port,
                password=self.password,
                accounts=accounts,
            )
            + self._more
        )

    def _command(self) -> list[str]:
        return [self._program, "-F", "-c", str(self._settings)]

    def _is_ready(self) -> bool:
        return is_listening(self.port) and is_listening(self.lmtp_port)


def _local_part(user: str) -> str:
    return user.partition("@")[0]


def _flags(line: bytes) -> set[str]:
    return {flag.decode() for flag in imaplib.ParseFlags(line)} - {r"\Recent"}


def _expect_ok(answer: tuple[str, list[Any]]) -> list[Any]:
    """Return the data of an IMAP answer.

    Raises:
        RuntimeError: the answer is NO or BAD.
    """
    kind, data = answer
    if kind != "OK":
        message = f"IMAP answered {kind}: {data!r}"
        raise RuntimeError(message)
    return data
