"""The digest that tells whether two mails are the same content."""

import hashlib
import re
from collections.abc import Iterable

CONTENT_HEADERS = frozenset(
    [
        "bcc",
        "cc",
        "content-description",
        "content-disposition",
        "content-id",
        "content-language",
        "content-transfer-encoding",
        "content-type",
        "date",
        "from",
        "in-reply-to",
        "message-id",
        "mime-version",
        "references",
        "reply-to",
        "sender",
        "subject",
        "to",
    ]
)
"""What the sender said. All else is left out: Received, Return-Path, Delivered-To,
X-Original-To, Envelope-To, Authentication-Results, Received-SPF, ARC-*, DKIM-*,
X-Spam-*, X-Received, X-Google-*, X-MS-Exchange-* and whatever the next relay invents.
An allow-list, because no list of trace headers is ever complete."""

CHUNK_BYTES = 1024 * 1024
_SPACES = re.compile(r"\s+")


def content_sha256(
    headers: Iterable[tuple[str, str]], raw: bytes | memoryview, headers_end: int
) -> str:
    """Return the SHA-256 of a mail's content in hex, whatever way it came by.

    Content headers in their order, white space runs made one space; then the body as
    it was sent, line ends folded to LF, without line ends at its end. Message-ID and
    Date count: a mail that a person sends again is another mail.

    Source: DESIGN section 4 (duplicate), RFC 6376 §3.4 (relaxed).
    """
    digest = hashlib.sha256()
    for name, value in headers:
        if name in CONTENT_HEADERS:
            text = f"{name}:{_SPACES.sub(' ', value).strip()}\n"
            digest.update(text.encode("utf-8", "surrogatepass"))
    digest.update(b"\n")
    held = b""
    for start in range(headers_end, len(raw), CHUNK_BYTES):
        chunk = held + bytes(raw[start : start + CHUNK_BYTES])
        body = chunk.rstrip(b"\r\n")
        held = chunk[len(body) :]
        digest.update(b"\n".join(body.split(b"\r\n")))  # faster than replacing
    return digest.hexdigest()
