"""The sent folder of the staff's mailbox: looked through read-only, by UID.

Only headers are read of mails that are nothing to us. Each look is a connection of its
own, since there is one a minute at most.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from worker.adapters import imap_session
from worker.adapters.imap_session import LIBRARY_ERRORS, TIMEOUTS, Client, Timeouts
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.sent_mail import SentCursor
from worker.ports import MailboxGone

MOST_HEADS = 200
"""Headers of one look; the next one goes on behind them. Our choice."""
MOST_BYTES = 30 * 1024 * 1024
"""No mail program sends more; a larger mail is a person's to look at. Our choice."""
MARGIN = timedelta(days=2)
"""IMAP's SINCE knows days only, in the server's zone. Source: RFC 9051 §6.4.4."""


@dataclass(frozen=True, slots=True)
class SentHead:
    """The header block of one sent mail."""

    uid: int
    header: bytes


@dataclass(frozen=True, slots=True)
class SentLook:
    """What a look showed: the folder's epoch, how far it came, and what lay there."""

    uidvalidity: int
    last_uid: int
    heads: tuple[SentHead, ...]
    is_complete: bool
    """Whether nothing lies behind `last_uid`."""


class ImapSent:
    """One folder beside the drafts, opened with EXAMINE.

    Args:
        url: the staff's mailbox, as CLAIMS_DRAFTS_URL; its folder does not matter.
        folder: the sent folder, as the server names it.
        timeouts: for the connection and for each answer.

    Raises:
        SettingsInvalid: the URL is wrong.
    """

    def __init__(self, url: str, folder: str, timeouts: Timeouts = TIMEOUTS) -> None:
        self._account = imap_session.parse_url(url)
        self._folder = folder
        self._timeouts = timeouts

    @property
    def name(self) -> str:
        """Return the folder's name in the record: who, where and which one."""
        return f"{self._account.user}@{self._account.host}/{self._folder}"

    def look(self, cursor: SentCursor | None) -> SentLook:
        """Return the headers behind the cursor, oldest first.

        The first look finds nothing: it begins with what is sent from then on. After
        another UIDVALIDITY everything is listed again that came since the last look.

        Raises:
            RetryLater: `sent_` and the code of MailboxGone.
        """
        with self._session() as (client, uidvalidity, uidnext):
            if cursor is None:
                return SentLook(uidvalidity, uidnext - 1, (), is_complete=True)
            begin = cursor.last_uid
            if cursor.uidvalidity != uidvalidity:
                begin = _last_before(client, cursor.looked_at, uidnext)
            if begin >= uidnext - 1:
                return SentLook(uidvalidity, begin, (), is_complete=True)
            found = imap_session.search(client, begin + 1, uidnext - 1)
            uids = sorted(uid for uid in found if begin < uid < uidnext)
            taken = uids[:MOST_HEADS]
            answers = imap_session.fetch(client, taken, "(UID BODY.PEEK[HEADER])")
            heads = tuple(
                SentHead(uid, header)
                for uid, answer in sorted(answers.items())
                if isinstance(header := answer.get(b"BODY[HEADER]"), bytes)
            )
            is_complete = len(taken) == len(uids)
            last = uidnext - 1 if is_complete else taken[-1]
            return SentLook(uidvalidity, last, heads, is_complete=is_complete)

    def fetch(self, uidvalidity: int, uid: int) -> tuple[bytes, datetime | None]:
        """Return one mail and when the server took it.

        Raises:
            RetryLater: as `look`.
            GiveUp: `sent_gone`: it is not there any more; `sent_too_large`.
        """
        with self._session() as (client, now_valid, _):
            if now_valid != uidvalidity:
                raise GiveUp("sent_gone")
            heads = imap_session.fetch(client, [uid], "(UID RFC822.SIZE INTERNALDATE)")
            head = heads.get(uid)
            if head is None:
                raise GiveUp("sent_gone")
            size = head.get(b"RFC822.SIZE")
            if not isinstance(size, int) or size > MOST_BYTES:
                raise GiveUp("sent_too_large")
            bodies = imap_session.fetch(client, [uid], "(UID BODY.PEEK[])")
        body = bodies.get(uid, {}).get(b"BODY[]")
        if not isinstance(body, bytes):
            raise GiveUp("sent_gone")
        at = head.get(b"INTERNALDATE")
        return body, at.astimezone(UTC) if isinstance(at, datetime) else None

    def probe(self) -> int:
        """Return how many mails lie in the folder, for `claims doctor`.

        Raises:
            RetryLater: as `look`; `sent_no_such_mailbox` where there is no such folder.
        """
        with self._session() as (client, _, uidnext):
            return len(imap_session.search(client, 1, max(1, uidnext - 1)))

    @contextlib.contextmanager
    def _session(self) -> Iterator[tuple[Client, int, int]]:
        """Give a client with the folder open, its UIDVALIDITY and its UIDNEXT."""
        try:
            client = imap_session.connect(self._account, self._timeouts)
        except MailboxGone as error:
            raise RetryLater(f"sent_{error.code}") from error
        try:
            yield client, *self._examine(client)
        except LIBRARY_ERRORS as error:
            imap_session.hang_up(client)
            raise RetryLater(f"sent_{imap_session.code_of(error)}") from error
        except GiveUp:
            imap_session.hang_up(client, politely=True)
            raise
        imap_session.hang_up(client, politely=True)

    def _examine(self, client: Client) -> tuple[int, int]:
        try:
            answer = client.select_folder(self._folder, readonly=True)
        except LIBRARY_ERRORS as error:
            if not imap_session.is_refusal(error):
                raise
            imap_session.hang_up(client, politely=True)
            raise RetryLater("sent_no_such_mailbox") from error
        uidnext = answer.get(b"UIDNEXT")
        if uidnext is None:  # optional in RFC 3501 §6.3.1
            exists = int(answer[b"EXISTS"])
            uidnext = imap_session.last_uid(client) + 1 if exists else 1
        return int(answer[b"UIDVALIDITY"]), int(uidnext)


def _last_before(client: Client, at: datetime, uidnext: int) -> int:
    """Return the UID before the first mail that may have come since an instant."""
    since = (at - MARGIN).date()
    uids = [int(uid) for uid in client.search(["SINCE", since])]
    return min(uids, default=uidnext) - 1
