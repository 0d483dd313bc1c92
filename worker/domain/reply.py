"""Reply: one answer that we owe, before it is rendered.

With it what every e-mail needs, wherever it is built: the languages, the gaps that a
person must fill before a draft is sent, and the Message-IDs that prove that a mail
answers one of ours.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from worker.domain.identity import Sender


class ReplyKind(StrEnum):
    """E-mail kinds; the value names the template folder. Those of staff stay inside.

    Source: DESIGN section 5, lifecycle.md section 7.
    """

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
    CLOSED_INCOMPLETE = "closed_incomplete"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"
    PAYMENT_PROBLEM = "payment_problem"
    MERGED = "merged"
    STAFF_DUE_SOON = "staff_due_soon"
    STAFF_OVERDUE = "staff_overdue"
    STAFF_DEAD_LETTER = "staff_dead_letter"
    STAFF_MAILBOX_SILENT = "staff_mailbox_silent"
    STAFF_DIGEST = "staff_digest"
    STAFF_APPROVAL = "staff_approval"
    STAFF_PAYOUT_DUE = "staff_payout_due"
    STAFF_DRAFT_NOTE = "staff_draft_note"
    STAFF_ALERT = "staff_alert"


SENT_BY_PEOPLE = frozenset({ReplyKind.APPROVED, ReplyKind.REJECTED})
"""Kinds that are drafts until a person releases them (promise 5)."""

HELD_WHEN_UNCERTAIN = frozenset(
    {
        ReplyKind.APPROVED,
        ReplyKind.REJECTED,
        ReplyKind.COMPLETED,
        ReplyKind.STAFF_PAYOUT_DUE,
    }
)
"""Kinds that are never sent a second time by a machine (promise 3)."""

TO_STAFF = frozenset(kind for kind in ReplyKind if kind.startswith("staff_"))
"""Kinds that no member gets."""

NO_STORM = HELD_WHEN_UNCERTAIN | TO_STAFF
"""Kinds that the breaker does not count: a person's, and those that stay inside."""


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


# -- languages and lengths of time --------------------------------------------------

SUPPORTED_LOCALES = frozenset({"en", "de", "es", "zh"})
"""Languages that we write; any other member is written to in English."""


def language_of(locale: str) -> str:
    """Return the language we write for a locale: "de" for "de-AT", else "en"."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return language if language in SUPPORTED_LOCALES else "en"


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
