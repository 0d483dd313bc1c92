"""IMAPClient behind one door: the connection, the login, FETCH, and what errors mean.

IMAPClient 4.1.0 has traps that are avoided here. It waits for ever unless told not to;
it formats all traffic for a debug log; it attributes a FETCH answer without a UID to
the mail whose UID equals its sequence number, and drops a whole batch for one answer
that it cannot parse. Source: its source, reliability.md 2.9.
"""

import contextlib
import imaplib
import itertools
import logging
import socket
import ssl
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import imapclient
from imapclient.response_parser import parse_fetch_response

from worker.domain.errors import SettingsInvalid
from worker.ports import MailboxGone

PORTS = {"imap": 143, "imap+starttls": 143, "imaps": 993}  # Source: RFC 9051 §2.1
# Source: reliability.md 2.9; IMAPClient's own default is to wait for ever.
CONNECT_TIMEOUT = timedelta(seconds=15)
READ_TIMEOUT = timedelta(seconds=60)
GOODBYE_TIMEOUT_S = 2.0
# A dead peer is noticed after 60 + 4 x 15 s. Source: reliability.md 2.4.
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
ATOM_BREAKERS = frozenset(' "\\(){%*]')  # Source: RFC 9051 §9, atom-specials
# What the two libraries raise, beside their own errors, on lines that no server ought
# to send: found by reading their source and by a scripted server.
GARBLED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)
LIBRARY_ERRORS = (imaplib.IMAP4.error, OSError, *GARBLED)

# First match wins. STARTTLS is the only capability that is insisted on.
CODE_BY_KIND: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((ssl.SSLEOFError, ssl.SSLZeroReturnError), "bye"),
    ((ssl.SSLError, imapclient.exceptions.CapabilityError), "tls"),
    ((TimeoutError,), "timeout"),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), "bye"),
    ((OSError,), "unreachable"),
    ((imaplib.IMAP4.abort,), "bye"),
)
# Source: RFC 5530 for "come back later"; reliability.md 2.6 for what Microsoft 365
# says without a permission on the mailbox.
CODE_BY_WORDS = {
    "[UNAVAILABLE]": "unreachable",
    "[INUSE]": "unreachable",
    "[LIMIT]": "unreachable",
    "[SERVERBUG]": "unreachable",
    "authenticated but not connected": "login_refused",
}

Client = Any  # imapclient.IMAPClient, which has no types


@dataclass(frozen=True, slots=True)
class Account:
    """What a mailbox URL says."""

    security: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for a connection, and for each answer of the server."""

    connect: timedelta = CONNECT_TIMEOUT
    read: timedelta = READ_TIMEOUT


TIMEOUTS = Timeouts()


def parse_url(url: str) -> Account:
    """Return the account that `imap://user:password@host:port/FOLDER` names.

    The scheme may be `imaps` (TLS from the start) or `imap+starttls`; the port is
    then 993 or 143. User, password and folder are percent-decoded; no folder is
    INBOX, and `Entw%C3%BCrfe` is `Entwürfe`.

    Raises:
        SettingsInvalid: all faults together, without the password.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsInvalid(["mailbox URL: host or port is unreadable"]) from error
    faults = [
        fault
        for is_wrong, fault in (
            (parts.scheme not in PORTS, f"the scheme must be {', '.join(PORTS)}"),
            (not parts.hostname, "the host is missing"),
            (not parts.username, "the user is missing"),
            (not parts.password, "the password is missing"),
            (bool(parts.query or parts.fragment), "percent-encode ? and #"),
        )
        if is_wrong
    ]
    if faults:
        raise SettingsInvalid([f"mailbox URL: {fault}" for fault in faults])
    return Account(
        security=parts.scheme,
        host=parts.hostname or "",
        port=PORTS[parts.scheme] if port is None else port,
        user=urllib.parse.unquote(parts.username or ""),
        password=urllib.parse.unquote(parts.password or ""),
        folder=urllib.parse.unquote(parts.path.removeprefix("/")) or "INBOX",
    )


def connect(account: Account, timeouts: Timeouts) -> Client:
    """Return a logged-in client.

    Raises:
        MailboxGone: see `code_of`; nothing is left open.
    """
    for name in ("imapclient", "imaplib"):  # below ERROR they print mail
        logging.getLogger(name).setLevel(logging.ERROR)
    timeout = imapclient.SocketTimeout(
        timeouts.connect.total_seconds(), timeouts.read.total_seconds()
    )
    is_tls = account.security == "imaps"
    try:
        client = imapclient.IMAPClient(
            account.host, account.port, ssl=is_tls, timeout=timeout
        )
    except LIBRARY_ERRORS as error:
        raise MailboxGone(code_of(error)) from error
    # Level 5 formats every literal for a log that nobody reads: 7 times slower on big
    # mails. Source: measured 2026-11-20.
    imaplib_of(client).debug = 0
    try:
        _keep_alive(client.socket())
        if account.security == "imap+starttls":
            client.starttls()
        _log_in(client, account)
    except LIBRARY_ERRORS as error:
        hang_up(client)
        raise MailboxGone(code_of(error)) from error
    return client


def hang_up(client: Client, *, politely: bool = False) -> None:
    """Close the connection, with LOGOUT first if `politely`; never raises."""
    with contextlib.suppress(*LIBRARY_ERRORS):
        if politely:
            client.socket().settimeout(GOODBYE_TIMEOUT_S)
            client.logout()
    with contextlib.suppress(*LIBRARY_ERRORS):
        client.shutdown()


def code_of(error: BaseException) -> str:
    """Return the stable code for an error of imaplib, IMAPClient, ssl or the socket.

    `tls`: no TLS, or a certificate that does not hold. `timeout`: silence.
    `unreachable`: no connection, or the server says that it is not ready now.
    `bye`: the connection ended. `login_refused`: wrong user or password, or no right
    to the mailbox. `protocol`: a command was refused, or an answer makes no sense.
    `no_such_mailbox` is known only where a folder is opened.
    """
    is_login = isinstance(error, imapclient.exceptions.LoginError)
    if is_login and isinstance(error.__context__, imaplib.IMAP4.abort):
        return "bye"  # IMAPClient shows a connection lost at login as a refusal
    for kinds, code in CODE_BY_KIND:
        if isinstance(error, kinds):
            return code
    text = str(error)
    for words, code in CODE_BY_WORDS.items():
        if words in text:
            return code
    return "login_refused" if is_login else "protocol"


def is_refusal(error: Exception) -> bool:
    """Return whether the server said NO; IMAPClient shows it as "... failed"."""
    return isinstance(error, imaplib.IMAP4.error) and " failed: " in str(error)


def imaplib_of(client: Client) -> Any:  # noqa: ANN401 - imaplib's, with IMAPClient's wrappers
    """Return the imaplib object inside, for what IMAPClient does not do well."""
    return client._imap  # noqa: SLF001 - there is no public way


def fetch(
    client: Client, uids: Sequence[int], items: str
) -> dict[int, dict[bytes, Any]]:
    """Return what the server answered for these UIDs, by UID.

    Answers without a UID or for other UIDs are left out, so that no mail gets
    another's body; so are those that cannot be parsed, so that one bad answer does
    not cost the others.

    Raises:
        imaplib.IMAP4.error: the server said NO or BAD, or the connection broke.
    """
    asked = frozenset(uids)
    found: dict[int, dict[bytes, Any]] = {}
    for values in _fetch_answers(client, _uid_set(asked), items):
        uid = values.get(b"UID")
        if uid in asked:
            found.setdefault(uid, {}).update(values)
    return found


def search(client: Client, first_uid: int, last_uid: int) -> set[int]:
    """Return the UIDs that the server answered for a range; check them.

    Raises:
        imaplib.IMAP4.error: the server said NO or BAD, or the connection broke.
    """
    kind, data = imaplib_of(client).uid("SEARCH", "UID", f"{first_uid}:{last_uid}")
    if kind != "OK":
        message = "SEARCH failed: refused"
        raise imaplib.IMAP4.error(message)
    return {int(uid) for line in data if line for uid in line.split()}


def last_uid(client: Client) -> int:
    """Return the highest UID of a mailbox that is not empty."""
    answers = _fetch_answers(client, "*", "(UID)")
    return max(int(values[b"UID"]) for values in answers if b"UID" in values)


def is_buffering(client: Client) -> bool:
    """Return whether something was read from the socket that nobody has looked at.

    The socket alone would not show it: it came in one piece with the last answer, or
    waits inside TLS.
    """
    connection = client.socket()
    timeout = connection.gettimeout()
    connection.settimeout(0)
    try:
        return bool(imaplib_of(client).file.peek(1))
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    finally:
        connection.settimeout(timeout)


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _log_in(client: Client, account: Account) -> None:
    """Log in with LOGIN, or PLAIN where a word does not fit into LOGIN's syntax.

    OAuth, when it comes, goes here.
    """
    words = account.user + account.password
    is_simple = words.isascii() and words.isprintable()
    if is_simple and ATOM_BREAKERS.isdisjoint(account.user):
        client.login(account.user, account.password)
    else:
        client.plain_login(account.user, account.password)


def _fetch_answers(client: Client, uids: str, items: str) -> Iterator[dict[bytes, Any]]:
    kind, data = imaplib_of(client).uid("FETCH", uids, items)
    if kind != "OK":
        message = "FETCH failed: refused"
        raise imaplib.IMAP4.error(message)
    for answer in _answers(data):
        yield from _parse(answer)


def _uid_set(uids: Iterable[int]) -> str:
    """Return a sequence set such as `3,7:9`; long commands are refused by servers."""
    runs = itertools.groupby(enumerate(sorted(uids)), lambda pair: pair[1] - pair[0])
    spans = [[uid for _, uid in run] for _, run in runs]
    return ",".join(
        f"{span[0]}" if len(span) == 1 else f"{span[0]}:{span[-1]}" for span in spans
    )


def _answers(data: list[Any]) -> Iterator[list[Any]]:
    """Yield the pieces of one FETCH answer at a time: (text, literal)…, last text."""
    answer: list[Any] = []
    for piece in data:
        if piece is not None:
            answer.append(piece)
        if isinstance(piece, bytes):
            yield answer
            answer = []


def _parse(answer: list[Any]) -> list[dict[bytes, Any]]:
    """Return the values of one answer; empty if it makes no sense."""
    try:
        parsed = parse_fetch_response(answer, normalise_times=False, uid_is_key=False)
    except (imaplib.IMAP4.error, *GARBLED):
        return []
    return list(parsed.values())
