"""A rendered reply -> the bytes of one e-mail, ready to be stored and sent."""

import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from worker.adapters.wrapping import wrap
from worker.domain.errors import GiveUp
from worker.domain.reply import (
    SENT_BY_PEOPLE,
    Reply,
    ReplyKind,
    issue_message_id,
    reply_address,
)
from worker.ports import Rendered

MAX_SUBJECT_CHARACTERS = 200  # Source: reliability.md section 3.6
MAX_REFERENCES = 20  # Source: reliability.md section 3.2
MAX_REFERENCES_BYTES = 900  # Source: reliability.md section 3.2
MAX_ADDRESS_CHARACTERS = 254  # Source: RFC 5321 §4.5.3.1.3, less the angle brackets
MAX_LINE_BYTES = 76  # Source: RFC 2045 §6.7
SUPPRESS = "DR, RN, NRN, OOF, AutoReply"
"""Not `All`, because we want delivery failures. Source: reliability.md section 3.4."""
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f-\U0010ffff]{1,250}>")
_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL_PART})@(?P<domain>{_DOMAIN})")
_NAMELESS = frozenset({ReplyKind.CONFIRM_IDENTITY, ReplyKind.CANNOT_MATCH})
"""Kinds whose recipient may not know which claim they belong to."""


@dataclass(frozen=True, slots=True)
class MailIdentity:
    """Who our e-mails come from.

    `instance` marks them, so that our own mail is known when it comes back.
    `uses_reply_tokens` puts a signed token behind a plus in Reply-To; it needs a
    mailbox that takes plus-addresses.
    """

    from_address: str
    from_name: str
    instance: str
    secret_key: bytes = field(repr=False)
    uses_reply_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The finished e-mail; every attempt to send it sends these bytes."""

    raw: bytes
    message_id: str
    subject: str


def build(
    reply: Reply, rendered: Rendered, *, identity: MailIdentity, now: datetime
) -> Outgoing:
    """Return the e-mail: text first, HTML second, 7-bit throughout, CRLF line ends.

    The same reply, parts and instant give the same bytes. No value can add a header:
    control and direction characters are taken out of every one.

    Raises:
        GiveUp: `bad_recipient`: not one plain address that every relay takes.

    Source: RFC 5322, RFC 3834 §5, reliability.md sections 3.2 and 3.4.
    """
    to = _address(reply.to, "bad_recipient")
    sender = _address(identity.from_address, "bad_sender")
    domain = sender.rsplit("@", 1)[1]
    message_id = issue_message_id(
        reply.dedup_key, reply.claim_id, secret_key=identity.secret_key, domain=domain
    )
    subject = _one_line(rendered.subject)[:MAX_SUBJECT_CHARACTERS]
    headers = {
        "From": _mailbox(identity.from_name, sender),
        "To": to,
        "Subject": _encoded(subject, "Subject"),
        "Date": format_datetime(now),
        "Message-ID": message_id,
        **_thread_headers(reply),
        **_automatic_headers(reply),
        "X-Claims-Mailer": _token(identity.instance),
        "Content-Language": _token(reply.locale),
    }
    claim_id = None if reply.kind in _NAMELESS else reply.claim_id
    if identity.uses_reply_tokens and claim_id is not None:
        headers["Reply-To"] = reply_address(
            sender, claim_id, secret_key=identity.secret_key
        )
    return Outgoing(_assemble(headers, rendered, message_id), message_id, subject)


def _thread_headers(reply: Reply) -> dict[str, str]:
    """Return In-Reply-To and References, with ids that look like ids only.

    The first id stays, because clients hang the thread on it, then the newest ones.
    """
    headers = {}
    if reply.in_reply_to is not None and _MESSAGE_ID.fullmatch(reply.in_reply_to):
        headers["In-Reply-To"] = reply.in_reply_to
    ids = [i for i in dict.fromkeys(reply.references) if _MESSAGE_ID.fullmatch(i)]
    room = MAX_REFERENCES_BYTES - len(ids[0]) if ids else 0
    kept: list[str] = []
    for one in reversed(ids[1:][-(MAX_REFERENCES - 1) :]):
        room -= len(one) + 1
        if room < 0:
            break
        kept.insert(0, one)
    if ids:
        headers["References"] = "\r\n ".join([ids[0], *kept])
    return headers


def _automatic_headers(reply: Reply) -> dict[str, str]:
    """Return what tells machines not to answer; a person's e-mail has none of it."""
    if reply.is_draft or reply.kind in SENT_BY_PEOPLE:
        return {}
    how = "auto-replied" if reply.is_automatic_reply else "auto-generated"
    return {"Auto-Submitted": how, "X-Auto-Response-Suppress": SUPPRESS}


def _assemble(headers: dict[str, str], rendered: Rendered, message_id: str) -> bytes:
    """Return the headers and both parts as bytes.

    The boundary holds `=_`, which neither encoding can produce.
    """
    boundary = "=_" + hashlib.sha256(message_id.encode()).hexdigest()[:32]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"".join(
        (
            head.encode("ascii"),
            b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n",
            f' boundary="{boundary}"\r\n\r\n'.encode("ascii"),
            f"--{boundary}\r\n".encode("ascii"),
            _part("plain", wrap(rendered.text)),
            f"--{boundary}\r\n".encode("ascii"),
            _part("html", rendered.html),
            f"--{boundary}--\r\n".encode("ascii"),
        )
    )


def _part(subtype: str, text: str) -> bytes:
    """Return one part in quoted-printable, or in base64 where that is shorter."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    content = lines.encode("utf-8", "replace").replace(b"\n", b"\r\n")
    name, body = "quoted-printable", binascii.b2a_qp(content, istext=True)
    if len(content) * 4 // 3 < len(body):
        name, body = "base64", _base64(content)
    head = (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {name}\r\n\r\n"
    )
    return head.encode("ascii") + body + b"\r\n"


def _base64(content: bytes) -> bytes:
    step = MAX_LINE_BYTES // 4 * 3
    return b"\r\n".join(
        binascii.b2a_base64(content[start : start + step], newline=False)
        for start in range(0, len(content), step)
    )


def _address(address: str, fault: str) -> str:
    """Return an address that is one plain mailbox, its domain in ASCII."""
    local, at, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise GiveUp(fault) from None
    plain = f"{local}{at}{ascii_domain}"
    if len(plain) > MAX_ADDRESS_CHARACTERS or not _ADDRESS.fullmatch(plain):
        raise GiveUp(fault)
    return plain


def _mailbox(name: str, address: str) -> str:
    display = _one_line(name)
    if not display:
        return address
    if _is_plain(display):
        quoted = display.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_encoded(display, 'From')}\r\n <{address}>"


def _encoded(text: str, header_name: str) -> str:
    """Return the text as it is if it is plain ASCII, else as encoded words.

    ASCII that looks like an encoded word is encoded too, or clients would decode it.
    """
    if _is_plain(text):
        return text
    header = Header(text, "utf-8", header_name=header_name)
    return header.encode(linesep="\r\n")


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text


def _one_line(text: str) -> str:
    """Return the text on one line, without control and direction characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _token(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)[:64]
