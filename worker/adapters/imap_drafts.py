"""ports.Drafts over IMAP: the staff folder where drafts are laid and taken away.

Each call is a connection of its own: drafts are few, and staff's mail program holds
one already. Only mails found by our own Message-ID are ever touched.
"""

import contextlib
import imaplib
from collections.abc import Iterator
from uuid import uuid4

from worker.adapters import imap_session
from worker.adapters.imap_session import LIBRARY_ERRORS, TIMEOUTS, Client, Timeouts
from worker.domain.errors import GiveUp, RetryLater
from worker.faults import Point, reach
from worker.ports import MailboxGone

# Source: RFC 9051 §2.3.2
DRAFT = rb"\Draft"
DELETED = rb"\Deleted"
SEEN = rb"\Seen"
NOTES_FOLDER = "Claims notes"
# Source: RFC 5530. A NO with one of these may be a yes later.
PASSING = ("[OVERQUOTA]", "[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")


class ImapDrafts:
    """See ports.Drafts. A folder that is missing is made.

    Args:
        url: the folder, such as `imap://staff:password@host/Drafts`; see
            `imap_session.parse_url`.
        timeouts: for the connection and for each answer.

    Raises:
        SettingsInvalid: the URL is wrong.
    """

    _flags: tuple[bytes, ...] = (DRAFT,)

    def __init__(self, url: str, timeouts: Timeouts = TIMEOUTS) -> None:
        self._account = imap_session.parse_url(url)
        self._timeouts = timeouts

    def put(self, raw: bytes, *, message_id: str) -> None:
        """See ports.Drafts. A kill in between leaves two; the next call leaves one."""
        with self._session() as (client, folder):
            older = _find(client, message_id)
            reach(Point.DRAFT_LAYING)
            client.append(folder, raw, flags=self._flags)
            reach(Point.DRAFT_LAID)
            _remove(client, older)

    def remove(self, *, message_id: str) -> None:
        """See ports.Drafts. Safe to run twice."""
        with self._session() as (client, _):
            _remove(client, _find(client, message_id))

    def probe(self) -> bool:
        """Lay a mail into the folder and take it away again, for `claims doctor`.

        A folder that is missing is made, as the first draft would. The mail is marked
        as deleted from the beginning, so that staff's mail programs do not show it.

        Returns:
            Whether it was tried: where the server cannot expunge by UID the mail would
            stay, so none is laid.

        Raises:
            RetryLater: as `put`; `drafts_left` where the mail did not go away again.
            GiveUp: as `put`.
        """
        name = f"<{uuid4()}@doctor.invalid>"
        raw = f"Message-ID: {name}\r\nSubject: claims doctor\r\n\r\n"
        found = ["HEADER", "Message-ID", name]
        with self._session() as (client, folder):
            if not client.has_capability("UIDPLUS"):
                return False
            flags = (*self._flags, SEEN, DELETED)
            client.append(folder, raw.encode(), flags=flags)
            client.noop()  # so that the server counts it among the mails of the folder
            client.uid_expunge(list(client.search(found)))
            is_left = bool(client.search(found))
        if is_left:
            raise RetryLater("drafts_left")
        return True

    def _folder(self, _client: Client) -> str:
        return self._account.folder

    @contextlib.contextmanager
    def _session(self) -> Iterator[tuple[Client, str]]:
        """Give a client with the folder open for writing, and the folder's name.

        Raises:
            RetryLater: `drafts_` and the code of MailboxGone.
            GiveUp: `drafts_refused`: the server said NO for good.
        """
        try:
            client = imap_session.connect(self._account, self._timeouts)
        except MailboxGone as error:
            raise RetryLater(f"drafts_{error.code}") from error
        try:
            folder = self._folder(client)
            _open(client, folder)
            yield client, folder
        except LIBRARY_ERRORS as error:
            imap_session.hang_up(client)
            raise _to_worker_error(error) from error
        imap_session.hang_up(client, politely=True)


class ImapNotes(ImapDrafts):
    """See ports.Drafts: notes for staff, in a folder of their own in that mailbox.

    A mail in Drafts opens in the editor, with a button that sends it. Here it opens
    for reading: Drafts holds what may be sent, and nothing else.
    """

    _flags = ()

    def _folder(self, client: Client) -> str:
        """Return the folder's name below the personal namespace (RFC 2342)."""
        prefix = ""
        if client.has_capability("NAMESPACE"):
            personal = client.namespace().personal
            prefix = personal[0][0] if personal else ""
        return f"{prefix}{NOTES_FOLDER}"


def _open(client: Client, folder: str) -> None:
    if not client.folder_exists(folder):
        client.create_folder(folder)
        with contextlib.suppress(imaplib.IMAP4.error):
            client.subscribe_folder(folder)  # some mail programs show no others
    client.select_folder(folder)


def _find(client: Client, message_id: str) -> list[int]:
    """Return the UIDs of the drafts with this Message-ID, brackets included."""
    return list(client.search(["HEADER", "Message-ID", message_id, "NOT", "DELETED"]))


def _remove(client: Client, uids: list[int]) -> None:
    """Remove exactly these mails.

    Where the server cannot expunge by UID they stay, flagged, until somebody's mail
    program expunges: a plain EXPUNGE would take other people's deleted mail along.
    """
    if not uids:
        return
    client.add_flags(uids, [DELETED], silent=True)
    if client.has_capability("UIDPLUS"):
        client.uid_expunge(uids)


def _to_worker_error(error: Exception) -> RetryLater | GiveUp:
    is_final = imap_session.is_refusal(error) and not any(
        word in str(error) for word in PASSING
    )
    if is_final:
        return GiveUp("drafts_refused")
    return RetryLater(f"drafts_{imap_session.code_of(error)}")
