"""One received e-mail: its key, its four instants, and what reading it showed.

`Mail` is what the reader child makes of the raw bytes. It is plain data that
crosses a process border and is stored as JSON, so it holds no behaviour beyond
small questions about itself.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

MessageId = NewType("MessageId", str)
"""An RFC 5322 Message-ID with its angle brackets."""


@dataclass(frozen=True, slots=True)
class MailKey:
    """Where the server keeps a mail. A UID alone is reissued under a new UIDVALIDITY.

    Source: RFC 3501 §2.3.1.1.
    """

    mailbox: str
    uidvalidity: int
    uid: int

    def __str__(self) -> str:
        return f"{self.mailbox}/{self.uidvalidity}/{self.uid}"


class Fate(StrEnum):
    """The one end state that every mail reaches."""

    CLAIM = "claim"
    """It opened a claim."""
    FOLLOW_UP = "follow_up"
    """It joined a claim that was already there."""
    DUPLICATE = "duplicate"
    """The same content digest was already here; nothing else happens."""
    AUTO_REPLY = "auto_reply"
    """A machine answered; stored, never answered."""
    BOUNCE = "bounce"
    """A delivery report about a mail; stored, never answered."""
    NOT_A_CLAIM = "not_a_claim"
    """Lists, our own mail, other matters; stored, never answered."""
    CANNOT_MATCH = "cannot_match"
    """A person wrote, and no member and order could be confirmed."""
    IDENTITY_HOLD = "identity_hold"
    """It names a claim, but its sender is not proven to be the member."""
    PARKED = "parked"
    """It could not be read; a dead letter holds the reason and the raw bytes."""


class ReceivedFrom(StrEnum):
    """Which of the instants became `received_at`. Source: clauses.md section 1.1."""

    TRUSTED_RECEIVED = "trusted_received"
    INTERNALDATE = "internaldate"
    GIVEN = "given"
    FIRST_SEEN = "first_seen"


class Trouble(StrEnum):
    """Why a file cannot serve as evidence, whatever it is."""

    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    INFECTED = "infected"


class FileKind(StrEnum):
    """What a file is by its content, never by its name."""

    PDF = "pdf"
    PICTURE = "picture"
    MAIL = "mail"
    """An attached message/rfc822, or an inline forward found in a body."""
    TEXT = "text"
    HTML = "html"
    OFFICE = "office"
    ARCHIVE = "archive"
    """Zip, TNEF or another container; its members follow as attachments."""
    CALENDAR = "calendar"
    OTHER = "other"


class Looks(StrEnum):
    """What a picture shows by its pixels, never by its name."""

    PHOTOGRAPH = "photograph"
    """Something in the world; also what nothing else is sure of."""
    SCREENSHOT = "screenshot"
    """A screen, as its own program saved it."""
    SCAN = "scan"
    """A paper, scanned or photographed."""
    GRAPHIC = "graphic"
    """A logo, icon, sticker or tracking pixel."""


PAGES = frozenset({Looks.SCREENSHOT, Looks.SCAN})
"""Pictures that show something to read."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What opening an image showed, or drawing the first page of a PDF without text.

    `taken_at` is the camera's text, `YYYY:MM:DD HH:MM:SS`, with an offset behind it
    where the camera wrote one. `phash` is 128 bits in hex that stay nearly the same
    through another size, format or quality; None where the picture is too flat, or was
    only measured.
    """

    width: int
    height: int
    looks_like: Looks
    taken_at: str | None = None
    phash: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """One leaf or container found while walking a mail.

    `path` is the MIME part number, with `/` into attached mails and `!` into
    containers: `2`, `3/1`, `4!photos/box.jpg`; `body` marks an inline forward.
    `text` is what could be read as text, cut at the reader's limit.
    """

    path: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    kind: FileKind
    is_inline: bool = False
    content_id: str | None = None
    text: str = ""
    trouble: Trouble | None = None
    picture: Picture | None = None
    inside: str | None = None
    """Path of the attached mail or archive that holds it; None at the top."""
    note: str = ""
    """Why it was dropped or could not be read further; shown to member and staff."""
    is_text_recognised: bool = False
    """Its text was read off a picture by a machine, which errs in letters."""
    mail_subject: str = ""
    mail_from: str = ""
    mail_date: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received header, topmost first. `by_host` is lower case."""

    position: int
    by_host: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class AuthResults:
    """One Authentication-Results header as it stands. Source: RFC 8601."""

    position: int
    text: str


FAILED = "failed"
"""Nobody will try again. Source: RFC 3464 §2.3.3."""
DELAYED = "delayed"
COMPLAINED = "complained"
"""The recipient calls it spam (RFC 5965), which is no delivery status."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One recipient of an RFC 3464 report, or of a bounce that reads like one.

    `action` is `failed`, `delayed`, `relayed`, `delivered`, `expanded`, `complained`
    or empty, `status` an RFC 3463 code or empty. `is_formal` says that a part of the
    mail is such a report; otherwise it was read out of words.
    """

    action: str
    status: str
    original_message_id: str | None
    recipient: str = ""
    is_formal: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """What reading one e-mail showed; every text is already decoded and bounded.

    `headers` keeps lower-case names that machine detection needs, each with all its
    values. `from_addresses` has one entry per mailbox in every From header, lower
    case; exactly one is normal. `is_from_clear` is false when two parsers disagree.
    `position` numbers count all headers from the top, so hops and results compare.
    """

    subject: str
    from_addresses: tuple[str, ...]
    from_name: str
    is_from_clear: bool
    to_addresses: tuple[str, ...]
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date_at: datetime | None
    content_type: str
    headers: dict[str, tuple[str, ...]]
    hops: tuple[Hop, ...]
    auth_results: tuple[AuthResults, ...]
    text: str
    """The body a person wrote: plain text, or HTML as text; quotes included."""
    attachments: tuple[Attachment, ...]
    content_sha256: str
    """Digest of the mail with trace headers left out: equal content, equal digest."""
    reports: tuple[DeliveryReport, ...] = ()
    defects: tuple[str, ...] = field(default=())
    own_text: str = ""
    """What the person wrote above the first forward or quoted reply; no quotes."""
    signed_by: tuple[str, ...] = ()
    """Domains whose DKIM signature we verified ourselves; empty where nobody looked."""

    @property
    def from_address(self) -> str | None:
        """Return the one sender address, or None when there is not exactly one."""
        return self.from_addresses[0] if len(self.from_addresses) == 1 else None

    def header(self, name: str) -> str | None:
        """Return the first value of a kept header (lower-case name), or None."""
        values = self.headers.get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class ReceivedStamp:
    """When our side had the mail, which clock said so, and all four instants."""

    received_at: datetime
    received_from: ReceivedFrom
    received_trusted_at: datetime | None
    internaldate_at: datetime | None
    first_seen_at: datetime
    header_date_at: datetime | None
    flags: tuple[str, ...] = ()
