"""The MIME tree of a mail as a flat list of leaves, each decoded from raw bytes.

Attached mails stay leaves here: they are read again from their own bytes, whether
they came as they are or in base64, so both ways give the same digest and the same
list. mail-parser flattens them and loses nameless parts (known-failures.md).
"""

import binascii
import contextlib
import email
import email.message
import email.utils
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

from worker.adapters.reading import slim, uuencoded
from worker.adapters.reading.headers import HEADER_ERRORS, decode_words, header_text
from worker.adapters.reading.slim import MAX_DEPTH, Slim
from worker.adapters.reading.texts import decode, one_line

MAX_HEADER_CHARS = 64 * 1024
"""Source: reliability.md 4.2."""
MAX_CONTENT_HEADER_CHARS = 4 * 1024
"""Content-Type and its like: the standard library takes quadratic time on their
parameters. Our choice."""
MAX_HEADERS = 2_000
"""Headers kept of one part. Our choice."""
MAX_NAME_CHARS = 1_000
MAX_RESCUES = 2
"""Levels at which a wrong boundary is forgiven. Our choice."""
CHUNK_BYTES = 3 * 256 * 1024

_NOT_BASE64 = bytes(set(range(256)) - set(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
))  # fmt: skip
_REAL_BOUNDARY = re.compile(
    r"^--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-)", re.IGNORECASE | re.MULTILINE
)
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,300})>")
_PERCENT = re.compile(r"(?:%[89a-f][0-9a-f]){2}", re.IGNORECASE)
"""UTF-8 in the manner of a URL, which some mail programs put into a plain name."""
_ENCODINGS = ("base64", "quoted-printable", "uuencode", "x-uue")


class MailPart(email.message.Message):
    """A compat32 part with bounded headers whose attached mails are left whole.

    The parser descends into anything that calls itself `message/...`; `declared_type`
    says what the part really claims to be.
    """

    _declared = ""

    def set_raw(self, name: str, value: str) -> None:
        """Store a header as parsed, within the limits."""
        self._declared = ""
        if len(self) < MAX_HEADERS:
            is_content = name.lower().startswith("content-")
            limit = MAX_CONTENT_HEADER_CHARS if is_content else MAX_HEADER_CHARS
            super().set_raw(name, value[:limit])

    def get_content_type(self) -> str:
        """Return the declared type, but never `message/...`."""
        declared = self.declared_type()
        return "application/octet-stream" if declared[:8] == "message/" else declared

    def declared_type(self) -> str:
        """Return the declared type in lower case."""
        if not self._declared:
            self._declared = super().get_content_type()
        return self._declared

    def stored(self) -> str:
        """Return the payload of a leaf exactly as it was parsed."""
        payload = vars(self).get("_payload")
        return payload if isinstance(payload, str) else ""

    def children(self) -> list["MailPart"]:
        """Return the parts of a multipart."""
        payload = vars(self).get("_payload")
        found = payload if isinstance(payload, list) else []
        return [part for part in found if isinstance(part, MailPart)]


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a mail.

    `alternative` is the path of the multipart/alternative that it is a branch of.
    `filename` is as the sender wrote it, decoded.
    """

    path: str
    declared_type: str
    charset: str | None
    encoding: str
    filename: str
    disposition: str
    content_id: str | None
    alternative: str | None
    encoded: bytes | memoryview

    def chunks(self) -> Iterator[bytes | memoryview]:
        """Yield the decoded content; never raises for what is in it."""
        return decoded(self.encoded, self.encoding)

    def head(self, limit: int) -> bytes:
        """Return at most `limit` decoded bytes from the start."""
        found = bytearray()
        for chunk in self.chunks():
            found += chunk[: limit - len(found)]
            if len(found) >= limit:
                break
        return bytes(found)


@dataclass(frozen=True, slots=True)
class Tree:
    """One mail: its headers (`root`), its leaves in order, and what was cut off."""

    root: MailPart
    leaves: tuple[Part, ...]
    headers_end: int
    defects: tuple[str, ...]


def read(raw: bytes | memoryview) -> Tree:
    """Return the tree of a mail or of an attached mail.

    Raises:
        RecursionError, ValueError, LookupError, AttributeError, TypeError,
        AssertionError: the standard library's parser gave up (HEADER_ERRORS).
    """
    slimmed = slim.cut(raw)
    root = _parsed(slimmed)
    leaves = tuple(_leaves(root, slimmed, path="", alternative=None, depth=0))
    return Tree(root, leaves, slimmed.headers_end, slimmed.defects)


def _parsed(slimmed: Slim) -> MailPart:
    """Return the mail as the standard library parses it.

    It goes through a text line by line; the text of a mail of one part is put behind
    its headers as it is, which comes to the same.
    """
    headers = slimmed.data[: slimmed.body_at]
    if b"multipart" in headers.lower() or not headers.endswith(b"\n"):
        return email.message_from_bytes(slimmed.data, _class=MailPart)
    root = email.message_from_bytes(headers, _class=MailPart)
    text = slimmed.data[slimmed.body_at :].decode("ascii", "surrogateescape")
    root.set_payload(root.stored() + text)
    return root


def decoded(encoded: bytes | memoryview, encoding: str) -> Iterator[bytes | memoryview]:
    """Yield content with its transfer encoding undone, a chunk at a time."""
    if encoding == "base64" and _looks_like_base64(encoded):
        yield from _from_base64(encoded)
    elif encoding == "quoted-printable":
        yield binascii.a2b_qp(encoded)
    elif encoding in {"uuencode", "x-uue"}:
        yield uuencoded.decoded(bytes(encoded))
    else:
        yield encoded


def _leaves(
    part: MailPart, slimmed: Slim, *, path: str, alternative: str | None, depth: int
) -> Iterator[Part]:
    children = part.children() or _rescued(part, depth)
    if not children or depth > MAX_DEPTH:
        yield _leaf(part, slimmed, path or "1", alternative)
        return
    if part.declared_type() == "multipart/alternative":
        alternative = path or "0"
    for number, child in enumerate(children, start=1):
        below = f"{path}.{number}" if path else str(number)
        yield from _leaves(
            child, slimmed, path=below, alternative=alternative, depth=depth + 1
        )


def _rescued(part: MailPart, depth: int) -> list[MailPart]:
    """Return the parts of a multipart whose declared boundary is never used.

    The first line that looks like a boundary in front of a Content- header is taken.
    """
    if depth > MAX_RESCUES or part.get_content_maintype() != "multipart":
        return []
    text = part.stored()
    found = _REAL_BOUNDARY.search(text)
    if found is None:
        return []
    boundary = found.group(1).replace('"', "")
    source = f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n{text}'
    again = email.message_from_string(source, _class=MailPart)
    return again.children()


def _leaf(part: MailPart, slimmed: Slim, path: str, alternative: str | None) -> Part:
    view = _content_headers(part, slimmed.charset)
    content_id = _MESSAGE_ID.search(view.get("content-id", ""))
    return Part(
        path=path,
        declared_type=_leaf_type(part),
        charset=_guarded_param(view, "content-type", "charset") or None,
        encoding=_encoding(view.get("content-transfer-encoding", "")),
        filename=_filename(view),
        disposition=_disposition(view),
        content_id=content_id.group(1) if content_id else None,
        alternative=alternative,
        encoded=slimmed.encoded(part.stored()),
    )


def _leaf_type(part: MailPart) -> str:
    """Return the declared type; a multipart without parts is the text that it holds."""
    declared = part.declared_type()
    if not declared.startswith("multipart/"):
        return declared
    is_html = part.stored()[:200].lstrip()[:1] == "<"
    return "text/html" if is_html else "text/plain"


def _content_headers(part: MailPart, charset: str | None) -> email.message.Message:
    """Return a copy of the Content- headers as clean text, the first of each.

    Raw eight-bit names become text here; from the part itself they would come as
    replacement characters.
    """
    view = email.message.Message()
    for name, value in part.raw_items():
        if name.lower().startswith("content-") and name not in view:
            view[name] = one_line(header_text(value, charset), MAX_CONTENT_HEADER_CHARS)
    return view


def _filename(view: email.message.Message) -> str:
    named = _guarded_param(view, "content-disposition", "filename")
    value = named or _guarded_param(view, "content-type", "name")
    name = decode_words(value)
    if _PERCENT.search(name):
        with contextlib.suppress(UnicodeDecodeError):
            name = urllib.parse.unquote(name, errors="strict")
    return one_line(name, MAX_NAME_CHARS)


def _guarded_param(view: email.message.Message, header: str, name: str) -> str:
    """Return a parameter, RFC 2231 undone, or an empty string."""
    if name not in view.get(header, "").lower():
        return ""
    try:
        value: str | tuple[str | None, str | None, str]
        value = view.get_param(name, "", header)
        if isinstance(value, str):
            return email.utils.unquote(value)
        charset, _, text = value
        return decode(text.encode("latin-1"), charset) if _is_bytes(text) else text
    except HEADER_ERRORS:
        return ""


def _is_bytes(text: str) -> bool:
    """Return whether a decoded parameter is still bytes, one in each character."""
    return all(ord(letter) < 256 for letter in text)  # noqa: PLR2004 - a byte


def _disposition(view: email.message.Message) -> str:
    return view.get("content-disposition", "").partition(";")[0].strip().lower()


def _encoding(value: str) -> str:
    lowered = value.lower()
    return next((name for name in _ENCODINGS if name in lowered), "")


def _looks_like_base64(encoded: bytes | memoryview) -> bool:
    """Return whether the beginning is base64, not plain text under a wrong label."""
    head = bytes(encoded[:4096]).translate(None, b"\r\n")
    strangers = len(head) - len(head.translate(None, _NOT_BASE64))
    return strangers * 20 <= len(head)


def _from_base64(encoded: bytes | memoryview) -> Iterator[bytes]:
    """Yield decoded chunks; strange bytes are skipped and padding ends it.

    Clients repair what is wrong with it, so refusing would hide what a member sees.
    """
    rest = b""
    for start in range(0, len(encoded), CHUNK_BYTES):
        chunk = bytes(encoded[start : start + CHUNK_BYTES])
        clean, padding, _ = (rest + chunk.translate(None, _NOT_BASE64)).partition(b"=")
        whole = len(clean) - len(clean) % 4
        yield binascii.a2b_base64(clean[:whole])
        rest = clean[whole:]
        if padding:
            break
    if len(rest) > 1:
        yield binascii.a2b_base64(rest + b"=" * (4 - len(rest)))
