"""A sent mail's bytes -> SentMail: headers, and each alternative of its body as text.

Staff wrote it, but it may quote anything, so every value is bounded.
"""

import re
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

from worker.adapters.reading.html_text import MAX_HTML_CHARS, to_text
from worker.domain.sent_mail import SentMail

DRAFT_HEADER = "X-Claims-Draft"
MAX_HEADER_CHARS = 20_000
MAX_TEXT_CHARS = 200_000
MAX_PARTS = 50
_ID = re.compile(r"<[^<>\s]{1,400}>")
_PLAIN = re.compile(r"[^@\s<>,]{1,64}@[^@\s<>,]{1,255}")


def parse(raw: bytes) -> SentMail:
    """Return what a mail, or its header block alone, says."""
    mail = message_from_bytes(raw)
    ids = [
        one
        for name in ("References", "In-Reply-To", DRAFT_HEADER, "Message-ID")
        for one in _ID.findall(_header(mail, name))
    ]
    own = _ID.search(_header(mail, "Message-ID"))
    senders = _addresses(mail, "Sender") or _addresses(mail, "From")
    return SentMail(
        message_id=None if own is None else own[0],
        tokens=tuple(dict.fromkeys(ids)),
        subject=_decoded(_header(mail, "Subject")),
        from_address=senders[0] if len(senders) == 1 else "",
        to_addresses=frozenset(_addresses(mail, "To") + _addresses(mail, "Cc")),
        texts=_texts(mail),
    )


def text_of_html(html: str) -> str:
    """Return some HTML as its text is read in a sent mail."""
    return to_text(html, MAX_TEXT_CHARS)


def _header(mail: Message, name: str) -> str:
    return str(mail.get(name, ""))[:MAX_HEADER_CHARS]


def _decoded(value: str) -> str:
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        text = value
    return " ".join(text.split())


def _addresses(mail: Message, name: str) -> list[str]:
    values = [str(value)[:MAX_HEADER_CHARS] for value in mail.get_all(name, [])]
    found = (address.strip().lower() for _, address in getaddresses(values))
    return [address for address in found if _PLAIN.fullmatch(address)]


def _texts(mail: Message) -> tuple[str, ...]:
    found = []
    for _, part in zip(range(MAX_PARTS), mail.walk(), strict=False):
        kind = part.get_content_type()
        is_body = kind in {"text/plain", "text/html"} and not part.get_filename()
        payload = part.get_payload(decode=True) if is_body else None
        if not isinstance(payload, bytes) or not payload.strip():
            continue
        text = _text(payload[: 4 * MAX_HTML_CHARS], part.get_content_charset())
        is_html = kind == "text/html"
        found.append(to_text(text, MAX_TEXT_CHARS) if is_html else text)
    return tuple(text[:MAX_TEXT_CHARS] for text in found)


def _text(payload: bytes, charset: str | None) -> str:
    try:
        return payload.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return payload.decode("utf-8", "replace")
