"""Raw bytes to `domain.mail.Mail` with mail-parser; the only file that imports it.

mail-parser reads the addresses, the Received hops and the date. The MIME tree, its
texts and its files are walked by us (`reading`, `walk`): mail-parser 4.8 loses
nameless parts, flattens attached mails and gives payloads that cannot be decoded
(known-failures.md, traps). Where it raises, the standard library stands in.
"""

import email.message
import email.utils
import hashlib
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from mailparser import MailParser
from mailparser.utils import get_addresses

from worker.adapters.reading import body, forwards, parts, reports
from worker.adapters.reading.digest import content_sha256
from worker.adapters.reading.headers import (
    HEADER_ERRORS,
    all_headers,
    decode_words,
    decoded_text,
    kept_headers,
    message_ids,
    values_of,
)
from worker.adapters.reading.parts import Tree
from worker.adapters.reading.texts import one_line
from worker.adapters.walk import walk
from worker.domain.bounces import DAEMON_PART
from worker.domain.mail import Attachment, AuthResults, FileKind, Hop, Mail
from worker.ports import ReadFailed

MAX_SUBJECT_CHARS = 1_000
MAX_NAME_CHARS = 200
MAX_ADDRESSES = 100
MAX_ADDRESS_CHARS = 254
"""Source: RFC 5321 §4.5.3.1.3."""
MAX_SENDER_HEADERS = 3
MAX_ADDRESS_HEADER_CHARS = 16 * 1024
"""Looked at of From, and of all recipients together: the parsers take quadratic time
on some characters. Our choice."""
MAX_TRACES = 100
"""Received and Authentication-Results headers kept of each. Our choice."""
MAX_AUTH_CHARS = 4_000
MAX_LIBRARY_PARTS = 50
"""Our choice."""
MAX_DEFECTS = 20
YEARS = range(1970, 2200)

_ADDRESS_HEADERS = frozenset(
    ["bcc", "cc", "delivered-to", "from", "reply-to", "sender", "to"]
)
_ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
"""A dot-atom at a host name; what else RFC 5322 allows, nobody claims with."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BY_HOST = re.compile(r"(?:^|\s)by\s+([A-Za-z0-9._:\[\]-]+)", re.IGNORECASE)
_END_OF_FROM = re.compile(r">?(?: ?\([^()<>]*\))?")
_COMMENT = re.compile(r"\([^()]*\)")

# It logs header values when it cannot decode them, and those are personal data.
logging.getLogger("mailparser").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail says it is from. `is_clear` only where there is no doubt at all."""

    addresses: tuple[str, ...]
    name: str
    is_clear: bool


class _Library(MailParser):  # type: ignore[misc]  # it has no types
    """mail-parser without its dictionary of the whole mail, which nobody asks for."""

    def _make_mail(self, complete: bool = True) -> dict[str, object]:  # noqa: FBT001, FBT002 - as it is there
        del complete
        return {}


def parse(raw: bytes | memoryview) -> Mail:
    """Return what one mail says; every text is decoded, clean and bounded.

    Bounded in time and memory: a mail of 50 MB takes its own size and its largest
    attachment, no more.

    Raises:
        ReadFailed: `unreadable`, when even the standard library finds no mail.
    """
    try:
        tree = parts.read(raw)
        headers = all_headers(tree.root)
    except HEADER_ERRORS as error:
        code = "unreadable"
        raise ReadFailed(code, died=False) from error
    return _mail(memoryview(raw), tree, headers)


def files(raw: bytes | memoryview, paths: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of some files of a mail, by the paths that `parse` gave them.

    Raises:
        ReadFailed: see parse.
    """
    try:
        tree = parts.read(raw)
    except HEADER_ERRORS as error:
        code = "unreadable"
        raise ReadFailed(code, died=False) from error
    return walk(tree, body.read(tree.leaves), wanted=frozenset(paths)).kept


def _mail(raw: memoryview, tree: Tree, headers: list[tuple[str, str]]) -> Mail:
    library = _library_view(tree)
    sender = read_sender(values_of(headers, "from"))
    text = body.read(tree.leaves)
    files = walk(tree, text)
    recipients = _recipients(headers)
    inner = forwards.split(text.text, (*recipients, *sender.addresses))
    failed = decoded_text(headers, "x-failed-recipients", MAX_ADDRESS_CHARS)
    library_defects = library.defects_categories if library else {"mailparser_failed"}
    return Mail(
        subject=decoded_text(headers, "subject", MAX_SUBJECT_CHARS),
        from_addresses=sender.addresses,
        from_name=sender.name,
        is_from_clear=sender.is_clear,
        to_addresses=recipients,
        message_id=next(iter(message_ids(values_of(headers, "message-id"))), None),
        in_reply_to=message_ids(values_of(headers, "in-reply-to")),
        references=message_ids(values_of(headers, "references")),
        date_at=_date(library, headers),
        content_type=one_line(tree.root.declared_type(), 100),
        headers=kept_headers(headers),
        hops=_hops(library, headers),
        auth_results=_auth_results(headers),
        text=text.text,
        own_text=inner.own_text,
        attachments=(*files.rows, *_forward_rows(inner.forwards)),
        content_sha256=content_sha256(headers, raw, tree.headers_end),
        reports=reports.read(
            tree.leaves,
            text=text.text,
            is_from_system=bool(failed) or _is_from_system(sender, headers),
            failed=failed,
        ),
        defects=_defects(files.defects | set(library_defects)),
    )


def read_sender(values: Sequence[str]) -> Sender:
    """Return who the From headers name, one entry per mailbox.

    It is clear only with one header, one mailbox, one address that stands there
    plainly, no control characters, and two parsers of one mind: on
    `a@good.com <x@evil.com>` the standard library answers the first and mail-parser
    the second. Source: reliability.md 4.1.
    """
    starts = [v[:MAX_ADDRESS_HEADER_CHARS] for v in values[:MAX_SENDER_HEADERS]]
    found = [pair for value in starts for pair in _pairs(value)]
    addresses = tuple(dict.fromkeys(address for _, address in found))
    second = {
        _address(address) for value in starts for _, address in _standard_pairs(value)
    } - {""}
    is_clear = (
        list(values) == starts
        and len(values) == 1
        and len(found) == 1
        and second == set(addresses)
        and _ADDRESS.fullmatch(addresses[0]) is not None
        and _stands_plainly(addresses[0], values[0])
        and _CONTROLS.search(values[0]) is None
    )
    unseen = tuple(sorted(second.difference(addresses)))
    name = one_line(decode_words(found[0][0]), MAX_NAME_CHARS) if found else ""
    return Sender((*addresses, *unseen)[:MAX_ADDRESSES], name, is_clear)


def _stands_plainly(address: str, value: str) -> bool:
    """Return whether a From is one address, or a name and it in angle brackets.

    What obsolete syntax, groups or encoded words make into an address, others may read
    otherwise; a comment behind it is old but usual. Source: RFC 5322 §3.4, §4.4.
    """
    before, found, behind = " ".join(value.lower().split()).rpartition(address)
    is_bracketed = before.endswith("<") and behind.startswith(">")
    is_alone = not before and behind[:1] in {"", " "}
    return (
        bool(found)
        and "=?" not in address
        and (is_bracketed or is_alone)
        and _END_OF_FROM.fullmatch(behind) is not None
    )


def _library_view(tree: Tree) -> _Library | None:
    """Return mail-parser's view of a mail; None when it cannot even read the headers.

    It gets the headers alone where it fails on the parts, or where there are so many
    that reading their parameters again would take seconds, or so many addresses.
    """
    only_headers = email.message.Message()
    left = MAX_ADDRESS_HEADER_CHARS
    for name, value in tree.root.raw_items():
        is_address = name.lower() in _ADDRESS_HEADERS
        only_headers.set_raw(name, value[:left] if is_address else value)
        left = max(0, left - len(value)) if is_address else left
    is_long = len(tree.leaves) > MAX_LIBRARY_PARTS or not left
    for message in (only_headers,) if is_long else (tree.root, only_headers):
        try:
            return _Library(message)
        except HEADER_ERRORS:
            continue
    return None


@lru_cache(maxsize=100)
def _pairs(value: str) -> tuple[tuple[str, str], ...]:
    """Return the mailboxes of an address header by mail-parser: name and address.

    Most mails name the same recipient.
    """
    try:
        found = get_addresses(value)
    except HEADER_ERRORS:
        found = _standard_pairs(value)
    pairs = ((name, _address(address)) for name, address in found)
    return tuple((name, address) for name, address in pairs if address)


def _standard_pairs(value: str) -> list[tuple[str, str]]:
    try:
        return email.utils.getaddresses([value])
    except HEADER_ERRORS:
        return []


def _address(value: str) -> str:
    address = one_line(value, MAX_ADDRESS_CHARS + 1).lower()
    return address if "@" in address and len(address) <= MAX_ADDRESS_CHARS else ""


def _is_from_system(sender: Sender, headers: Sequence[tuple[str, str]]) -> bool:
    """Return whether a daemon wrote it, or its return path is empty (RFC 5321 §4.5.5).

    Sendmail writes an empty one as MAILER-DAEMON.
    """
    paths = [path.strip(" <>\t") for path in values_of(headers, "return-path")]
    parts = [one.partition("@")[0].lower() for one in (*sender.addresses[:1], *paths)]
    return any(not part or DAEMON_PART.fullmatch(part) for part in parts)


def _recipients(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    left = MAX_ADDRESS_HEADER_CHARS
    for name, value in headers:
        if name in {"to", "cc"} and left > 0:
            found |= dict.fromkeys(address for _, address in _pairs(value[:left]))
            left -= len(value)
    return tuple(found)[:MAX_ADDRESSES]


def _hops(
    library: _Library | None, headers: Sequence[tuple[str, str]]
) -> tuple[Hop, ...]:
    """Return the Received headers, topmost first, as mail-parser reads them.

    What it cannot read gives an empty host, or the instant behind the last `;`.
    """
    at = [n for n, (name, _) in enumerate(headers) if name == "received"]
    # mail-parser lists the first hop first, so from the bottom up.
    known = list(reversed(library.received)) if library else []
    if len(known) != len(at):
        known = [{} for _ in at]
    pairs = list(zip(at, known, strict=True))[:MAX_TRACES]
    return tuple(_hop(position, hop, headers[position][1]) for position, hop in pairs)


def _hop(position: int, hop: dict[str, object], value: str) -> Hop:
    host = str(hop.get("by") or "").partition(" ")[0]
    if not host:
        plain = _COMMENT.sub(" ", value.partition(";")[0])
        found = _BY_HOST.search(plain)
        host = found.group(1) if found else ""
    at = _instant(str(hop.get("date_utc") or ""))
    return Hop(
        position=position,
        by_host=one_line(host, 255).lower().rstrip(".;,"),
        at=_parsed_date(value.rpartition(";")[2]) if at is None else at,
    )


def _auth_results(headers: Sequence[tuple[str, str]]) -> tuple[AuthResults, ...]:
    found = (
        AuthResults(position, one_line(value, MAX_AUTH_CHARS))
        for position, (name, value) in enumerate(headers)
        if name == "authentication-results"
    )
    return tuple(found)[:MAX_TRACES]


def _date(
    library: _Library | None, headers: Iterable[tuple[str, str]]
) -> datetime | None:
    values = values_of(headers, "date")
    if not values:
        return None
    date = library.date if library else None
    return _sane(date) if isinstance(date, datetime) else _parsed_date(values[0])


def _parsed_date(value: str) -> datetime | None:
    """Return a date as the standard library reads it (aware, UTC), or None."""
    try:
        return _sane(email.utils.parsedate_to_datetime(value[:200].strip()))
    except HEADER_ERRORS:
        return None


def _instant(value: str) -> datetime | None:
    try:
        return _sane(datetime.fromisoformat(value))
    except ValueError:
        return None


def _sane(value: datetime) -> datetime | None:
    """Return an instant in UTC; a zone of -0000 means UTC. Source: RFC 5322 §3.3."""
    if value.year not in YEARS:
        return None
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC)


def _forward_rows(found: Sequence[forwards.Forward]) -> Iterable[Attachment]:
    """Return the mails inside the body as files under the paths body, body.2 ..."""
    for number, forward in enumerate(found, start=1):
        data = forward.text.encode("utf-8", "replace")
        yield Attachment(
            path="body" if number == 1 else f"body.{number}",
            filename="",
            media_type="text/plain",
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            kind=FileKind.MAIL,
            is_inline=True,
            text=forward.text,
            mail_subject=forward.subject,
            mail_from=forward.sender,
            mail_date=forward.date,
        )


def _defects(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(one_line(str(defect), 60) for defect in found))[:MAX_DEFECTS]
