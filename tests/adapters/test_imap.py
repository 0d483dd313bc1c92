"""Traps of IMAP servers and of IMAPClient that the contract suite cannot set."""

import contextlib
import imaplib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import imapclient.exceptions
import pytest

from tests.services import Dovecot, TcpProxy, free_port
from worker.adapters import imap_session
from worker.adapters.imap import ImapMailbox
from worker.adapters.imap_session import LIBRARY_ERRORS, Timeouts, code_of, parse_url
from worker.domain.errors import SettingsInvalid
from worker.ports import MailboxGone, MailHead

LOOPBACK = "127.0.0.1"
QUICK = Timeouts(connect=timedelta(seconds=2), read=timedelta(seconds=0.3))
MINUTE = timedelta(minutes=1)
CUT = b"<cut>"
SILENCE = b"<silence>"
EXAMINED = (
    b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\n"
    b"TAG OK [READ-ONLY] done\r\n"
)
COURTESIES = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n",
    "LOGIN": b"TAG OK done\r\n",
    "EXAMINE": EXAMINED,
    "NOOP": b"TAG OK done\r\n",
    "IDLE": b"+ idling\r\n",
    "DONE": b"TAG OK done\r\n",
    "LOGOUT": b"* BYE\r\nTAG OK done\r\n",
}


class ScriptedServer:
    """An IMAP server that says what it is told, by the beginning of the command.

    TAG becomes the command's tag; CUT at the end closes the connection.
    """

    def __init__(self, **answers: bytes) -> None:
        spaced = {name.replace("_", " "): answer for name, answer in answers.items()}
        self.answers = COURTESIES | spaced
        self.greeting = b"* OK ready\r\n"
        self.commands: list[str] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"imap://claims:opensesame@{LOOPBACK}:{self.port}/INBOX"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, connection: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            connection,
            connection.makefile("rb") as file,
        ):
            connection.sendall(self.greeting.removesuffix(CUT))
            if self.greeting.endswith(CUT):
                return
            tag = b""
            for line in file:
                word, _, command = line.strip().partition(b" ")
                if command:
                    tag = word
                else:
                    command = word
                self.commands.append(command.decode(errors="replace"))
                answer = self._answer(self.commands[-1])
                connection.sendall(answer.removesuffix(CUT).replace(b"TAG", tag))
                if answer.endswith(CUT):
                    return

    def _answer(self, command: str) -> bytes:
        for name, answer in self.answers.items():
            if command.startswith(name):
                return answer
        return b"TAG BAD unknown\r\n"


@contextlib.contextmanager
def talking_to(
    server: ScriptedServer, timeouts: Timeouts = QUICK
) -> Iterator[ImapMailbox]:
    with server, contextlib.closing(ImapMailbox(server.url, timeouts)) as mailbox:
        mailbox.open()
        yield mailbox


def code_raised_by(call: Callable[[], object]) -> str:
    with pytest.raises(MailboxGone) as gone:
        call()
    return gone.value.code


def code_of_open(url: str, timeouts: Timeouts = QUICK) -> str:
    with contextlib.closing(ImapMailbox(url, timeouts)) as mailbox:
        return code_raised_by(mailbox.open)


class TestUrl:
    def test_all_parts_are_percent_decoded(self) -> None:
        account = parse_url(
            "imap+starttls://a%40b:p%3A%2F%C3%A4@mail.example/Entw%C3%BCrfe"
        )

        assert account.user == "a@b"
        assert account.password == "p:/ä"
        assert account.folder == "Entwürfe"
        assert account.port == 143

    @pytest.mark.parametrize(
        ("url", "port"),
        [
            ("imap://u:p@h", 143),
            ("imaps://u:p@h", 993),
            ("imaps://u:p@h:1993/", 1993),
            ("imap://u:p@[::1]:143/INBOX", 143),
        ],
    )
    def test_port_and_folder_have_defaults(self, url: str, port: int) -> None:
        account = parse_url(url)

        assert (account.port, account.folder) == (port, "INBOX")

    def test_all_faults_are_named_without_the_password(self) -> None:
        with pytest.raises(SettingsInvalid) as invalid:
            parse_url("pop3://:hunter2@/INBOX#x")

        assert len(invalid.value.faults) == 4
        assert "hunter2" not in str(invalid.value)

    @pytest.mark.parametrize("url", ["imap://u:p@h:port/", "imap://u:p@[::1/"])
    def test_an_unreadable_host_or_port_is_a_fault(self, url: str) -> None:
        with pytest.raises(SettingsInvalid, match="unreadable"):
            parse_url(url)

    def test_the_password_is_not_shown(self) -> None:
        assert "hunter2" not in repr(parse_url("imap://u:hunter2@h"))


class TestCodes:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (TimeoutError(), "timeout"),
            (ssl.SSLCertVerificationError(), "tls"),
            (ssl.SSLError(), "tls"),
            (ssl.SSLEOFError(), "bye"),
            (ssl.SSLZeroReturnError(), "bye"),
            (ConnectionRefusedError(), "unreachable"),
            (socket.gaierror(), "unreachable"),
            (OSError(113, "no route"), "unreachable"),
            (ConnectionResetError(), "bye"),
            (BrokenPipeError(), "bye"),
            (imaplib.IMAP4.abort("EOF"), "bye"),
            (imaplib.IMAP4.readonly("changed"), "bye"),
            (imaplib.IMAP4.error("BAD"), "protocol"),
            (imaplib.IMAP4.error("NO [UNAVAILABLE] later"), "unreachable"),
            (
                imaplib.IMAP4.error("BAD User is authenticated but not connected"),
                "login_refused",
            ),
            (imapclient.exceptions.CapabilityError("STARTTLS"), "tls"),
            (imapclient.exceptions.LoginError("NO"), "login_refused"),
            (imapclient.exceptions.LoginError("[UNAVAILABLE]"), "unreachable"),
            (imapclient.exceptions.ProtocolError("bad"), "protocol"),
            (UnicodeDecodeError("ascii", b"\xff", 0, 1, "?"), "protocol"),
            (KeyError("UIDVALIDITY"), "protocol"),
            (RecursionError(), "protocol"),
        ],
        ids=repr,
    )
    def test_each_error_has_its_code(self, error: Exception, code: str) -> None:
        assert code_of(error) == code

    def test_no_error_of_the_libraries_is_left_out(self) -> None:
        modules = (imaplib.IMAP4.__dict__, vars(imapclient.exceptions))
        errors = [
            value
            for names in modules
            for value in names.values()
            if isinstance(value, type) and issubclass(value, Exception)
        ]

        assert len(errors) > 7
        for error in errors:
            assert issubclass(error, LIBRARY_ERRORS)
            assert code_of(error("?")) in {"bye", "protocol", "login_refused", "tls"}

    def test_a_connection_lost_at_login_is_no_refused_login(self) -> None:
        with ScriptedServer(LOGIN=CUT) as server:
            code = code_of_open(server.url)

        assert code == "bye"

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (b"TAG NO [AUTHENTICATIONFAILED] no\r\n", "login_refused"),
            (b"TAG NO [UNAVAILABLE] later\r\n", "unreachable"),
            (b"TAG NO [LIMIT] too many connections\r\n", "unreachable"),
            (b"TAG BAD what\r\n", "login_refused"),
            (b"* BYE too many\r\n" + CUT, "bye"),
            (SILENCE, "timeout"),
        ],
        ids=repr,
    )
    def test_login(self, answer: bytes, code: str) -> None:
        with ScriptedServer(LOGIN=answer) as server:
            assert code_of_open(server.url) == code

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (b"TAG NO [NONEXISTENT] no\r\n", "no_such_mailbox"),
            (b"TAG NO [UNAVAILABLE] later\r\n", "unreachable"),
            (b"TAG BAD User is authenticated but not connected.\r\n", "login_refused"),
            (b"TAG BAD what\r\n", "protocol"),
            (b"* 3 EXISTS\r\nTAG OK no uidvalidity\r\n", "protocol"),
            (b"hello?\r\n", "bye"),
            (b"* 3 EXI", "timeout"),
        ],
        ids=repr,
    )
    def test_examine(self, answer: bytes, code: str) -> None:
        with ScriptedServer(EXAMINE=answer) as server:
            assert code_of_open(server.url) == code

    @pytest.mark.parametrize("greeting", [b"* BYE full\r\n", b"SSH-2.0\r\n", CUT])
    def test_greeting(self, greeting: bytes) -> None:
        with ScriptedServer() as server:
            server.greeting = greeting
            assert code_of_open(server.url) in {
                "bye",
                "protocol",
                "timeout",
            }

    def test_nobody_listens(self) -> None:
        url = f"imap://u:p@{LOOPBACK}:{free_port()}/"

        assert code_of_open(url) == "unreachable"

    @pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
    def test_a_server_without_tls(self, scheme: str) -> None:
        with ScriptedServer() as server:
            url = server.url.replace("imap:", f"{scheme}:")
            assert code_of_open(url) == "tls"

        assert not [c for c in server.commands if c.startswith("LOGIN")]

    def test_after_trouble_the_connection_is_not_used_again(self) -> None:
        with talking_to(ScriptedServer(UID_SEARCH=b"TAG NO .\r\n")) as mailbox:
            assert code_raised_by(lambda: mailbox.search(1, 9)) == "protocol"
            assert code_raised_by(mailbox.refresh) == "bye"


class TestLogin:
    def test_a_word_that_login_cannot_carry_goes_by_plain(self) -> None:
        server = ScriptedServer(AUTHENTICATE=b"+ \r\n")
        server.answers["AG"] = b"TAG OK done\r\n"  # the base64 of NUL
        server.url = server.url.replace("opensesame", "s%C3%A9same")

        with server, contextlib.closing(ImapMailbox(server.url, QUICK)) as mailbox:
            # The scripted server takes the answer's last line for a command.
            mailbox.open()

        assert "AUTHENTICATE PLAIN" in server.commands
        assert not [c for c in server.commands if c.startswith("LOGIN")]

    def test_nothing_said_reaches_a_log(self, caplog: pytest.LogCaptureFixture) -> None:
        fetched = b"* 1 FETCH (UID 1 BODY[] {9}\r\nPRIVATE\xff\r)\r\nTAG OK .\r\n"
        caplog.set_level(logging.DEBUG)

        with talking_to(ScriptedServer(UID_FETCH=fetched)) as mailbox:
            assert dict(mailbox.bodies([1])) == {1: b"PRIVATE\xff\r"}

        assert caplog.text == ""


class TestExamine:
    def test_the_next_uid_is_found_where_the_server_does_not_say_it(self) -> None:
        server = ScriptedServer(
            EXAMINE=b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK done\r\n",
            UID_FETCH=b"* 3 FETCH (UID 41)\r\nTAG OK done\r\n",
        )

        with talking_to(server) as mailbox:
            assert mailbox.refresh().uidnext == 42

    def test_nothing_is_written(self) -> None:
        fetched = b"* 1 FETCH (UID 1 BODY[] {1}\r\nx)\r\nTAG OK .\r\n"
        server = ScriptedServer(UID_FETCH=fetched)
        with talking_to(server) as mailbox:
            list(mailbox.bodies([1, 2, 3, 7]))

        verbs = {" ".join(c.split()[:2]) for c in server.commands if "UID" in c}
        assert verbs == {"UID FETCH"}
        assert "UID FETCH 1:3,7 (UID BODY.PEEK[])" in server.commands
        assert not [c for c in server.commands if c.startswith("SELECT")]


class TestSearch:
    def test_what_lies_outside_the_window_is_dropped(self) -> None:
        found = b"* SEARCH 3 900 5 4 5\r\n* SEARCH 6\r\nTAG OK .\r\n"

        with talking_to(ScriptedServer(UID_SEARCH=found)) as mailbox:
            assert mailbox.search(4, 503) == [4, 5, 6]

    @pytest.mark.parametrize("found", [b"", b"* SEARCH\r\n"], ids=["none", "empty"])
    def test_nothing_found(self, found: bytes) -> None:
        with talking_to(ScriptedServer(UID_SEARCH=found + b"TAG OK .\r\n")) as mailbox:
            assert mailbox.search(4, 503) == []

    def test_an_answer_too_long_for_imaplib_ends_the_connection(self) -> None:
        found = b"* SEARCH" + b" 1234567890" * 100_000 + b"\r\nTAG OK .\r\n"

        with talking_to(ScriptedServer(UID_SEARCH=found)) as mailbox:
            assert code_raised_by(lambda: mailbox.search(1, 9)) == "protocol"


GARBAGE = {
    "a body without its UID": b"* 1 FETCH (BODY[] {1}\r\nX)\r\n",
    "a body of another UID": b"* 1 FETCH (UID 9 BODY[] {1}\r\nX)\r\n",
    "no body": b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n",
    "a NIL body": b"* 1 FETCH (UID 1 BODY[] NIL)\r\n",
    "a number for a body": b"* 1 FETCH (UID 1 BODY[] 17)\r\n",
    "a part for the whole": b"* 1 FETCH (UID 1 BODY[]<0> {1}\r\nX)\r\n",
    "half a list": b"* 1 FETCH (UID 1 BODY[] \r\n",
    "an odd list": b"* 1 FETCH (UID)\r\n",
    "numbers": b"* 1 FETCH (5 6 7 8)\r\n",
    "an open quote": b'* 1 FETCH (UID 1 BODY[] "X)\r\n',
    "a broken structure": b"* 1 FETCH (UID 1 BODYSTRUCTURE NIL)\r\n",
    "a thousand brackets": b"* 1 FETCH (" + b"(" * 3000 + b")" * 3000 + b")\r\n",
    "removals": b"* 1 EXPUNGE\r\n* 2 EXPUNGE\r\n* 1 EXISTS\r\n* 0 RECENT\r\n",
    "flags": b"* 2 FETCH (FLAGS (\\Seen))\r\n* 3 FETCH (UID 3 FLAGS ())\r\n",
    "news": b"* OK [ALERT] maintenance {tonight}\r\n* VENDOR (X Y)\r\n",
}


class TestFetch:
    @pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
    def test_P5_an_odd_answer_costs_only_its_own_mail(self, garbage: bytes) -> None:
        """Keys may miss, lines may be unsolicited; no mail gets another's body."""
        good = b"* 2 FETCH (FLAGS () UID 2 BODY[] {4}\r\ngood)\r\n"
        server = ScriptedServer(UID_FETCH=garbage + good + garbage + b"TAG OK .\r\n")

        with talking_to(server) as mailbox:
            assert dict(mailbox.bodies([1, 2, 3])) == {2: b"good"}

    def test_a_quoted_body_is_a_body(self) -> None:
        fetched = b'* 1 FETCH (UID 1 BODY[] "a \\"b\\" \\\\")\r\nTAG OK .\r\n'

        with talking_to(ScriptedServer(UID_FETCH=fetched)) as mailbox:
            assert dict(mailbox.bodies([1])) == {1: b'a "b" \\'}

    def test_heads_where_size_or_date_make_no_sense(self) -> None:
        date = b'INTERNALDATE "02-Mar-2026 14:00:00 +0200"'
        fetched = (
            b"* 1 FETCH (UID 1 RFC822.SIZE 10 " + date + b")\r\n"
            b"* 2 FETCH (UID 2 RFC822.SIZE NIL " + date + b")\r\n"
            b'* 3 FETCH (UID 3 RFC822.SIZE 10 INTERNALDATE "gestern")\r\n'
            b"* 4 FETCH (UID 4 FLAGS ())\r\n"
            b"* 5 FETCH (UID 5 RFC822.SIZE 10 "
            b'INTERNALDATE "31-Dec-9999 23:00:00 -2300")\r\n'
            b"TAG OK .\r\n"
        )
        noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

        with talking_to(ScriptedServer(UID_FETCH=fetched)) as mailbox:
            assert mailbox.heads([1, 2, 3, 4, 5]) == {
                1: MailHead(1, 10, noon),
                2: MailHead(2, 0, noon),
                3: MailHead(3, 10, None),
                5: MailHead(5, 10, None),
            }

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (b"TAG NO some mails are damaged\r\n", "protocol"),
            (b"TAG BAD what\r\n", "protocol"),
            (b"* BYE shutting down\r\n" + CUT, "bye"),
            (b"* 1 FETCH (UID 1 BODY[] {500}\r\nonly this" + CUT, "bye"),
            (b"* 1 FETCH (UID 1 BODY[] {500}\r\nonly this", "timeout"),
            (b"* 1 FETCH (UID 1 BODY[] {4}\r\ngood)\r\n" + CUT, "bye"),
        ],
        ids=repr,
    )
    def test_a_broken_answer_is_no_mail(self, answer: bytes, code: str) -> None:
        with talking_to(ScriptedServer(UID_FETCH=answer)) as mailbox:
            assert code_raised_by(lambda: list(mailbox.bodies([1]))) == code

    @pytest.mark.parametrize(
        "second",
        [
            b"* 1 FETCH (UID 1 BODY[]<3> {3}\r\nabc)\r\n",
            b"* 1 FETCH (UID 1 BODY[] {9}\r\nabcabcabc)\r\n",
            b"* 1 FETCH (UID 1 BODY[]<4> {9}\r\nabcabcabc)\r\n",
            b"* 1 FETCH (UID 2 BODY[]<4> {1}\r\nx)\r\n",
            b"",
        ],
        ids=["wrong offset", "no offset", "too long", "another mail", "nothing"],
    )
    def test_a_missing_part_is_not_the_end(self, second: bytes) -> None:
        server = ScriptedServer(
            UID_FETCH_1_=b"* 1 FETCH (UID 1 BODY[]<0> {4}\r\nabcd)\r\nTAG OK .\r\n"
        )
        with talking_to(server) as mailbox:
            parts = mailbox.parts(1, part_bytes=4)
            assert next(parts) == b"abcd"
            server.answers["UID FETCH 1 "] = second + b"TAG OK .\r\n"

            assert code_raised_by(lambda: next(parts)) == "protocol"

    def test_nil_behind_the_end_is_the_end(self) -> None:
        server = ScriptedServer(
            UID_FETCH_1_=b"* 1 FETCH (UID 1 BODY[]<0> {4}\r\nabcd)\r\nTAG OK .\r\n"
        )
        with talking_to(server) as mailbox:
            parts = mailbox.parts(1, part_bytes=4)
            assert next(parts) == b"abcd"
            server.answers["UID FETCH 1 "] = (
                b"* 1 FETCH (UID 1 BODY[]<4> NIL)\r\nTAG OK .\r\n"
            )

            assert list(parts) == []


class TestWait:
    @pytest.mark.parametrize(
        "start",
        [
            b"* 4 EXISTS\r\n+ idling\r\n",
            b"+ idling\r\n* 4 EXISTS\r\n",
            b"+ idling\r\n* 4 EXI",
        ],
        ids=["before the plus", "with the plus", "half a line"],
    )
    def test_early_news_is_heard(self, start: bytes) -> None:
        server = ScriptedServer(IDLE=start)
        rest = b"STS\r\n" if start.endswith(b"EXI") else b""
        server.answers["DONE"] = rest + b"TAG OK done\r\n"

        with talking_to(server) as mailbox:
            assert mailbox.wait(MINUTE)
            assert mailbox.refresh().exists == 3

    def test_P7_a_closed_connection_ends_the_wait_and_does_not_spin(self) -> None:
        """IMAPClient's idle_check returns nothing 85,000 times a second."""
        with talking_to(ScriptedServer(IDLE=b"+ idling\r\n" + CUT)) as mailbox:
            assert code_raised_by(lambda: mailbox.wait(MINUTE)) == "bye"

    def test_a_server_that_shuts_down_ends_the_wait(self) -> None:
        server = ScriptedServer(IDLE=b"+ idling\r\n* BYE maintenance\r\n" + CUT)

        with talking_to(server) as mailbox:
            assert code_raised_by(lambda: mailbox.wait(MINUTE)) == "bye"

    def test_P6_a_connection_that_died_silently_is_noticed(self) -> None:
        """After each wait the server must answer within the read timeout."""
        with talking_to(ScriptedServer(DONE=SILENCE)) as mailbox:
            start = time.monotonic()
            wait = timedelta(seconds=0.1)

            assert code_raised_by(lambda: mailbox.wait(wait)) == "timeout"
            assert time.monotonic() - start < 5

    @pytest.mark.parametrize(
        "answer", [b"TAG NO .\r\n", b"TAG BAD .\r\n", b"TAG OK .\r\n"]
    )
    def test_a_server_that_refuses_idle_is_polled(self, answer: bytes) -> None:
        with talking_to(ScriptedServer(IDLE=answer)) as mailbox:
            assert not mailbox.wait(MINUTE)
            mailbox.interrupt()
            assert not mailbox.wait(MINUTE)
            assert mailbox.refresh().exists == 3

    def test_a_server_without_idle_is_polled(self) -> None:
        server = ScriptedServer(CAPABILITY=b"* CAPABILITY IMAP4rev1\r\nTAG OK .\r\n")

        with talking_to(server) as mailbox:
            assert not mailbox.wait(timedelta(seconds=0.1))

        assert "IDLE" not in server.commands

    def test_a_sign_of_life_counts_as_news(self) -> None:
        server = ScriptedServer(IDLE=b"+ idling\r\n* OK Still here\r\n")

        with talking_to(server) as mailbox:
            assert mailbox.wait(MINUTE)

    def test_waiting_costs_no_cpu(self) -> None:
        with talking_to(ScriptedServer()) as mailbox:
            before = time.process_time()
            for _ in range(10):
                mailbox.wait(timedelta(seconds=0.05))

        assert time.process_time() - before < 0.25


class TestOnDovecot:
    def test_the_probe_shows_what_the_server_offers(self, dovecot: Dovecot) -> None:
        with contextlib.closing(ImapMailbox(dovecot.url("probe"))) as mailbox:
            mailbox.open()

            probe = mailbox.probe()

        assert {"IDLE", "UIDPLUS"} <= set(probe.capabilities)
        assert probe.state.exists == 0
        assert timedelta() < probe.round_trip < timedelta(seconds=2)

    def test_a_missing_folder(self, dovecot: Dovecot) -> None:
        url = dovecot.url("claims", "Nowhere")

        assert code_of_open(url, Timeouts()) == "no_such_mailbox"

    def test_a_wrong_password(self, dovecot: Dovecot) -> None:
        url = dovecot.url("claims").replace(dovecot.password, "wrong")

        assert code_of_open(url, Timeouts()) == "login_refused"

    @pytest.mark.parametrize("silent_bytes", [10, 700, 30_000])
    def test_a_cut_anywhere_is_no_mail(
        self, dovecot: Dovecot, silent_bytes: int
    ) -> None:
        user = f"cut{silent_bytes}"
        dovecot.append(user, b"Subject: big\r\n\r\n" + b"x" * 50_000)
        with TcpProxy(dovecot.port) as proxy:
            url = dovecot.url(user).replace(f":{dovecot.port}", f":{proxy.port}")
            with contextlib.closing(ImapMailbox(url)) as mailbox:
                mailbox.open()
                proxy.cut_after(silent_bytes)

                assert code_raised_by(lambda: list(mailbox.bodies([1]))) == "bye"

    def test_half_open_while_waiting(self, dovecot: Dovecot) -> None:
        with TcpProxy(dovecot.port) as proxy:
            url = dovecot.url("half").replace(f":{dovecot.port}", f":{proxy.port}")
            with contextlib.closing(ImapMailbox(url, QUICK)) as mailbox:
                mailbox.open()
                proxy.mute()
                wait = timedelta(seconds=0.1)

                assert code_raised_by(lambda: mailbox.wait(wait)) == "timeout"

    def test_a_cut_while_waiting(self, dovecot: Dovecot) -> None:
        with TcpProxy(dovecot.port) as proxy:
            url = dovecot.url("idle").replace(f":{dovecot.port}", f":{proxy.port}")
            with contextlib.closing(ImapMailbox(url)) as mailbox:
                mailbox.open()
                threading.Timer(0.2, proxy.drop).start()

                assert code_raised_by(lambda: mailbox.wait(MINUTE)) == "bye"

    def test_a_uidvalidity_that_changes_is_shown(self, dovecot: Dovecot) -> None:
        dovecot.append("epoch", b"Subject: x\r\n\r\n")
        with contextlib.closing(ImapMailbox(dovecot.url("epoch"))) as mailbox:
            before = mailbox.open().uidvalidity
        dovecot.set_uidvalidity("epoch", 777_777)

        with contextlib.closing(ImapMailbox(dovecot.url("epoch"))) as mailbox:
            after = mailbox.open().uidvalidity

        assert before != after == 777_777


def test_sequence_sets_are_short() -> None:
    uids = [*range(1, 40), 41, 43, *range(50, 60)]

    assert imap_session._uid_set(uids) == "1:39,41,43,50:59"  # noqa: SLF001
    assert imap_session._uid_set([]) == ""  # noqa: SLF001
