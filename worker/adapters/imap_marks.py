"""ports.Marker over IMAP: what `CLAIMS_AFTER` does to a mail that is safely stored.

Each call is a connection of its own, opens the mailbox for writing, and checks
UIDVALIDITY first, because a UID of an older epoch may be another mail by now. A mail
is never removed by a plain EXPUNGE, which would take other people's deleted mail.
"""

import contextlib
from collections.abc import Iterator
from enum import StrEnum

from worker.adapters import imap_session
from worker.adapters.imap_session import LIBRARY_ERRORS, TIMEOUTS, Client, Timeouts
from worker.domain.errors import GiveUp, RetryLater
from worker.ports import MailboxGone

DELETED = rb"\Deleted"
ANY_KEYWORD = rb"\*"
CANNOT_MOVE = "server_cannot_move"


class After(StrEnum):
    """What happens to a stored mail in the mailbox. Source: reliability.md 2.5."""

    NOTHING = "nothing"
    FLAG = "flag"
    LABEL = "label"
    MOVE = "move"


class ImapMarker:
    """See ports.Marker.

    Args:
        url: the claims mailbox; see `imap_session.parse_url`.
        after: what to do.
        target: the keyword, the Gmail label, or the folder.
        timeouts: for the connection and for each answer.
    """

    def __init__(
        self, url: str, after: After, target: str, timeouts: Timeouts = TIMEOUTS
    ) -> None:
        self._account = imap_session.parse_url(url)
        self._after = after
        self._target = target
        self._timeouts = timeouts

    def mark(self, *, uidvalidity: int, uid: int) -> None:
        """See ports.Marker. Safe to run twice.

        A mail that has gone needs no mark, nor does one that is deleted: by a person,
        or by a move of ours that broke off and has made its copy.
        """
        with self._session(uidvalidity) as client:
            if client.search(["UID", uid, "UNDELETED"]) != [uid]:
                return
            match self._after:
                case After.NOTHING:
                    return
                case After.FLAG:
                    client.add_flags([uid], [self._target.encode("ascii")])
                case After.LABEL:
                    client.add_gmail_labels([uid], [self._target])
                case After.MOVE:
                    self._move(client, uid)

    def _move(self, client: Client, uid: int) -> None:
        if not client.folder_exists(self._target):
            client.create_folder(self._target)
        if client.has_capability("MOVE"):
            client.move([uid], self._target)
        elif client.has_capability("UIDPLUS"):
            client.copy([uid], self._target)
            self._remove(client, uid)
        else:
            raise GiveUp(CANNOT_MOVE)

    def _remove(self, client: Client, uid: int) -> None:
        """Remove the original of a copy; one try, since each leaves one more copy."""
        try:
            client.add_flags([uid], [DELETED], silent=True)
            client.uid_expunge([uid])
        except LIBRARY_ERRORS as error:
            if imap_session.code_of(error) == "protocol":
                raise GiveUp(CANNOT_MOVE) from error
            raise

    @contextlib.contextmanager
    def _session(self, uidvalidity: int) -> Iterator[Client]:
        try:
            client = imap_session.connect(self._account, self._timeouts)
        except MailboxGone as error:
            raise RetryLater(f"mark_{error.code}") from error
        try:
            state = client.select_folder(self._account.folder)
            if state.get(b"UIDVALIDITY") != uidvalidity:
                raise GiveUp("uidvalidity_changed")
            self._check(client, state.get(b"PERMANENTFLAGS", ()))
            yield client
        except LIBRARY_ERRORS as error:
            raise RetryLater(f"mark_{imap_session.code_of(error)}") from error
        finally:
            imap_session.hang_up(client, politely=True)

    def _check(self, client: Client, permanent: tuple[bytes, ...]) -> None:
        """Refuse for good what the server would accept and then forget."""
        if self._after is After.LABEL and not client.has_capability("X-GM-EXT-1"):
            raise GiveUp("server_has_no_labels")
        keyword = self._target.encode("ascii", "replace")
        if self._after is After.FLAG and not {ANY_KEYWORD, keyword} & set(permanent):
            raise GiveUp("server_keeps_no_keywords")
