"""smtplib -> ports.Transport: one reused connection, and every way it can break.

MAIL, RCPT and DATA go out at once where the relay offers that; the final dot is always
sent by itself, because what a failure means depends on whether it had left: before it
the relay has nothing, after it the relay may have everything (RFC 1047).
"""

import contextlib
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from worker.adapters.pace import Pace
from worker.domain.errors import SettingsInvalid
from worker.faults import Point, reach
from worker.ports import Attempt, Delivery

TIMEOUT = timedelta(seconds=30)
ANSWER_TIMEOUT = timedelta(minutes=10)
"""How long silence after the final dot is borne. Source: RFC 5321 §4.5.3.2.6."""
QUIT_TIMEOUT_S = 2.0  # manners only; nothing depends on the answer
DEFAULT_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_CLOSING = 421
_LOGIN_CODES = frozenset({530, 534, 535, 538})  # Source: RFC 4954 §6
_TOO_BIG = 552  # Source: RFC 1870 §6.1
_CONTINUE = 354
_POLICY = re.compile(rb"(?m)^5\.7\.\d")
"""Enhanced code for security and policy. Source: RFC 3463 §3.8."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
"""Plain addresses only: smtplib would take a comment or a name out of others."""
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"(?m)^\.")

_Smtp = smtplib.SMTP


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail is handed over, as a URL says it."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str

    @property
    def is_encrypted(self) -> bool:
        """Return whether nothing but the greeting travels in clear text."""
        return self.scheme != "smtp"


@dataclass(frozen=True, slots=True)
class Probe:
    """What `claims doctor` tells about the relay; `code` is `ok` or what went wrong."""

    code: str
    is_encrypted: bool
    is_login_in_clear: bool
    capabilities: tuple[str, ...] = ()


class SmtpTransport:
    """Sends over one connection; see ports.Transport. One thread, one transport.

    Args:
        url: smtp://, smtp+starttls:// or smtps://, with user:password if needed.
        timeout: for connecting and for every answer but the last.
        answer_timeout: for the answer to the final dot.
        tls: other rules for certificates than the system's; for tests.
        pace: how fast mails may go out, shared by all transports of a process.

    Raises:
        SettingsInvalid: the URL is not one of these.
    """

    def __init__(
        self,
        url: str,
        timeout: timedelta = TIMEOUT,
        *,
        answer_timeout: timedelta = ANSWER_TIMEOUT,
        tls: ssl.SSLContext | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._relay = relay_of(url)
        self._timeout_s = timeout.total_seconds()
        self._answer_timeout_s = max(answer_timeout, timeout).total_seconds()
        self._tls = tls
        self._pace = Pace(None) if pace is None else pace
        self._smtp: _Smtp | None = None

    def send(self, *, envelope_from: str, recipient: str, raw: bytes) -> Attempt:
        """Offer one mail to one recipient. See ports.Transport."""
        if envelope_from and not _ADDRESS.fullmatch(envelope_from):
            return Attempt(Delivery.BLOCKED, "bad_sender")
        if not _ADDRESS.fullmatch(recipient):
            return Attempt(Delivery.REFUSED, "bad_recipient")
        self._pace.wait()
        is_over = False
        try:
            refusal = self._offer_mail(envelope_from, recipient, len(raw))
            attempt = self._hand_over(raw) if refusal is None else refusal
            is_over = True
        finally:
            if (
                not is_over
            ):  # a bug: the next mail must not wait for answers to this one
                self._drop()
        return attempt

    def probe(self) -> Probe:
        """Connect, encrypt and log in, without offering any mail; never raises."""
        relay = self._relay
        in_clear = relay.user is not None and not relay.is_encrypted
        self.close()
        try:
            capabilities = tuple(sorted(self._connect().esmtp_features))
            code = "ok"
        except (OSError, smtplib.SMTPException, ValueError) as error:
            capabilities = ()
            code = attempt_of(error).code
        finally:
            self.close()
        return Probe(code, relay.is_encrypted, in_clear, capabilities)

    def close(self) -> None:
        """QUIT if that is still possible; never raises."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        with contextlib.suppress(OSError, smtplib.SMTPException, ValueError):
            if smtp.sock is not None:
                smtp.sock.settimeout(QUIT_TIMEOUT_S)
                smtp.quit()
        smtp.close()

    def _offer_mail(self, sender: str, recipient: str, size: int) -> Attempt | None:
        """Take a mail up to the open DATA; return why that failed, or None.

        A kept connection may have died meanwhile. Until DATA the relay has nothing,
        so the whole offer is made once more over a new connection.
        """
        was_kept = self._smtp is not None
        failed = self._try_offer(sender, recipient, size)
        is_stale = was_kept and self._smtp is None
        if failed is not None and failed.delivery is Delivery.DEFERRED and is_stale:
            return self._try_offer(sender, recipient, size)
        return failed

    def _try_offer(self, sender: str, recipient: str, size: int) -> Attempt | None:
        try:
            smtp = self._smtp or self._connect()
            announced = f" SIZE={size}" if smtp.has_extn("size") else ""
            return self._command(
                smtp,
                f"MAIL FROM:<{sender}>{announced}",
                f"RCPT TO:<{recipient}>",
                "DATA",
            )
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._drop()
            return attempt_of(error)

    def _command(self, smtp: _Smtp, *commands: str) -> Attempt | None:
        """Give commands up to DATA; return why one was refused, or None.

        They go out at once where the relay takes that. Source: RFC 2920 §3.1.
        """
        is_at_once = smtp.has_extn("pipelining")
        if is_at_once:
            smtp.send("".join(f"{command}\r\n" for command in commands))
        for number, command in enumerate(commands, start=1):
            if not is_at_once:
                smtp.putcmd(command)
            code, text = smtp.getreply()
            if code == _CONTINUE if command == "DATA" else _is_ok(code):
                continue
            ahead = len(commands) - number if is_at_once else 0
            if not self._waits_for_mail(smtp, ahead):
                self._start_over(code)
            is_about_us = number == 1 and code != _TOO_BIG
            return _refusal(code, text, is_about_us=is_about_us)
        return None

    def _waits_for_mail(self, smtp: _Smtp, ahead: int) -> bool:
        """Read the answers that are ahead; drop a connection that wants a mail now.

        Some relays open DATA for nobody: it could not be left without a final dot.
        """
        code = 0
        try:
            for _ in range(ahead):
                code, _text = smtp.getreply()
        except (OSError, smtplib.SMTPException):
            code = _CONTINUE
        if code == _CONTINUE:
            self._drop()
        return code == _CONTINUE

    def _hand_over(self, raw: bytes) -> Attempt:
        """Send the mail and its final dot, and judge the answer to it."""
        smtp = self._smtp
        if smtp is None or smtp.sock is None:
            return Attempt(Delivery.DEFERRED, "disconnected")
        dot_sent = False
        reach(Point.SEND_OFFERED)
        try:
            smtp.send(_stuffed(raw))
            reach(Point.SEND_WRITTEN)
            dot_sent = True
            smtp.sock.settimeout(self._answer_timeout_s)
            smtp.send(b".\r\n")
            reach(Point.SEND_DOTTED)
            code, text = smtp.getreply()
            smtp.sock.settimeout(self._timeout_s)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._drop()
            return attempt_of(error, dot_sent=dot_sent)
        match code // 100:
            case 2:
                reach(Point.SEND_ACCEPTED)
                return Attempt(Delivery.ACCEPTED, str(code))
            case 4 | 5:
                if code == _CLOSING:
                    self._drop()
                return _refusal(code, text)
            case _:
                self._drop()
                return Attempt(Delivery.UNCERTAIN, "garbled")

    def _connect(self) -> _Smtp:
        """Return a new connection that is encrypted and logged in as the URL says."""
        relay = self._relay
        smtp: _Smtp
        reach(Point.SEND_CONNECTING)
        if relay.scheme == "smtps":
            smtp = smtplib.SMTP_SSL(
                relay.host,
                relay.port,
                local_hostname=_own_name(),
                timeout=self._timeout_s,
                context=self._certificates(),
            )
        else:
            smtp = smtplib.SMTP(
                relay.host,
                relay.port,
                local_hostname=_own_name(),
                timeout=self._timeout_s,
            )
        self._smtp = smtp
        if smtp.sock is not None:
            # The final dot is a packet of its own; without this it waits 40 ms.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.ehlo_or_helo_if_needed()
        if relay.scheme == "smtp+starttls":
            if not smtp.has_extn("starttls"):
                message = "the relay offers no STARTTLS"
                raise ssl.SSLError(message)
            smtp.starttls(context=self._certificates())
            smtp.ehlo_or_helo_if_needed()
        if relay.user is not None:
            smtp.login(relay.user, relay.password)
        return smtp

    def _certificates(self) -> ssl.SSLContext:
        """Return rules that verify; smtplib's own do not.

        Source: reliability.md section 3.1.
        """
        return ssl.create_default_context() if self._tls is None else self._tls

    def _start_over(self, code: int) -> None:
        """Make the connection ready for the next mail after a refusal, or drop it."""
        smtp = self._smtp
        if smtp is None:
            return
        if code == _CLOSING or code // 100 not in {4, 5}:
            self._drop()
            return
        try:
            smtp.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def relay_of(url: str) -> Relay:
    """Return the parts of the URL, its user and password decoded.

    Raises:
        SettingsInvalid: names the fault, and no value.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        fault = "CLAIMS_SMTP_URL has a port that is not a number"
        raise SettingsInvalid([fault]) from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        fault = (
            "CLAIMS_SMTP_URL must be smtp://, smtps:// or smtp+starttls:// and a host"
        )
        raise SettingsInvalid([fault])
    return Relay(
        scheme=parts.scheme,
        host=parts.hostname,
        port=DEFAULT_PORTS[parts.scheme] if port is None else port,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
    )


def attempt_of(error: Exception, *, dot_sent: bool = False) -> Attempt:
    """Return what a failure of smtplib, ssl or the socket means for the mail.

    Whatever happens after the final dot is uncertain; before it the relay has
    nothing, and the question is only whether trying again can help.

    Source: reliability.md section 3.1.
    """
    if dot_sent:
        return Attempt(Delivery.UNCERTAIN, _code(error))
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()), (0, b""))
            return _refusal(code, text)
        case smtplib.SMTPDataError():
            return _refusal(error.smtp_code, _bytes(error.smtp_error))
        case (
            smtplib.SMTPAuthenticationError()
            | smtplib.SMTPConnectError()
            | smtplib.SMTPHeloError()
            | smtplib.SMTPSenderRefused()
        ):
            text = _bytes(error.smtp_error)
            return _refusal(error.smtp_code, text, is_about_us=True)
        # A certificate that does not verify is an OSError and a ValueError at once.
        case (
            smtplib.SMTPServerDisconnected()
            | smtplib.SMTPResponseException()
            | ssl.SSLError()
        ):
            delivery, reason = Delivery.DEFERRED, _code(error)
        case smtplib.SMTPException() | ValueError():
            # The relay takes no login of a kind that we have, or none like ours.
            delivery, reason = Delivery.BLOCKED, "login"
        case _:
            delivery, reason = Delivery.DEFERRED, _code(error)
    return Attempt(delivery, reason)


def _code(error: BaseException) -> str:
    """Return the stable code of a failure; smtplib hides a timeout as its context."""
    match error:
        case smtplib.SMTPServerDisconnected():
            is_timeout = isinstance(error.__context__, TimeoutError)
            return "timeout" if is_timeout else "disconnected"
        case smtplib.SMTPResponseException():
            return str(error.smtp_code)
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls"
        case ConnectionResetError() | BrokenPipeError():
            return "disconnected"
        case _:
            return "unreachable"


def _refusal(code: int, text: bytes, *, is_about_us: bool = False) -> Attempt:
    """Return what a reply other than yes means; `is_about_us` closes the channel."""
    match code // 100:
        case 4:
            return Attempt(Delivery.DEFERRED, str(code))
        case 5:
            is_ours = is_about_us or code in _LOGIN_CODES or _POLICY.search(text)
            delivery = Delivery.BLOCKED if is_ours else Delivery.REFUSED
            return Attempt(delivery, str(code))
        case _:
            return Attempt(Delivery.DEFERRED, "garbled")


def _is_ok(code: int) -> bool:
    """Return whether it is 250, 251 or 252."""
    return code // 10 == 25  # noqa: PLR2004 - RFC 5321 §4.2.1


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")


def _stuffed(raw: bytes) -> bytes:
    """Return the mail as DATA wants it: CRLF throughout, leading dots doubled.

    A bare CR or LF would let a lenient relay see the end of the mail elsewhere.

    Source: RFC 5321 §2.3.8 and §4.5.2.
    """
    lines = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\r\n", raw))
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _own_name() -> str:
    """Return our name for EHLO without asking DNS, which can take seconds."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
