"""What ports.Mailbox promises: on the fake, on Dovecot, and on pymap."""

import contextlib
import imaplib
import itertools
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from tests.fakes import FakeMailbox, FakeServer
from tests.services import Dovecot, Server
from worker.adapters.imap import ImapMailbox
from worker.ports import Mailbox, MailboxGone

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AFTERNOON_IN_VILNIUS = datetime(2026, 3, 2, 14, 0, tzinfo=timezone(timedelta(hours=2)))
SECOND = timedelta(seconds=1)
# Lines that would confuse a careless reader of the protocol.
ODD = (
    b"Subject: odd\r\n\r\n) UID 7 BODY[] {3}\r\n.\r\n* 1 FETCH (UID 1 BODY[] NIL)\r\n"
    b'"quoted" \\ \xc3\xa4\xff\xfe\r\nOK FETCH completed\r\n' + b"x" * 2000 + b"\r\n"
)
numbers = itertools.count(1)


class Bed(Protocol):
    """A mailbox on a server, with the server's side of it."""

    def mailbox(self) -> Mailbox: ...

    def deliver(self, raw: bytes, at: datetime = NOON) -> None: ...

    def expunge(self, *uids: int) -> None: ...

    def read(self, *uids: int) -> None: ...

    def flags(self) -> set[str]: ...


class FakeBed:
    def __init__(self) -> None:
        self._server = FakeServer()

    def mailbox(self) -> FakeMailbox:
        return self._server.mailbox()

    def deliver(self, raw: bytes, at: datetime = NOON) -> None:
        self._server.deliver(raw, at.astimezone(UTC))

    def expunge(self, *uids: int) -> None:
        self._server.expunge(*uids)

    def read(self, *uids: int) -> None:
        """The port shows no flags."""

    def flags(self) -> set[str]:
        return set()


class ImapBed:
    """A new folder of a real server; its name needs IMAP's own UTF-7."""

    def __init__(self, port: int, user: str, password: str) -> None:
        number = next(numbers)
        folder = urllib.parse.quote(f"Fälle & mehr {number}")
        self.url = f"imap://{user}:{password}@127.0.0.1:{port}/{folder}"
        self._folder = f'"F&AOQ-lle &- mehr {number}"'
        self._server = imaplib.IMAP4("127.0.0.1", port)
        self._server.login(user, password)
        self._server.create(self._folder)

    def mailbox(self) -> ImapMailbox:
        return ImapMailbox(self.url)

    def deliver(self, raw: bytes, at: datetime = NOON) -> None:
        date = imaplib.Time2Internaldate(at)
        kind, _ = self._server.append(self._folder, "", date, raw)
        assert kind == "OK"

    def expunge(self, *uids: int) -> None:
        self._server.select(self._folder)
        for uid in uids:
            self._server.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)")
        self._server.expunge()

    def read(self, *uids: int) -> None:
        self._server.select(self._folder)
        for uid in uids:
            self._server.uid("STORE", str(uid), "+FLAGS", r"(\Seen \Answered)")

    def flags(self) -> set[str]:
        self._server.select(self._folder, readonly=True)
        _, lines = self._server.uid("FETCH", "1:*", "(FLAGS)")
        flags = (imaplib.ParseFlags(line) for line in lines if isinstance(line, bytes))
        return {flag.decode() for each in flags for flag in each}

    def close(self) -> None:
        self._server.logout()


class Pymap(Server):
    """The IMAP server of `claims demo`, with one user and nothing on disk."""

    name: ClassVar[str] = "pymap"
    password = "secret"

    def _prepare(self) -> None:
        pass

    def _command(self) -> list[str]:
        program = str(Path(sys.executable).with_name("pymap"))
        listen = ["--host", "127.0.0.1", "--port", str(self.port), "--no-tls"]
        user = ["--demo-user", "contract", "--demo-password", self.password]
        return [program, *listen, "dict", *user]


@pytest.fixture(scope="module")
def pymap() -> Iterator[Pymap]:
    with Pymap() as server:
        yield server


@pytest.fixture(
    params=[
        "fake",
        pytest.param("dovecot", marks=pytest.mark.services),
        pytest.param("pymap", marks=pytest.mark.services),
    ]
)
def bed(request: pytest.FixtureRequest) -> Iterator[Bed]:
    if request.param == "fake":
        yield FakeBed()
        return
    server: Dovecot | Pymap = request.getfixturevalue(request.param)
    with contextlib.closing(ImapBed(server.port, "contract", server.password)) as bed:
        yield bed


@pytest.fixture
def opened(bed: Bed) -> Iterator[Mailbox]:
    """The bed's mailbox, open, with two mails in it."""
    bed.deliver(b"Subject: one\r\n\r\n1\r\n")
    bed.deliver(b"Subject: two\r\n\r\n2\r\n")
    with contextlib.closing(bed.mailbox()) as mailbox:
        mailbox.open()
        yield mailbox


def test_an_empty_mailbox_has_a_next_uid_and_no_mail(bed: Bed) -> None:
    with contextlib.closing(bed.mailbox()) as mailbox:
        state = mailbox.open()

        assert state.exists == 0
        assert state.uidnext >= 1
        assert state.uidvalidity >= 1
        assert mailbox.search(1, 500) == []


def test_a_refresh_sees_a_mail_that_came_after_open(bed: Bed, opened: Mailbox) -> None:
    before = opened.refresh()

    bed.deliver(b"Subject: three\r\n\r\n3\r\n")

    after = opened.refresh()
    assert after.exists == before.exists + 1 == 3
    assert after.uidnext > before.uidnext
    assert after.uidvalidity == before.uidvalidity


def test_a_window_above_the_last_mail_is_empty(opened: Mailbox) -> None:
    """RFC 3501 §6.4.8: `n:*` matches the last mail even where n is above it."""
    last = opened.search(1, 500)[-1]

    assert opened.search(last + 1, last + 500) == []
    assert opened.search(last, last) == [last]


def test_heads_tell_size_and_date_in_utc(bed: Bed, opened: Mailbox) -> None:
    bed.deliver(ODD, AFTERNOON_IN_VILNIUS)
    opened.refresh()
    uid = opened.search(1, 500)[-1]

    head = opened.heads([uid])[uid]

    assert head.uid == uid
    assert head.size_bytes == len(ODD)
    assert head.internaldate_at == NOON
    assert head.internaldate_at.tzinfo == UTC


def test_bodies_come_byte_for_byte_and_leave_no_flag(bed: Bed, opened: Mailbox) -> None:
    bed.deliver(ODD)
    opened.refresh()
    uids = opened.search(1, 500)

    bodies = dict(opened.bodies(uids))

    assert list(bodies) == uids
    assert bodies[uids[-1]] == ODD
    assert bodies[uids[0]] == b"Subject: one\r\n\r\n1\r\n"
    assert bed.flags() <= {r"\Recent"}


def test_nothing_asked_is_nothing_answered(opened: Mailbox) -> None:
    assert opened.heads([]) == {}
    assert list(opened.bodies([])) == []


def test_a_uid_that_has_gone_is_absent(bed: Bed, opened: Mailbox) -> None:
    first, second = opened.search(1, 500)
    bed.expunge(first)
    opened.refresh()

    assert opened.search(1, 500) == [second]
    assert list(opened.heads([first, second])) == [second]
    assert dict(opened.bodies([first, second])) == {
        second: b"Subject: two\r\n\r\n2\r\n"
    }


def test_L5_a_mail_that_a_person_read_first_is_found_like_any_other(
    bed: Bed, opened: Mailbox
) -> None:
    first, second = opened.search(1, 500)
    bed.read(first)
    opened.refresh()

    assert opened.search(1, 500) == [first, second]
    assert dict(opened.bodies([first]))[first] == b"Subject: one\r\n\r\n1\r\n"


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_L1_uids_keep_their_mails_while_others_are_removed(
    bed: Bed, count: int
) -> None:
    """Sequence numbers shift when mails go; commands go by UID only."""
    for number in range(count):
        bed.deliver(b"Subject: %d\r\n\r\n%d\r\n" % (number, number))
    with contextlib.closing(bed.mailbox()) as mailbox:
        mailbox.open()
        uids = mailbox.search(1, 500)
        bed.expunge(*uids[::2])

        bodies = dict(mailbox.bodies(uids))

        assert set(uids[1::2]) <= bodies.keys()
        for number, uid in enumerate(uids):
            if uid in bodies:
                assert bodies[uid].endswith(b"%d\r\n" % number)


@pytest.mark.parametrize(
    "size", [0, 1, 4095, 4096, 4097, 8192], ids=lambda size: f"{size} of 4096"
)
def test_parts_make_up_the_whole(bed: Bed, size: int) -> None:
    header = b"Subject: parts\r\n\r\n"
    raw = header + bytes(range(32, 127)) * 100
    raw = raw[: max(size, len(header))]
    bed.deliver(raw)
    with contextlib.closing(bed.mailbox()) as mailbox:
        mailbox.open()
        (uid,) = mailbox.search(1, 500)

        parts = list(mailbox.parts(uid, part_bytes=4096))

    assert b"".join(parts) == raw
    assert all(len(part) <= 4096 for part in parts)


def test_the_parts_of_a_mail_that_has_gone_are_no_mail(
    bed: Bed, opened: Mailbox
) -> None:
    first, _ = opened.search(1, 500)
    bed.expunge(first)
    opened.refresh()

    with pytest.raises(MailboxGone):
        list(opened.parts(first, part_bytes=4096))


def test_a_wait_without_news_ends_at_its_timeout(opened: Mailbox) -> None:
    start = time.monotonic()

    opened.wait(timedelta(seconds=0.2))

    assert time.monotonic() - start < 5
    assert opened.refresh().exists == 2


def test_a_mail_ends_the_wait(bed: Bed, opened: Mailbox) -> None:
    deliver = threading.Timer(0.2, bed.deliver, [b"Subject: three\r\n\r\n3\r\n"])
    deliver.start()
    start = time.monotonic()

    spoke = opened.wait(timedelta(seconds=20))

    assert spoke
    assert time.monotonic() - start < 10
    assert opened.refresh().exists == 3


@pytest.mark.parametrize("after_s", [0.0, 0.2], ids=["before", "during"])
def test_interrupt_ends_the_wait(opened: Mailbox, after_s: float) -> None:
    if after_s:
        threading.Timer(after_s, opened.interrupt).start()
    else:
        opened.interrupt()
    start = time.monotonic()

    opened.wait(timedelta(seconds=20))

    assert time.monotonic() - start < 5
    assert opened.refresh().exists == 2


def test_one_interrupt_ends_one_wait(opened: Mailbox) -> None:
    opened.interrupt()
    opened.wait(SECOND)
    start = time.monotonic()

    opened.wait(timedelta(seconds=0.3))

    assert time.monotonic() - start > 0.25


def test_after_close_only_close_works(opened: Mailbox) -> None:
    opened.close()
    opened.close()
    opened.interrupt()

    calls: list[Any] = [
        opened.refresh,
        lambda: opened.search(1, 2),
        lambda: opened.heads([1]),
        lambda: list(opened.bodies([1])),
        lambda: list(opened.parts(1, part_bytes=10)),
        lambda: opened.wait(SECOND),
    ]
    for call in calls:
        with pytest.raises(MailboxGone):
            call()
