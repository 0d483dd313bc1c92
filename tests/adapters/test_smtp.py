"""worker/adapters/smtp.py: every way in which handing over a mail can end."""

import inspect
import shutil
import smtplib
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest

from tests.services import Script, SmtpSink, free_port
from worker import faults
from worker.adapters.smtp import TIMEOUT, SmtpTransport, attempt_of, relay_of
from worker.domain.errors import SettingsInvalid
from worker.ports import Attempt, Delivery

SENDER, MEMBER = "claims@logistics.example", "lena@mail.example"
RAW = b"Subject: hello\r\n\r\nHello\r\n.a line that begins with a dot\r\n"
BIG = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * 1_000_000
Answer = bytes | tuple[bytes, ...]
CUT = b"cut"
SILENT = b"silent"
YES = b"250 2.0.0 OK"
POLITE: dict[str, Answer] = {
    "greeting": b"220 relay.test ESMTP",
    "EHLO": b"250-relay.test\r\n250 SIZE 1000000",
    "MAIL": YES,
    "RCPT": YES,
    "DATA": b"354 go ahead",
    "dot": YES,
    "RSET": YES,
    "QUIT": b"221 bye",
    "STARTTLS": b"220 go ahead",
    "AUTH": b"235 2.7.0 welcome",
}


@dataclass
class Relay:
    """A tiny SMTP server that answers by a table, one for each connection.

    The last table serves all later connections. Of several answers to one command
    each is used once, and the last from then on. `CUT` resets the connection in the
    place of an answer, `SILENT` never answers.
    """

    tables: Sequence[Mapping[str, Answer]]
    tls: ssl.SSLContext | None = None
    is_tls_at_once: bool = False
    talk: "type[Talk] | None" = None
    mails: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            table = self.tables[min(self.connections, len(self.tables) - 1)]
            self.connections += 1
            connection.settimeout(5)
            talk = (self.talk or Talk)(self, connection, dict(table))
            with suppress(OSError, StopIteration):
                talk.run()
            talk.connection.close()


class Talk:
    """One connection to the relay; StopIteration ends it."""

    def __init__(
        self, relay: Relay, connection: socket.socket, table: dict[str, Answer]
    ) -> None:
        self.relay = relay
        self.connection = connection
        self.table = POLITE | table

    def run(self) -> None:
        if self.relay.is_tls_at_once:
            self._encrypt()
        self._lines = self.connection.makefile("rb")
        self._answer("greeting")
        while line := self._lines.readline():
            self.relay.commands.append(line.decode().strip())
            verb = line.decode().split()[0].upper()
            answer = self._answer(verb)
            if verb == "STARTTLS":
                self._encrypt()
                self._lines = self.connection.makefile("rb")
            elif verb == "DATA" and answer.startswith(b"354"):
                self._take_mail()

    def _take_mail(self) -> None:
        if "body" in self.table:
            self._answer("body")
        content = b""
        while (line := self._lines.readline()) != b".\r\n":
            if not line:
                raise StopIteration
            content += line
        self.relay.mails.append(content)
        self._answer("dot")

    def _answer(self, verb: str) -> bytes:
        answer = self.table[verb]
        if isinstance(answer, tuple):
            answer, *rest = answer
            self.table[verb] = tuple(rest) or answer
        if answer == CUT:
            now = struct.pack("ii", 1, 0)  # a reset instead of a farewell
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            self._lines.close()
            raise StopIteration
        if answer == SILENT:
            self.relay.done.wait(5)
            raise StopIteration
        self.connection.sendall(answer + b"\r\n")
        return answer

    def _encrypt(self) -> None:
        assert self.relay.tls is not None
        self.connection = self.relay.tls.wrap_socket(self.connection, server_side=True)


def send(transport: SmtpTransport, raw: bytes = RAW) -> Attempt:
    return transport.send(envelope_from=SENDER, recipient=MEMBER, raw=raw)


def try_once(table: Mapping[str, Answer], raw: bytes = RAW) -> Attempt:
    with Relay([table]) as relay, transport_to(relay) as transport:
        return send(transport, raw)


def transport_to(
    relay: Relay,
    scheme: str = "smtp",
    login: str = "",
    tls: ssl.SSLContext | None = None,
) -> closing[SmtpTransport]:
    return closing(
        SmtpTransport(
            f"{scheme}://{login}localhost:{relay.port}",
            timedelta(seconds=1),
            answer_timeout=timedelta(seconds=1),
            tls=tls,
        )
    )


# -- how one attempt ends -----------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "delivery", "code"),
    [
        pytest.param({}, Delivery.ACCEPTED, "250", id="accepted"),
        pytest.param({"RCPT": b"251 will forward"}, Delivery.ACCEPTED, "250", id="251"),
        pytest.param(
            {"greeting": b"421 busy"}, Delivery.DEFERRED, "421", id="greeting-421"
        ),
        pytest.param(
            {"greeting": b"554 not for you"}, Delivery.BLOCKED, "554", id="greeting-554"
        ),
        pytest.param(
            {"greeting": b"hello?"}, Delivery.DEFERRED, "garbled", id="greeting-garbled"
        ),
        pytest.param(
            {"greeting": CUT}, Delivery.DEFERRED, "disconnected", id="greeting-cut"
        ),
        pytest.param(
            {"greeting": SILENT}, Delivery.DEFERRED, "timeout", id="greeting-silent"
        ),
        pytest.param({"EHLO": CUT}, Delivery.DEFERRED, "disconnected", id="ehlo-cut"),
        pytest.param(
            {"EHLO": b"500 what?", "HELO": b"550 no"},
            Delivery.BLOCKED,
            "550",
            id="helo-550",
        ),
        pytest.param({"MAIL": b"451 later"}, Delivery.DEFERRED, "451", id="mail-451"),
        pytest.param(
            {"MAIL": b"550 not this sender"}, Delivery.BLOCKED, "550", id="mail-550"
        ),
        pytest.param({"MAIL": b"530 log in"}, Delivery.BLOCKED, "530", id="mail-530"),
        pytest.param(
            {"MAIL": b"552 5.3.4 too big"}, Delivery.REFUSED, "552", id="mail-552"
        ),
        pytest.param({"RCPT": b"450 grey"}, Delivery.DEFERRED, "450", id="rcpt-450"),
        pytest.param(
            {"RCPT": b"550 5.1.1 nobody"}, Delivery.REFUSED, "550", id="rcpt-550"
        ),
        pytest.param(
            {"RCPT": b"550-no\r\n550 5.1.1 nobody"},
            Delivery.REFUSED,
            "550",
            id="rcpt-550-two-lines",
        ),
        pytest.param(
            {"RCPT": b"554 5.7.1 relay access denied"},
            Delivery.BLOCKED,
            "554",
            id="rcpt-5.7.1",
        ),
        pytest.param({"RCPT": b"xyz"}, Delivery.DEFERRED, "garbled", id="rcpt-garbled"),
        pytest.param({"RCPT": CUT}, Delivery.DEFERRED, "disconnected", id="rcpt-cut"),
        pytest.param({"RCPT": SILENT}, Delivery.DEFERRED, "timeout", id="rcpt-silent"),
        pytest.param({"DATA": b"451 later"}, Delivery.DEFERRED, "451", id="data-451"),
        pytest.param({"DATA": b"554 no"}, Delivery.REFUSED, "554", id="data-554"),
        pytest.param({"DATA": YES}, Delivery.DEFERRED, "garbled", id="data-250"),
        pytest.param({"DATA": CUT}, Delivery.DEFERRED, "disconnected", id="data-cut"),
        pytest.param({"dot": b"452 full"}, Delivery.DEFERRED, "452", id="dot-452"),
        pytest.param({"dot": b"421 closing"}, Delivery.DEFERRED, "421", id="dot-421"),
        pytest.param({"dot": b"552 too big"}, Delivery.REFUSED, "552", id="dot-552"),
        pytest.param({"dot": b"554 5.7.1 spam"}, Delivery.BLOCKED, "554", id="dot-5.7"),
        pytest.param({"dot": CUT}, Delivery.UNCERTAIN, "disconnected", id="dot-cut"),
        pytest.param({"dot": SILENT}, Delivery.UNCERTAIN, "timeout", id="dot-silent"),
        pytest.param({"dot": b"??"}, Delivery.UNCERTAIN, "garbled", id="dot-garbled"),
        pytest.param(
            {"dot": b"250 " + b"x" * 9000}, Delivery.UNCERTAIN, "500", id="dot-too-long"
        ),
    ],
)
def test_an_answer_or_a_break_means_this(
    table: Mapping[str, Answer], delivery: Delivery, code: str
) -> None:
    assert try_once(table) == Attempt(delivery, code)


def test_a_break_while_the_body_is_sent_leaves_the_relay_with_nothing() -> None:
    with Relay([{"body": CUT}]) as relay, transport_to(relay) as transport:
        attempt = send(transport, BIG)

        assert attempt == Attempt(Delivery.DEFERRED, "disconnected")
        assert relay.mails == []


@pytest.mark.slow
def test_a_relay_that_stops_reading_the_body_is_a_timeout_before_the_dot() -> None:
    with Relay([{"body": SILENT}]) as relay, transport_to(relay) as transport:
        attempt = send(transport, BIG * 8)

        assert attempt == Attempt(Delivery.DEFERRED, "timeout")


def test_nobody_listening_is_unreachable() -> None:
    with closing(SmtpTransport(f"smtp://127.0.0.1:{free_port()}")) as transport:
        assert send(transport) == Attempt(Delivery.DEFERRED, "unreachable")


@pytest.mark.parametrize(
    "recipient",
    ["", "x", "a@b\r\nRSET", "a b@c", "a(comment)@c.example", "<a@b>", "ü@c.example"],
)
def test_an_address_that_smtplib_would_change_is_refused_unsent(recipient: str) -> None:
    with Relay([{}]) as relay, transport_to(relay) as transport:
        attempt = transport.send(envelope_from=SENDER, recipient=recipient, raw=RAW)

        assert attempt == Attempt(Delivery.REFUSED, "bad_recipient")
        assert relay.connections == 0


def test_a_bad_sender_of_ours_blocks_the_channel() -> None:
    with closing(SmtpTransport("smtp://127.0.0.1:1")) as transport:
        attempt = transport.send(envelope_from="not ours", recipient=MEMBER, raw=RAW)

    assert attempt == Attempt(Delivery.BLOCKED, "bad_sender")


# -- one connection for many mails --------------------------------------------------


def test_many_mails_go_over_one_connection() -> None:
    with Relay([{}]) as relay, transport_to(relay) as transport:
        attempts = [send(transport).delivery for _ in range(5)]

        assert attempts == [Delivery.ACCEPTED] * 5
        assert relay.connections == 1
        assert len(relay.mails) == 5


def test_a_refused_recipient_does_not_spoil_the_connection() -> None:
    nobody = {"RCPT": (b"550 5.1.1 nobody", YES)}
    with Relay([nobody]) as relay, transport_to(relay) as transport:
        first, second = send(transport), send(transport)

        assert first.delivery is Delivery.REFUSED
        assert second.delivery is Delivery.ACCEPTED
        assert relay.connections == 1


AT_ONCE: dict[str, Answer] = {
    "EHLO": b"250-relay.test\r\n250-PIPELINING\r\n250 SIZE 1000000"
}
REFUSES: dict[str, Answer] = {"RCPT": (b"550 5.1.1 no such user", YES)}


def test_where_the_relay_offers_it_the_commands_go_out_at_once() -> None:
    class Late(Talk):
        """Answers nothing before it has all three commands."""

        def run(self) -> None:
            self._lines = self.connection.makefile("rb")
            self._answer("greeting")
            self._lines.readline()
            self._answer("EHLO")
            commands = [self._lines.readline().split()[0] for _ in range(3)]
            assert commands == [b"MAIL", b"RCPT", b"DATA"]
            for verb in ("MAIL", "RCPT", "DATA"):
                self._answer(verb)
            self._take_mail()
            self.relay.done.wait(5)

    with Relay([AT_ONCE], talk=Late) as relay, transport_to(relay) as transport:
        assert send(transport) == Attempt(Delivery.ACCEPTED, "250")
        relay.done.set()

    assert len(relay.mails) == 1


def test_commands_at_once_mean_the_same_as_one_by_one() -> None:
    refusals: list[dict[str, Answer]] = [
        {"MAIL": b"552 5.3.4 too big", "RCPT": b"503 no", "DATA": b"503 no"},
        {"MAIL": b"550 5.1.8 you", "RCPT": b"503 no", "DATA": b"503 no"},
        {"RCPT": b"450 later", "DATA": b"554 nobody"},
        {"DATA": b"451 later"},
    ]

    for table in refusals:
        assert try_once(AT_ONCE | table) == try_once(table)


@pytest.mark.parametrize("data", [b"554 5.5.1 no valid recipients", b"354 go ahead"])
def test_a_recipient_refused_among_commands_at_once_spoils_no_other_mail(
    data: bytes,
) -> None:
    table = AT_ONCE | REFUSES | {"DATA": (data, b"354 go ahead")}
    with Relay([table, AT_ONCE]) as relay, transport_to(relay) as transport:
        assert send(transport) == Attempt(Delivery.REFUSED, "550")
        assert send(transport) == Attempt(Delivery.ACCEPTED, "250")

    assert len(relay.mails) == 1


@pytest.mark.parametrize("end", [CUT, b"421 idle too long"])
def test_a_connection_that_died_while_idle_is_opened_again(end: bytes) -> None:
    with Relay([{"MAIL": (YES, end)}, {}]) as relay, transport_to(relay) as transport:
        assert send(transport).delivery is Delivery.ACCEPTED
        assert send(transport) == Attempt(Delivery.ACCEPTED, "250")

        assert relay.connections == 2
        assert len(relay.mails) == 2


def test_a_new_connection_that_fails_is_not_tried_twice() -> None:
    with Relay([{"MAIL": b"421 go away"}]) as relay, transport_to(relay) as transport:
        assert send(transport) == Attempt(Delivery.DEFERRED, "421")
        assert relay.connections == 1


def test_after_an_uncertain_end_the_next_mail_takes_a_new_connection() -> None:
    with Relay([{"dot": CUT}, {}]) as relay, transport_to(relay) as transport:
        assert send(transport).delivery is Delivery.UNCERTAIN
        assert send(transport).delivery is Delivery.ACCEPTED
        assert relay.connections == 2


def test_close_says_quit_and_may_be_called_twice() -> None:
    with Relay([{}]) as relay, transport_to(relay) as transport:
        send(transport)
        transport.close()
        transport.close()

        assert relay.commands[-1] == "quit"


# -- the bytes ----------------------------------------------------------------------


def test_dots_are_doubled_and_bare_line_ends_cannot_end_the_mail() -> None:
    with Relay([{}]) as relay, transport_to(relay) as transport:
        send(transport, b"a\n.\nMAIL FROM:<x@y>\r.\r\n.b")

        assert relay.mails == [b"a\r\n..\r\nMAIL FROM:<x@y>\r\n..\r\n..b\r\n"]


def test_the_size_is_announced_where_the_relay_asks_for_it() -> None:
    with Relay([{}]) as relay, transport_to(relay) as transport:
        send(transport)

        offered = f"mail from:<{SENDER}> size={len(RAW)}"
        assert offered in map(str.lower, relay.commands)


# -- TLS and login ------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    subprocess.run(  # noqa: S603 - fixed words
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-out", str(path)),
            *("-keyout", str(path.with_suffix(".key"))),
        ],
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


@pytest.fixture(params=["smtps", "smtp+starttls"])
def tls_relay(
    request: pytest.FixtureRequest, server_tls: ssl.SSLContext
) -> Iterator[tuple[str, Relay]]:
    offers = {"EHLO": b"250-relay.test\r\n250-AUTH PLAIN\r\n250 STARTTLS"}
    is_tls_at_once = request.param == "smtps"
    with Relay([offers], server_tls, is_tls_at_once) as relay:
        yield request.param, relay


def test_a_certificate_that_is_trusted_lets_mail_through(
    tls_relay: tuple[str, Relay], certificate: Path
) -> None:
    scheme, relay = tls_relay
    trusted = ssl.create_default_context(cafile=certificate)

    with transport_to(relay, scheme, "bob:s%40fe@", trusted) as transport:
        assert send(transport) == Attempt(Delivery.ACCEPTED, "250")

    assert "AUTH PLAIN AGJvYgBzQGZl" in relay.commands  # NUL bob NUL s@fe


def test_a_certificate_that_is_not_trusted_sends_nothing(
    tls_relay: tuple[str, Relay],
) -> None:
    scheme, relay = tls_relay

    with transport_to(relay, scheme) as transport:
        assert send(transport) == Attempt(Delivery.DEFERRED, "tls")

    assert relay.mails == []


def test_starttls_that_is_not_offered_is_never_left_out() -> None:
    with Relay([{}]) as relay, transport_to(relay, "smtp+starttls") as transport:
        assert send(transport) == Attempt(Delivery.DEFERRED, "tls")

    assert not any(command.startswith("mail") for command in relay.commands)


AUTH_OFFERED: dict[str, Answer] = {"EHLO": b"250-relay.test\r\n250 AUTH PLAIN"}


@pytest.mark.parametrize(
    ("table", "login", "attempt"),
    [
        pytest.param(
            {"AUTH": b"535 5.7.8 wrong"},
            "bob:x@",
            Attempt(Delivery.BLOCKED, "535"),
            id="535",
        ),
        pytest.param(
            {"AUTH": b"454 4.7.0 later"},
            "bob:x@",
            Attempt(Delivery.DEFERRED, "454"),
            id="454",
        ),
        pytest.param(
            {"EHLO": b"250 relay.test"},
            "bob:x@",
            Attempt(Delivery.BLOCKED, "login"),
            id="not-offered",
        ),
        pytest.param(
            {"EHLO": b"250-relay.test\r\n250 AUTH GSSAPI"},
            "bob:x@",
            Attempt(Delivery.BLOCKED, "login"),
            id="no-way-that-we-know",
        ),
        pytest.param(
            {}, "bob:%C3%BC@", Attempt(Delivery.BLOCKED, "login"), id="not-ascii"
        ),
    ],
)
def test_a_login_that_fails_blocks_the_channel_unless_it_is_for_now(
    table: Mapping[str, Answer], login: str, attempt: Attempt
) -> None:
    relay = Relay([{**AUTH_OFFERED, **table}])
    with relay, transport_to(relay, login=login) as transport:
        assert send(transport) == attempt


# -- all that can be raised ---------------------------------------------------------


def every_failure() -> Iterator[Exception]:
    """Give one of each exception class of smtplib, ssl and socket."""
    for module in (smtplib, ssl, socket):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, smtplib.SMTPRecipientsRefused):
                yield kind({MEMBER: (550, b"5.1.1 nobody")})
            elif issubclass(kind, smtplib.SMTPSenderRefused):
                yield kind(550, b"no", SENDER)
            elif issubclass(kind, smtplib.SMTPResponseException):
                yield kind(550, b"no")
            elif issubclass(kind, Exception):
                yield kind()


@pytest.mark.parametrize("error", list(every_failure()), ids=lambda e: type(e).__name__)
def test_after_the_final_dot_every_failure_is_uncertain(error: Exception) -> None:
    assert attempt_of(error, dot_sent=True).delivery is Delivery.UNCERTAIN


@pytest.mark.parametrize("error", list(every_failure()), ids=lambda e: type(e).__name__)
def test_before_the_final_dot_no_failure_is_uncertain(error: Exception) -> None:
    attempt = attempt_of(error)

    assert attempt.delivery not in {Delivery.UNCERTAIN, Delivery.ACCEPTED}
    assert attempt.code.isalnum()


@pytest.mark.parametrize(
    ("error", "delivery"),
    [
        (smtplib.SMTPAuthenticationError(535, b"no"), Delivery.BLOCKED),
        (smtplib.SMTPConnectError(554, b"no"), Delivery.BLOCKED),
        (smtplib.SMTPDataError(554, "no"), Delivery.REFUSED),
        (smtplib.SMTPException("no method"), Delivery.BLOCKED),
        (smtplib.SMTPHeloError(501, b"no"), Delivery.BLOCKED),
        (smtplib.SMTPNotSupportedError("no AUTH"), Delivery.BLOCKED),
        (smtplib.SMTPRecipientsRefused({}), Delivery.DEFERRED),
        (smtplib.SMTPResponseException(500, "line too long"), Delivery.DEFERRED),
        (smtplib.SMTPSenderRefused(553, b"no", SENDER), Delivery.BLOCKED),
        (smtplib.SMTPServerDisconnected("gone"), Delivery.DEFERRED),
        (ssl.SSLCertVerificationError("expired"), Delivery.DEFERRED),
        (ssl.SSLEOFError(), Delivery.DEFERRED),
        (socket.gaierror("no such host"), Delivery.DEFERRED),
        (TimeoutError(), Delivery.DEFERRED),
        (ConnectionResetError(), Delivery.DEFERRED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_before_the_final_dot_a_failure_means_this(
    error: Exception, delivery: Delivery
) -> None:
    assert attempt_of(error).delivery is delivery


# -- the doctor, and the URL --------------------------------------------------------


def test_the_probe_tells_what_the_relay_can_and_sends_nothing() -> None:
    with Relay([AUTH_OFFERED]) as relay, transport_to(relay, login="b:p@") as transport:
        probe = transport.probe()

        assert probe.code == "ok"
        assert probe.capabilities == ("auth",)
        assert probe.is_login_in_clear
        assert not any(command.startswith("mail") for command in relay.commands)


def test_the_probe_names_what_is_wrong() -> None:
    relay = Relay([AUTH_OFFERED | {"AUTH": b"535 wrong"}])
    with relay, transport_to(relay, login="b:p@") as transport:
        assert transport.probe().code == "535"


def test_a_url_has_the_usual_ports_and_decoded_credentials() -> None:
    relay = relay_of("smtp+starttls://us%40er:p%3Aw@relay.example")

    assert (relay.host, relay.port) == ("relay.example", 587)
    assert (relay.user, relay.password) == ("us@er", "p:w")
    assert relay_of("smtps://relay.example").port == 465
    assert relay_of("smtp://relay.example").port == 25


@pytest.mark.parametrize("url", ["imap://x", "smtp://", "smtp://x:port", "relay:25"])
def test_another_url_is_a_setting_at_fault(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="CLAIMS_SMTP_URL"):
        relay_of(url)


# -- a real server ------------------------------------------------------------------


def test_the_real_server_keeps_the_very_bytes(smtp_sink: SmtpSink) -> None:
    with closing(SmtpTransport(smtp_sink.url)) as transport:
        attempts = [send(transport).delivery for _ in range(3)]

    assert attempts == [Delivery.ACCEPTED] * 3
    assert [mail.raw for mail in smtp_sink.wait_for(3)] == [RAW] * 3
    assert {mail.connection for mail in smtp_sink.mails()} == {1}


def test_a_mail_that_the_real_server_keeps_and_never_confirms_is_uncertain(
    smtp_sink: SmtpSink,
) -> None:
    smtp_sink.behave(Script(cut_at_dot=1, keeps_cut=True))

    with closing(SmtpTransport(smtp_sink.url)) as transport:
        assert send(transport).delivery is Delivery.UNCERTAIN
        assert send(transport).delivery is Delivery.ACCEPTED

    assert len(smtp_sink.wait_for(2)) == 2


@pytest.mark.parametrize("point", ["send.offered", "send.written", "send.dotted"])
def test_after_a_bug_the_next_mail_does_not_wait_for_answers_to_the_last(
    smtp_sink: SmtpSink, tmp_path: Path, point: str
) -> None:
    """On the old connection it would wait until the timeout."""
    faults.arm(f"{point}:raise@1", tmp_path / "faults")
    try:
        with closing(SmtpTransport(smtp_sink.url)) as transport:
            with pytest.raises(faults.FaultRaised):
                send(transport)
            began = time.monotonic()
            attempts = [send(transport).delivery for _ in range(2)]
    finally:
        faults.disarm()

    assert attempts == [Delivery.ACCEPTED] * 2
    assert time.monotonic() - began < TIMEOUT.total_seconds() / 2
    assert smtp_sink.connections() == 2
