"""Reply: one answer that we owe, before it is rendered.

With it what every e-mail needs, wherever it is built: instants in words, the gaps
that a person must fill before a draft is sent, and the Message-IDs that prove that
a mail answers one of ours.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.domain.identity import Sender
from worker.domain.orders import Precision, When


class ReplyKind(StrEnum):
    """E-mail kinds; the value names the template folder. Source: DESIGN section 5."""

    RECEIVED = "received"
    CANNOT_MATCH = "cannot_match"
    CONFIRM_IDENTITY = "confirm_identity"
    IDENTITY_NOTICE = "identity_notice"
    DOCUMENTS_MISSING = "documents_missing"
    DOCUMENTS_REMINDER = "documents_reminder"
    DOCUMENTS_COMPLETE = "documents_complete"
    RESPONSE = "response"
    APPROVED = "approved"
    REJECTED = "rejected"
    COMPLETED = "completed"


SENT_BY_PEOPLE = frozenset({ReplyKind.APPROVED, ReplyKind.REJECTED})
"""Kinds that are drafts until a person releases them (promise 5)."""

HELD_WHEN_UNCERTAIN = frozenset(
    {ReplyKind.APPROVED, ReplyKind.REJECTED, ReplyKind.COMPLETED}
)
"""Kinds that are never sent a second time by a machine (promise 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: its kind, its recipient, and the plain facts its template may use.

    `dedup_key` is unique for ever: the same promise made twice is one e-mail.
    `in_reply_to` and `references` thread it under the mail that caused it.
    """

    kind: ReplyKind
    to: str
    dedup_key: str
    facts: dict[str, Any] = field(repr=False)
    locale: str = "en"
    claim_id: int | None = None
    mail_id: int | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    is_draft: bool = False
    is_automatic_reply: bool = True
    """auto-replied when it answers a mail, auto-generated otherwise (RFC 3834 §5)."""


@dataclass(frozen=True, slots=True)
class MailCause:
    """The mail that is answered. `references` are its own, oldest first.

    `may_be_answered` is false for mail that a person wrote and that must have no
    automatic answer all the same: spam by our own filter, no-reply senders.
    """

    mail_id: int
    message_id: str | None
    references: tuple[str, ...]
    sender: Sender
    received_at: datetime
    may_be_answered: bool = True


# -- instants in words --------------------------------------------------------------

SUPPORTED_LOCALES = frozenset({"en"})
"""Languages that the templates exist in; any other member is written to in English."""
_WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def instant_in_words(
    at: datetime, zone: str | None = None, *, is_exact: bool = False
) -> str:
    """Return an instant as members read it, in UTC and in the destination's zone.

    "Wednesday 25 November 2026, 19:10 UTC (20:10 Berlin time)"; the local day is
    added where it differs. Seconds are cut off, so a deadline of ours never reads
    later than it is; `is_exact` shows them where they decide something.

    Args:
        at: the instant (aware).
        zone: an IANA name; an unknown one is left out, as is UTC itself.
        is_exact: whether seconds other than zero are shown.

    Source: lifecycle.md section 7 (times with zone name).
    """
    utc = at.astimezone(ZoneInfo("UTC"))
    words = f"{_day_in_words(utc)}, {_time_in_words(utc, is_exact=is_exact)} UTC"
    where = _zone(zone)
    if where is None:
        return words
    local = at.astimezone(where)
    time = _time_in_words(local, is_exact=is_exact)
    day = "" if local.date() == utc.date() else f"{_day_in_words(local)}, "
    place = where.key.rsplit("/", 1)[-1].replace("_", " ")
    return f"{words} ({day}{time} {place} time)"


def when_in_words(when: When, zone: str | None = None) -> str:
    """Return a directory time as exactly as it was written, and no more exactly.

    A time known to the day reads "Thursday 4 July 2024 (the time of day is not
    recorded)".
    """
    if when.precision is Precision.DAY:
        day = when.earliest_at.astimezone(_zone(zone) or ZoneInfo("UTC"))
        return f"{_day_in_words(day)} (the time of day is not recorded)"
    return instant_in_words(when.earliest_at, zone, is_exact=True)


def _day_in_words(at: datetime) -> str:
    return f"{_WEEKDAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}"


def _time_in_words(at: datetime, *, is_exact: bool) -> str:
    return f"{at:%H:%M:%S}" if is_exact and at.second else f"{at:%H:%M}"


def _zone(name: str | None) -> ZoneInfo | None:
    """Return the zone, or None for an unknown one and for UTC under any name."""
    if name is None or name.upper() in {"UTC", "GMT", "ETC/UTC", "ETC/GMT"}:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


# -- gaps in a draft ----------------------------------------------------------------

_GAP = re.compile(r"\[[a-z][^\[\]\n]{0,80}\]")


def gaps(text: str) -> tuple[str, ...]:
    """Return the placeholders such as `[amount]` that a person has still to fill.

    The claim number in a subject, `[#CLM-000012]`, is none. A draft with a gap must
    not be sent.

    Source: lifecycle.md section 8, point 9.
    """
    return tuple(dict.fromkeys(_GAP.findall(text)))


# -- Message-IDs that we issue ------------------------------------------------------

_KEY_BYTES = 10
_CLAIM_BYTES = 5
_TAG_BYTES = 10  # 80 bits. Source: reliability.md section 4.1
_ISSUED = re.compile(r"<?([a-z2-7]{16})\.([a-z2-7]{8})\.([a-z2-7]{16})@[^<>\s]+>?")

_PLUS_TOKEN = re.compile(r"\+clm(?P<claim_id>[1-9]\d{0,11})\.(?P<tag>[a-z2-7]{16})@")


def issue_message_id(
    dedup_key: str, claim_id: int | None, *, secret_key: bytes, domain: str
) -> str:
    """Return the Message-ID of the e-mail with this key: the same key, the same id.

    The claim's number is masked: nobody without the secret can tell from the id
    whether the e-mail belongs to a claim, because strangers get one too.

    Source: reliability.md section 3.2; DESIGN section 4 (same answer to strangers).
    """
    key = _keyed(secret_key, b"key", dedup_key.encode())[:_KEY_BYTES]
    number = (0 if claim_id is None else claim_id).to_bytes(_CLAIM_BYTES, "big")
    hidden = _masked(number, key, secret_key)
    tag = _keyed(secret_key, b"tag", key + hidden)[:_TAG_BYTES]
    local = ".".join(_base32(part) for part in (key, hidden, tag))
    return f"<{local}@{domain}>"


def is_issued(message_id: str, secret_key: bytes) -> bool:
    """Return whether the Message-ID is one of ours, about a claim or not."""
    return _claim_number(message_id, secret_key) is not None


def verify_message_id(message_id: str, secret_key: bytes) -> int | None:
    """Return the claim that an e-mail of ours with this Message-ID was about.

    None for any id that we did not issue, and for e-mails about no claim. The domain
    and the case of letters do not matter, since relays may change both.
    """
    number = _claim_number(message_id, secret_key)
    return None if number is None or number == 0 else number


def reply_address(address: str, claim_id: int, *, secret_key: bytes) -> str:
    """Return our address with a signed token behind a plus: claims+CLM12.tag@domain.

    Source: reliability.md section 3.2.
    """
    local, _, domain = address.rpartition("@")
    return f"{local}+CLM{claim_id}.{_address_tag(claim_id, secret_key)}@{domain}"


def verify_reply_address(address: str, secret_key: bytes) -> int | None:
    """Return the claim whose signed token stands behind the plus, or None."""
    found = _PLUS_TOKEN.search(address.strip().lower())
    if found is None:
        return None
    claim_id = int(found["claim_id"])
    expected = _address_tag(claim_id, secret_key)
    return claim_id if hmac.compare_digest(found["tag"], expected) else None


def _address_tag(claim_id: int, secret_key: bytes) -> str:
    tag = _keyed(secret_key, b"address", str(claim_id).encode())
    return _base32(tag[:_TAG_BYTES])


def _claim_number(message_id: str, secret_key: bytes) -> int | None:
    found = _ISSUED.fullmatch(message_id.strip().lower())
    if found is None:
        return None
    key, hidden, tag = (base64.b32decode(part.upper()) for part in found.groups())
    expected = _keyed(secret_key, b"tag", key + hidden)[:_TAG_BYTES]
    if not hmac.compare_digest(tag, expected):
        return None
    return int.from_bytes(_masked(hidden, key, secret_key), "big")


def _masked(number: bytes, key: bytes, secret_key: bytes) -> bytes:
    mask = _keyed(secret_key, b"mask", key)
    return bytes(a ^ b for a, b in zip(number, mask, strict=False))


def _keyed(secret_key: bytes, purpose: bytes, value: bytes) -> bytes:
    text = b"claims-worker token " + purpose + b":" + value
    return hmac.new(secret_key, text, hashlib.sha256).digest()


def _base32(part: bytes) -> str:
    return base64.b32encode(part).decode().lower()
