"""ports.Mailbox over IMAP: one read-only connection to one mailbox.

Commands with UIDs only, and EXAMINE: nothing is flagged, moved or removed here.
"""

import contextlib
import itertools
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.adapters import imap_session
from worker.adapters.imap_session import LIBRARY_ERRORS, TIMEOUTS, Client, Timeouts
from worker.faults import Point, reach
from worker.ports import MailboxGone, MailboxState, MailHead

# Ours to choose: a look costs such a server three short commands.
WAIT_WITHOUT_IDLE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Probe:
    """What one visit showed, for `claims doctor`."""

    capabilities: tuple[str, ...]
    state: MailboxState
    round_trip: timedelta


class ImapMailbox:
    """See ports.Mailbox.

    Args:
        url: see `parse_url`.
        timeouts: for the connection and for each answer.

    Raises:
        SettingsInvalid: the URL is wrong.
    """

    def __init__(self, url: str, timeouts: Timeouts = TIMEOUTS) -> None:
        self._account = imap_session.parse_url(url)
        self._timeouts = timeouts
        self._client: Client = None
        self._has_idle = False
        self._exists = 0
        self._bell, self._bell_rope = socket.socketpair()
        for end in (self._bell, self._bell_rope):
            end.settimeout(0)

    def open(self) -> MailboxState:
        """See ports.Mailbox."""
        self._client = imap_session.connect(self._account, self._timeouts)
        with self._talk() as client:
            self._has_idle = client.has_capability("IDLE")
        return self.refresh()

    def refresh(self) -> MailboxState:
        """See ports.Mailbox. EXAMINE again: cheap, and every server allows it."""
        with self._talk(refusal="no_such_mailbox") as client:
            answer = client.select_folder(self._account.folder, readonly=True)
        with self._talk() as client:
            exists = self._exists = int(answer[b"EXISTS"])
            uidnext = answer.get(b"UIDNEXT")
            if uidnext is None:  # optional in RFC 3501 §6.3.1
                uidnext = imap_session.last_uid(client) + 1 if exists else 1
            return MailboxState(int(answer[b"UIDVALIDITY"]), int(uidnext), exists)

    def search(self, first_uid: int, last_uid: int) -> list[int]:
        """See ports.Mailbox."""
        with self._talk() as client:
            found = imap_session.search(client, first_uid, last_uid)
        reach(Point.POLL_SEARCHED)
        return sorted(uid for uid in found if first_uid <= uid <= last_uid)

    def heads(self, uids: Sequence[int]) -> dict[int, MailHead]:
        """See ports.Mailbox. An answer without a size counts as 0 bytes."""
        answers = self._fetch(uids, "(UID RFC822.SIZE INTERNALDATE)")
        return {
            uid: MailHead(uid, _size(answer), _utc(answer.get(b"INTERNALDATE")))
            for uid, answer in answers.items()
            if b"RFC822.SIZE" in answer or b"INTERNALDATE" in answer
        }

    def bodies(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """See ports.Mailbox. All bodies of one call are in memory together."""
        answers = self._fetch(uids, "(UID BODY.PEEK[])")
        reach(Point.POLL_FETCHED)
        for uid in uids:
            body = answers.pop(uid, {}).get(b"BODY[]")
            if isinstance(body, bytes):  # NIL is None
                yield uid, body

    def parts(self, uid: int, *, part_bytes: int) -> Iterator[bytes]:
        """See ports.Mailbox.

        Raises:
            MailboxGone: `protocol` too when a part is not answered, since what came
                before it must not pass for the whole mail.
        """
        for offset in itertools.count(0, part_bytes):
            item = f"(UID BODY.PEEK[]<{offset}.{part_bytes}>)"
            answer = self._fetch([uid], item).get(uid, {})
            key = b"BODY[]<%d>" % offset
            part = answer.get(key)
            if offset and part is None and key in answer:
                return  # some servers say NIL behind the end
            if not isinstance(part, bytes) or len(part) > part_bytes:
                self._drop()
                raise MailboxGone("protocol")
            yield part
            if len(part) < part_bytes:
                return

    def wait(self, timeout: timedelta) -> bool:
        """See ports.Mailbox.

        IMAPClient's own IDLE takes early news for an error, overlooks what was read
        together with the "+", and spins on a closed socket. Source: reliability.md 2.9.
        """
        if not self._has_idle:
            self._sleep(min(timeout, WAIT_WITHOUT_IDLE))
            return False
        with self._talk() as client:
            imap = imap_session.imaplib_of(client)
            imap.noop()  # in IDLE pymap 0.36 tells only what comes after its start
            news = imap.untagged_responses
            counts = news.get("EXISTS") or [self._exists]
            has_news = "EXPUNGE" in news or int(counts[-1]) != self._exists
            news.clear()
            if has_news:
                return True  # it came while the last pass was still under way
            tag = imap._command("IDLE")  # noqa: SLF001 - imaplib has no IDLE before 3.14
            while imap._get_response() is not None:  # noqa: SLF001 - None is the "+"
                if imap.tagged_commands[tag] is not None:
                    del imap.tagged_commands[tag]
                    self._has_idle = False  # it refuses what it advertises
                    return False
            if not imap.untagged_responses and not imap_session.is_buffering(client):
                self._sleep(timeout, client.socket())
            imap.send(b"DONE\r\n")
            imap._command_complete("IDLE", tag)  # noqa: SLF001 - raises at EOF and BYE
            return bool(imap.untagged_responses)

    def interrupt(self) -> None:
        """See ports.Mailbox. Rung before `wait`, it ends the next one at once."""
        with contextlib.suppress(OSError):  # rung often enough, or closed
            self._bell_rope.send(b"!")

    def close(self) -> None:
        """See ports.Mailbox."""
        if self._client is not None:
            imap_session.hang_up(self._client, politely=True)
            self._client = None
        self._bell.close()
        self._bell_rope.close()

    def probe(self) -> Probe:
        """Return what an open mailbox offers, and the time of one round trip."""
        state = self.refresh()
        with self._talk() as client:
            names = sorted(name.decode("ascii") for name in client.capabilities())
            start = time.perf_counter()
            client.noop()
            round_trip = timedelta(seconds=time.perf_counter() - start)
        return Probe(tuple(names), state, round_trip)

    @contextlib.contextmanager
    def _talk(self, *, refusal: str = "protocol") -> Iterator[Client]:
        """Give the client; whatever it raises ends the connection.

        Args:
            refusal: the code for a NO of the server.
        """
        if self._client is None:
            raise MailboxGone("bye")
        try:
            yield self._client
        except LIBRARY_ERRORS as error:
            self._drop()
            code = imap_session.code_of(error)
            is_refusal = code == "protocol" and imap_session.is_refusal(error)
            raise MailboxGone(refusal if is_refusal else code) from error

    def _drop(self) -> None:
        imap_session.hang_up(self._client)
        self._client = None

    def _fetch(self, uids: Sequence[int], items: str) -> dict[int, dict[bytes, Any]]:
        if not uids:
            return {}
        with self._talk() as client:
            return imap_session.fetch(client, uids, items)

    def _sleep(self, timeout: timedelta, *sockets: socket.socket) -> None:
        """Sleep until one of the sockets can be read, `interrupt`, or the timeout."""
        with selectors.DefaultSelector() as selector:
            for readable in (self._bell, *sockets):
                selector.register(readable, selectors.EVENT_READ)
            selector.select(timeout.total_seconds())
        with contextlib.suppress(BlockingIOError):
            self._bell.recv(4096)


def _size(answer: dict[bytes, Any]) -> int:
    size = answer.get(b"RFC822.SIZE")
    return size if isinstance(size, int) else 0


def _utc(at: datetime | None) -> datetime | None:
    """Return an INTERNALDATE in UTC; None where the server's makes no sense."""
    if at is None:
        return None
    try:
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
