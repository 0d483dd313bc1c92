"""A mail that staff sent from their own mail program, found in their sent folder."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SentCursor:
    """How far a sent folder was looked through, and when that last ended well."""

    uidvalidity: int
    last_uid: int
    looked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """What a sent mail says.

    `tokens` are its own Message-ID, our header X-Claims-Draft, In-Reply-To and
    References, the nearest last. `from_address` is Sender where there is one, "" where
    it is not one plain address. `to_addresses` holds To and Cc. `texts` has each
    alternative of the body as text: the reader may see any of them. Addresses are
    lower case.
    """

    message_id: str | None
    tokens: tuple[str, ...]
    subject: str
    from_address: str
    to_addresses: frozenset[str]
    texts: tuple[str, ...] = ()
