"""A mail made anew with everything exchanged in it, down to the files of its files."""

import base64
import io
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.generator import BytesGenerator
from email.header import Header, decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import formataddr, getaddresses
from typing import Any

import pypdfium2

from bench.variant.exchange import Exchange
from tests.fixtures.mail.papers import pdf_of

ADDRESS_HEADERS = frozenset({"from", "to", "cc", "reply-to", "sender"})
MIME_HEADERS = ("content-", "mime-version")
MAIL_POLICY = compat32.clone(linesep="\r\n", max_line_length=None)
_MADE_AT = (2026, 11, 18, 16, 2, 10)
TEXTS = frozenset({"xml", "txt", "html", "htm", "csv", "rels"})


def texts(raw: bytes) -> Iterator[str]:
    """Yield what a mail says, with the senders of its mails as lines, to learn from."""
    for part in message_from_bytes(raw).walk():
        sender = str(make_header(decode_header(part["From"] or "")))
        yield f"From: {sender}"
        if part.is_multipart():
            continue
        data = _bytes_of(part)
        if part.get_content_maintype() == "text":
            yield data.decode(part.get_content_charset() or "utf-8", "replace")
        elif data.startswith(b"%PDF"):
            yield "\n".join(_pdf_lines(data) or ())


def rewritten(raw: bytes, exchange: Exchange) -> bytes:
    """Return the mail with everything exchanged; the same mail gives the same bytes."""
    mail = message_from_bytes(raw)
    _rewrite(mail, exchange)
    held = io.BytesIO()
    BytesGenerator(held, mangle_from_=False, policy=MAIL_POLICY).flatten(mail)
    return held.getvalue()


def _rewrite(part: Message, exchange: Exchange) -> None:
    _rewrite_headers(part, exchange)
    name = part.get_filename()
    if name is not None:
        fresh = exchange.filename(name)
        value: Any = fresh if fresh.isascii() else ("utf-8", "", fresh)
        if part["Content-Disposition"] is not None:
            part.set_param(
                "filename", value, header="Content-Disposition", replace=True
            )
        if part.get_param("name") is not None:
            part.set_param("name", value, replace=True)
    if part.is_multipart():
        for inner in part.get_payload():
            if isinstance(inner, Message):
                _rewrite(inner, exchange)
    elif part.get_content_maintype() == "text":
        _set_text(part, exchange)
    else:
        data = _bytes_of(part)
        fresh_data = rewritten_file(data, exchange)
        if fresh_data != data:
            _set_bytes(part, fresh_data)


def _rewrite_headers(part: Message, exchange: Exchange) -> None:
    fresh = []
    for name, value in part.items():
        if not name.lower().startswith(MIME_HEADERS):
            value = _header(name.lower(), str(value), exchange)  # noqa: PLW2901
        fresh.append((name, value))
    for name in set(part.keys()):
        del part[name]
    for name, value in fresh:
        part[name] = value


def _header(name: str, value: str, exchange: Exchange) -> str:
    is_encoded = "=?" in value
    words = exchange.text(str(make_header(decode_header(value))))
    if name in ADDRESS_HEADERS:
        pairs = getaddresses([words])
        return ", ".join(formataddr(pair) if pair[0] else pair[1] for pair in pairs)
    if is_encoded or not words.isascii():
        return Header(words, "utf-8", maxlinelen=10_000).encode()
    return words


def _set_text(part: Message, exchange: Exchange) -> None:
    charset = part.get_content_charset() or "utf-8"
    words = _bytes_of(part).decode(charset, "replace")
    del part["Content-Transfer-Encoding"]
    part.set_payload(exchange.text(words), "utf-8")


def _set_bytes(part: Message, data: bytes) -> None:
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(data).decode("ascii"))


def _bytes_of(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


# -- files --------------------------------------------------------------------------


def rewritten_file(data: bytes, exchange: Exchange) -> bytes:
    """Return a file with everything exchanged; a picture or a locked file stays."""
    if data.startswith(b"%PDF"):
        lines = _pdf_lines(data)
        if not lines:
            return data
        return pdf_of(tuple(exchange.text(line) for line in lines))
    if data.startswith(b"PK\x03\x04"):
        return _rewritten_zip(data, exchange)
    return data


def _rewritten_zip(data: bytes, exchange: Exchange) -> bytes:
    """Return a zip, or an office file, with its members exchanged."""
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        is_office = "[Content_Types].xml" in old.namelist()
        for info in old.infolist():
            inner = old.read(info)
            ending = info.filename.rpartition(".")[2].lower()
            if ending in TEXTS:
                inner = exchange.text(inner.decode()).encode()
            elif ending == "eml":
                inner = rewritten(inner, exchange)
            else:
                inner = rewritten_file(inner, exchange)
            names = info.filename.split("/")
            if not is_office:
                names = [exchange.filename(name) for name in names]
            new.writestr(zipfile.ZipInfo("/".join(names), _MADE_AT), inner)
    return held.getvalue()


def _pdf_lines(data: bytes) -> list[str] | None:
    """Return the lines of a PDF; None where it is locked, none where it is a scan."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return None
    pages = (page.get_textpage().get_text_bounded() for page in document)
    lines = (
        "\n".join(pages).replace("\ufffe\r\n", "-").replace("\ufffe", "-").splitlines()
    )
    document.close()
    return lines
