"""What the demo's mail exchanger does to a mail that it takes: it stamps it.

A real exchanger checks SPF, DKIM and DMARC; this one looks at the name with which the
sending server says hello. `mail.example` may write as anybody at mail.example and as
nobody else; domains under `plain.example` publish no policy. A mail from a mail program
of this machine passes, so that a mail can be sent by hand.
"""

import re
from datetime import datetime
from email.parser import BytesHeaderParser
from email.utils import format_datetime, parseaddr

HOST = "mx.demo.example"
"""The exchanger's name, and the authserv-id of its results. Source: RFC 8601 §2.5."""
SAMPLE_DOMAIN = "example"
"""No real domain ends so. Source: RFC 2606 §2."""
WITHOUT_POLICY = "plain.example"

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_RESULTS = re.compile(
    rb"^authentication-results[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_CRLF = re.compile(rb"\r\n|\r|\n")


def stamp(raw: bytes, *, envelope_from: str, helo: str, at: datetime) -> bytes:
    """Return the mail as it is delivered: with our headers on top, CRLF throughout.

    What the mail brought along in the name of our own results is taken out, since
    anybody can write it. Source: RFC 8601 §5.

    Args:
        raw: what came after DATA.
        envelope_from: MAIL FROM; empty for the null path.
        helo: the name that the client gave itself.
        at: when it came.
    """
    found = _HEADER_END.search(raw)
    border = found.start() if found else len(raw)
    head = _RESULTS.sub(_unless_ours, raw[:border])
    sender = BytesHeaderParser().parsebytes(head).get("From", "")
    domain = parseaddr(str(sender))[1].rpartition("@")[2].lower()
    name = _plain(helo)
    own = (
        f"Return-Path: <{_plain(envelope_from)}>\n"
        f"Received: from {name} ({name} [127.0.0.1]) by {HOST} with ESMTP;"
        f" {format_datetime(at)}\n"
        f"Authentication-Results: {HOST}; {results(domain, helo=name)}\n"
    )
    return _CRLF.sub(b"\r\n", own.encode("ascii", "replace") + head + raw[border:])


def results(domain: str, *, helo: str) -> str:
    """Return what the exchanger finds out about a From domain."""
    domain, helo = _plain(domain) or "unknown", helo.lower()
    if _is_under(domain, WITHOUT_POLICY):
        return f"dmarc=none header.from={domain}"
    is_sample = _is_under(helo, SAMPLE_DOMAIN)
    verdict = "fail" if is_sample and not _is_under(helo, domain) else "pass"
    return (
        f"spf={verdict} smtp.helo={helo}; dkim={verdict} header.d={domain};"
        f" dmarc={verdict} header.from={domain}"
    )


def _unless_ours(header: re.Match[bytes]) -> bytes:
    return b"" if HOST.encode() in header[0].lower() else header[0]


def _is_under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _plain(text: str) -> str:
    """Return a name that can stand in a header: nothing that breaks out of it."""
    return re.sub(r"[^A-Za-z0-9.:_=+@-]", "", text)
