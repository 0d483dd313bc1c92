"""What the arrows need from outside, as protocols; each docstring is the contract.

Adapters implement them; fakes in tests pass the same contract suites.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from worker.domain.claim import Claim
from worker.domain.documents import Piece
from worker.domain.mail import Mail
from worker.domain.orders import Member, Order


class Clock(Protocol):
    """Business time. Leases and retries use the database's clock instead."""

    def now(self) -> datetime:
        """Return the present instant (aware, UTC)."""
        ...


# -- mailbox --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailboxState:
    """What selecting a mailbox showed. `uidnext` is the next UID to be given."""

    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class MailHead:
    """What is asked before a body: its size as announced, and INTERNALDATE (UTC)."""

    uid: int
    size_bytes: int
    internaldate_at: datetime | None


class MailboxGone(Exception):
    """The connection broke or the server refused; open a new one after a pause.

    `code` is stable: `unreachable`, `login_refused`, `timeout`, `bye`, `protocol`,
    `no_such_mailbox`, `tls`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Mailbox(Protocol):
    """One read-only connection to one mailbox; not safe to share between threads.

    Every method may raise MailboxGone; after that only `close` may be called.
    """

    def open(self) -> MailboxState:
        """Connect, log in, EXAMINE; return what the server says."""
        ...

    def refresh(self) -> MailboxState:
        """Return the present state over the open connection (NOOP or EXAMINE)."""
        ...

    def search(self, first_uid: int, last_uid: int) -> list[int]:
        """Return existing UIDs in first..last, both included, ascending.

        Never a UID outside the window, whatever the server answers (RFC 3501 §6.4.8).
        """
        ...

    def heads(self, uids: Sequence[int]) -> dict[int, MailHead]:
        """Return sizes and dates; a UID that has gone is absent from the answer."""
        ...

    def bodies(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the whole mails in one command, without setting any flag.

        A UID that has gone, or that the server answers without a body, is absent.
        """
        ...

    def parts(self, uid: int, *, part_bytes: int) -> Iterator[bytes]:
        """Yield one big mail in parts, ending at a short or empty one."""
        ...

    def wait(self, timeout: timedelta) -> bool:
        """Wait for news (IDLE), at most `timeout`; True when the server spoke.

        Where the server has no IDLE it waits on an event for a shorter while. It is
        a hint only: look again whatever it says.
        """
        ...

    def interrupt(self) -> None:
        """Make `wait` return soon; the only method another thread may call."""
        ...

    def close(self) -> None:
        """Log out if that is still possible; never raises."""
        ...


class Drafts(Protocol):
    """The staff mailbox where drafts are laid, replaced and found again."""

    def put(self, raw: bytes, *, message_id: str) -> None:
        """Store the draft with its flag; a draft with that Message-ID is replaced.

        Raises:
            RetryLater: the mailbox cannot be reached now.
            GiveUp: it refuses for good (no such folder, no permission).
        """
        ...

    def remove(self, *, message_id: str) -> None:
        """Take the draft with that Message-ID away if it is still there."""
        ...


class Marker(Protocol):
    """Marks, labels or moves a stored mail in its mailbox."""

    def mark(self, *, uidvalidity: int, uid: int) -> None:
        """Do what `CLAIMS_AFTER` says to one mail, if it is still there.

        Raises:
            RetryLater: the mailbox cannot be reached now.
            GiveUp: UIDVALIDITY changed, or the server cannot do this at all.
        """
        ...


# -- raw store ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored blob: its SHA-256 in hex, and its length."""

    sha256: str
    size_bytes: int


class RawStore(Protocol):
    """Content-addressed blobs, durable before `put` returns."""

    def put(self, parts: Iterable[bytes]) -> Stored:
        """Store the parts as one blob; the same content twice is one blob.

        Raises:
            RetryLater: no space or the store cannot be reached; nothing is half kept.
        """
        ...

    def put_many(self, blobs: Iterable[bytes]) -> list[Stored]:
        """Store blobs as `put` does each, waiting for the disk once for all."""
        ...

    def get(self, sha256: str) -> bytes:
        """Return the whole blob.

        Raises:
            GiveUp: `raw_missing` or `raw_damaged` (the digest does not agree).
            RetryLater: the store cannot be reached.
        """
        ...

    def has(self, sha256: str) -> bool:
        """Return whether the blob is there."""
        ...

    def size(self, sha256: str) -> int | None:
        """Return the length of the blob, or None where it is not there.

        Raises:
            RetryLater: the store cannot be reached.
        """
        ...

    def remove(self, sha256: str) -> bool:
        """Remove a blob for good; False where it was not there.

        Raises:
            RetryLater: the store cannot be reached.
        """
        ...


# -- reading --------------------------------------------------------------------


READER_CRASHED = "crashed"
"""The code of a child that ended without an answer, whoever ended it."""


class ReadFailed(Exception):
    """The reader could not read this mail.

    `code` is `timeout`, `memory`, `crashed` or `unreadable`; `died` says whether the
    child process was lost, which counts towards quarantine.
    """

    def __init__(self, code: str, *, died: bool) -> None:
        super().__init__(code)
        self.code = code
        self.died = died


class Reader(Protocol):
    """Reads stored mails in a child process with limits on memory and time."""

    def read(self, sha256: str) -> Mail:
        """Return what the mail says.

        Raises:
            ReadFailed: this mail broke the child or its limits.
            GiveUp: the raw mail is missing or damaged.
        """
        ...

    def close(self) -> None:
        """End the children."""
        ...


class Scanner(Protocol):
    """Reads pictures of text in stored mails, in a child process like Reader's."""

    def texts(self, sha256: str, paths: tuple[str, ...]) -> dict[str, str]:
        """Return what some files of a mail show as text, by path.

        A file that shows no text, or for which there was no time, is absent.

        Raises:
            ReadFailed: this mail broke the child or its limits.
            GiveUp: the raw mail is missing or damaged.
            RetryLater: the raw store cannot be reached, or no child starts.
        """
        ...

    def close(self) -> None:
        """End the child."""
        ...


# -- orders ---------------------------------------------------------------------


class Orders(Protocol):
    """The order directory. Ids are compared without regard to case."""

    def order(self, order_number: str) -> Order | None:
        """Return the order, or None when there is none.

        Raises:
            RetryLater: the directory is down; that never means "no such order".
        """
        ...

    def member(self, member_id: str) -> Member | None:
        """Return the member, or None."""
        ...

    def members_at(self, address: str) -> tuple[Member, ...]:
        """Return the members who have this address on file (any case)."""
        ...

    def orders_of(self, member_id: str) -> tuple[str, ...]:
        """Return the member's order numbers, newest first."""
        ...


# -- sending --------------------------------------------------------------------


class Delivery(StrEnum):
    """How an attempt to hand over a mail ended. Source: reliability.md section 3.1."""

    ACCEPTED = "accepted"
    """250 after the final dot."""
    DEFERRED = "deferred"
    """4yz, or any failure before the final dot: the relay does not have it."""
    REFUSED = "refused"
    """5yz for this recipient or mail: never again."""
    BLOCKED = "blocked"
    """5yz for us (login, policy): the whole channel waits for a person."""
    UNCERTAIN = "uncertain"
    """Silence or a break after the final dot: the relay may have it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: how it ended and the reply code, without any text of the server."""

    delivery: Delivery
    code: str
    """Such as `250`, `550`, `timeout`, `unreachable`, `tls`."""


class Transport(Protocol):
    """Hands finished mails to the relay over one reused connection."""

    def send(self, *, envelope_from: str, recipient: str, raw: bytes) -> Attempt:
        """Offer one mail to one recipient; never raises for what the relay does."""
        ...

    def close(self) -> None:
        """QUIT if that is still possible; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """The three parts of one e-mail; the subject is one line."""

    subject: str
    text: str
    html: str


class Renderer(Protocol):
    """Turns facts into text by the templates of one e-mail kind."""

    @property
    def version(self) -> str:
        """A short digest of all templates and catalogs: other words, another one."""
        ...

    def render(self, kind: str, facts: dict[str, Any], *, locale: str) -> Rendered:
        """Return the rendered parts.

        Raises:
            GiveUp: `template_error`: an undefined name, a syntax error, a subject
                of more than one line. Nothing of the facts is in the text.
        """
        ...


# -- jobs -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bell:
    """One job to be rung: its queue and its id, and nothing else."""

    queue: str
    job_id: int


class Queue(Protocol):
    """Rings job ids on queues. A lost, doubled or late ring is harmless."""

    def ring(self, bells: Sequence[Bell], *, first: bool = False) -> None:
        """Send the ids; failures are swallowed and counted, the sweep rings again.

        With `first` they are heard before all that wait, in their order.
        """
        ...


# -- ledger of the mailbox --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailboxLease:
    """The right to poll one mailbox, and where the last holder stopped.

    `token` fences: a holder that lost the lease cannot write. `uidvalidity` is None
    before the first connect. `last_uid` is the highest UID whose fate is in the
    ledger's hands; every UID at or below it has a row or is known to be gone.
    """

    mailbox_id: int
    name: str
    token: int
    uidvalidity: int | None
    last_uid: int


@dataclass(frozen=True, slots=True)
class NewMail:
    """One mail as the poller found it; `sha256` is None when it could not be fetched.

    `trouble` is a stable code such as `fetch_failed` or `oversize`.
    """

    uid: int
    sha256: str | None
    size_bytes: int
    internaldate_at: datetime | None
    first_seen_at: datetime
    trouble: str | None = None


class MailLedger(Protocol):
    """The record of every (mailbox, UIDVALIDITY, UID) the server ever showed us."""

    def take_lease(
        self, name: str, *, owner: str, lease_for: timedelta
    ) -> MailboxLease | None:
        """Return the lease on a mailbox, creating its row; None while another has it.

        Leases run by the database's clock.
        """
        ...

    def renew_lease(self, lease: MailboxLease, *, lease_for: timedelta) -> None:
        """Extend the lease, unless that was done a moment ago.

        Raises:
            LeaseLost: another poller has it now.
        """
        ...

    def release_lease(self, lease: MailboxLease) -> None:
        """Let the next poller in at once; silent when the lease is lost already."""
        ...

    def begin_epoch(self, lease: MailboxLease, uidvalidity: int) -> MailboxLease:
        """Record the mailbox's UIDVALIDITY; return the lease with its cursor.

        A first or unchanged value keeps the cursor. A changed one starts at UID 0,
        raises an alert, and mails of the new epoch are matched by digest with the
        old ones, so that each stored mail is answered once.
        """
        ...

    def known_uids(
        self, lease: MailboxLease, first_uid: int, last_uid: int
    ) -> set[int]:
        """Return which UIDs of the window have a row in the current epoch."""
        ...

    def add_mails(
        self, lease: MailboxLease, mails: Sequence[NewMail], *, last_uid: int
    ) -> int:
        """Write mail rows, their jobs and the cursor in one transaction; ring after.

        A UID that has a row already is left as it is. Returns how many were new.

        Raises:
            LeaseLost: nothing was written.
        """
        ...

    def note_pass(self, lease: MailboxLease, *, at: datetime, backlog: int) -> None:
        """Record that a whole pass ended, with how many UIDs are still to come."""
        ...

    def note_trouble(
        self, lease: MailboxLease, code: str, *, at: datetime, is_lasting: bool
    ) -> None:
        """Record why a pass could not end (`login_refused`, `timeout` ...).

        What will not pass by itself raises an alert, once a day.
        """
        ...


# -- what understanding may ask -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class SentEmail:
    """An e-mail of ours that a bounce may be about."""

    email_id: int
    claim_id: int | None
    status: str


class Lookups(Protocol):
    """What is known when a mail is understood: other mails, claims, the directory."""

    def email_of_messages(self, message_ids: Sequence[str]) -> SentEmail | None:
        """Return the newest e-mail of ours with one of these Message-IDs, or None."""
        ...

    def last_email_to(self, address: str) -> SentEmail | None:
        """Return the newest e-mail that was sent to an address (any case), or None."""
        ...

    def first_with_content(
        self, content_sha256: str, *, before_mail_id: int
    ) -> int | None:
        """Return the earliest earlier mail with this content digest, or None."""
        ...

    def claim_of_messages(self, message_ids: tuple[str, ...]) -> Claim | None:
        """Return the claim that one of these Message-IDs belongs to, or None.

        Our own tokens first, the last id first; then mails that joined a claim.
        """
        ...

    def claim_of_addresses(self, addresses: tuple[str, ...]) -> Claim | None:
        """Return the claim whose signed token stands in one of these addresses."""
        ...

    def closed_incomplete_at(self, claim_id: int) -> datetime | None:
        """Return when the claim was last closed for want of documents, or None."""
        ...

    def first_unmatched(
        self, message_ids: tuple[str, ...], address: str
    ) -> datetime | None:
        """Return the first receipt of a thread's mails that could not be matched.

        Only mails from `address` count, named by their Message-ID or by that of our
        answer to them; None where there is none.
        """
        ...

    def claims_of(self, order_number: str) -> list[tuple[Claim, str | None]]:
        """Return every claim of an order, newest first, with whom it is held for."""
        ...

    def is_held(self, mail_id: int) -> bool:
        """Return whether an earlier mail waits because its sender is not proven."""
        ...

    def pieces_of(self, claim_id: int) -> list[Piece]:
        """Return the files that a claim already has, oldest mail first."""
        ...

    def order(self, order_number: str) -> Order | None:
        """See Orders."""
        ...

    def members_at(self, address: str) -> tuple[Member, ...]:
        """See Orders."""
        ...
