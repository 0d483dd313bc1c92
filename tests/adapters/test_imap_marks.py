"""Marks in the claims mailbox: one mail at a time, by UID, and nobody else's."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.adapters.test_imap import CUT, ScriptedServer
from tests.services import Dovecot, free_port
from worker.adapters.imap_marks import After, ImapMarker
from worker.adapters.imap_session import Timeouts
from worker.bootstrap import Parts
from worker.domain.errors import GiveUp, RetryLater, SettingsInvalid
from worker.settings import Settings

QUICK = Timeouts(connect=timedelta(seconds=2), read=timedelta(seconds=0.3))
DONE = "Done"
OK = b"TAG OK done\r\n"
NO = b"TAG NO [NOPERM] not you\r\n"
LISTED = b'* LIST () "/" Done\r\n' + OK


def a_mail(number: int) -> bytes:
    return b"Subject: mail %d\r\n\r\n%d\r\n" % (number, number)


def mover(dovecot: Dovecot, user: str) -> ImapMarker:
    return ImapMarker(dovecot.url(user), After.MOVE, DONE)


def without_move(**answers: bytes) -> ScriptedServer:
    """A server with UIDPLUS only, whose mailbox holds UID 3 under UIDVALIDITY 7."""
    selected = (
        b"* FLAGS (\\Deleted)\r\n* OK [PERMANENTFLAGS (\\Deleted)] ok\r\n"
        b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK [READ-WRITE] done\r\n"
    )
    script = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n" + OK,
        "SELECT": selected,
        "UID_SEARCH": b"* SEARCH 3\r\n" + OK,
        "LIST": LISTED,
        "UID_COPY": OK,
        "UID_STORE": OK,
        "UID_EXPUNGE": OK,
    }
    return ScriptedServer(**{**script, **answers})


@contextmanager
def marking(server: ScriptedServer, after: After = After.MOVE) -> Iterator[ImapMarker]:
    with server:
        yield ImapMarker(server.url, after, DONE, QUICK)


def count(server: ScriptedServer, command: str) -> int:
    return sum(said.startswith(command) for said in server.commands)


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6])
def test_L1_and_L2_every_mail_of_a_run_is_moved_and_none_is_lost(
    dovecot: Dovecot, number: int
) -> None:
    """Sequence numbers shift with each move; every second mail went lost by them."""
    user = f"run{number}"
    raws = [a_mail(n) for n in range(number)]
    dovecot.append_many(user, [(raw, None) for raw in raws])
    epoch = dovecot.uidvalidity(user)

    for uid in range(1, number + 1):
        mover(dovecot, user).mark(uidvalidity=epoch, uid=uid)

    assert dovecot.mails(user, DONE) == raws
    assert dovecot.mails(user) == []


def test_L2_mail_that_somebody_deleted_is_not_expunged_by_a_move(
    dovecot: Dovecot,
) -> None:
    user = "others"
    dovecot.append_many(user, [(a_mail(n), None) for n in range(3)])
    with dovecot.session(user) as staff:
        staff.select("INBOX")
        staff.uid("STORE", "1", "+FLAGS", r"(\Deleted)")

        mover(dovecot, user).mark(uidvalidity=dovecot.uidvalidity(user), uid=2)

        assert dovecot.mails(user) == [a_mail(0), a_mail(2)]


def test_L2_without_move_a_mail_is_expunged_by_its_uid() -> None:
    server = without_move()

    with marking(server) as marker:
        marker.mark(uidvalidity=7, uid=3)

    assert [c for c in server.commands if "EXPUNGE" in c] == ["UID EXPUNGE 3"]


def test_L2_a_server_that_can_only_expunge_all_is_left_alone() -> None:
    server = without_move(CAPABILITY=b"* CAPABILITY IMAP4rev1\r\n" + OK)

    with marking(server) as marker, pytest.raises(GiveUp) as end:
        marker.mark(uidvalidity=7, uid=3)

    assert end.value.reason == "server_cannot_move"
    assert not any("COPY" in c or "STORE" in c for c in server.commands)


def test_L15_no_setting_empties_a_mailbox_and_the_default_touches_nothing(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dovecot.append("wizard", a_mail(1))
    monkeypatch.setenv("CLAIMS_AFTER", "delete")
    with pytest.raises(SettingsInvalid, match="CLAIMS_AFTER"):
        Settings.from_env()
    monkeypatch.delenv("CLAIMS_AFTER")
    monkeypatch.setenv("CLAIMS_MAILBOX_URL", dovecot.url("wizard"))
    parts = Parts(Settings.from_env(), with_redis=False)

    with contextlib.closing(parts.open_mailbox()) as mailbox:
        mailbox.open()
        assert len(dict(mailbox.bodies(mailbox.search(1, 9)))) == 1

    assert parts.marker is None
    assert dovecot.mails("wizard") == [a_mail(1)]
    assert dovecot.flags("wizard") == [set()]


@pytest.mark.parametrize("after", [After.FLAG, After.MOVE])
def test_L10_a_uid_of_an_older_epoch_touches_no_mail(
    dovecot: Dovecot, after: After
) -> None:
    """The number may be another mail's by now; the acting session looks itself."""
    user = f"epoch_{after}"
    dovecot.append(user, a_mail(1))
    old = dovecot.uidvalidity(user)
    dovecot.set_uidvalidity(user, old + 1)

    with pytest.raises(GiveUp) as end:
        ImapMarker(dovecot.url(user), after, DONE).mark(uidvalidity=old, uid=1)

    assert end.value.reason == "uidvalidity_changed"
    assert dovecot.mails(user) == [a_mail(1)]
    assert dovecot.flags(user) == [set()]


def test_D5_a_mail_that_was_moved_is_not_copied_again(dovecot: Dovecot) -> None:
    """Killed after the move, the job runs again."""
    user = "twice"
    dovecot.append(user, a_mail(1))
    epoch = dovecot.uidvalidity(user)

    for _ in range(3):
        mover(dovecot, user).mark(uidvalidity=epoch, uid=1)

    assert dovecot.mails(user, DONE) == [a_mail(1)]


@pytest.mark.parametrize("refused", ["UID_STORE", "UID_EXPUNGE"])
def test_D5_a_copy_whose_original_may_not_be_removed_is_made_once(refused: str) -> None:
    """Tried again, each try would leave one more copy, until the disk is full."""
    server = without_move(**{refused: NO})

    with marking(server) as marker, pytest.raises(GiveUp) as end:
        marker.mark(uidvalidity=7, uid=3)

    assert end.value.reason == "server_cannot_move"
    assert count(server, "UID COPY") == 1


def test_D5_a_mail_that_a_broken_move_left_deleted_is_not_copied_again() -> None:
    """The connection broke between the flag and the expunge."""
    server = without_move(UID_EXPUNGE=CUT)

    with marking(server) as marker:
        with pytest.raises(RetryLater):
            marker.mark(uidvalidity=7, uid=3)
        server.answers["UID SEARCH"] = b"* SEARCH\r\n" + OK
        marker.mark(uidvalidity=7, uid=3)

    assert count(server, "UID SEARCH UID 3 UNDELETED") == 2
    assert count(server, "UID COPY") == 1


def test_a_mail_is_flagged_by_a_keyword_and_not_as_read(dovecot: Dovecot) -> None:
    dovecot.append("flagged", a_mail(1))
    marker = ImapMarker(dovecot.url("flagged"), After.FLAG, "ClaimStored")

    marker.mark(uidvalidity=dovecot.uidvalidity("flagged"), uid=1)

    assert dovecot.flags("flagged") == [{"ClaimStored"}]


def test_a_keyword_that_the_server_would_forget_is_refused() -> None:
    with (
        marking(without_move(), After.FLAG) as marker,
        pytest.raises(GiveUp, match="server_keeps_no_keywords"),
    ):
        marker.mark(uidvalidity=7, uid=3)


def test_a_server_that_is_away_is_asked_again() -> None:
    url = f"imap://u:p@127.0.0.1:{free_port()}/INBOX"

    with pytest.raises(RetryLater) as later:
        ImapMarker(url, After.MOVE, DONE).mark(uidvalidity=7, uid=1)

    assert later.value.reason == "mark_unreachable"
