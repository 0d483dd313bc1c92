"""Drafts of staff on a real mail server: laid, edited, sent by hand, and recognised."""

import imaplib
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.builders_mail import make_claim_mail
from tests.commands import claims
from tests.flow.test_schedule import the_order
from tests.flow.test_sent import JANE, alerts, edited
from tests.office import OPENING, Office, an_office
from tests.services import Dovecot, SmtpSink, free_port
from worker.adapters.imap_sent import ImapSent
from worker.domain.claim import ClaimState
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.sent_mail import SentCursor
from worker.sent_watch import SentWatch

NOTES = '"Claims notes"'


@contextmanager
def an_office_with(dovecot: Dovecot, account: str, home: Path) -> Iterator[Office]:
    """An office whose staff work in one account of the mail server."""
    dovecot.drop(account)
    with an_office(
        home,
        the_order(),
        drafts_url=dovecot.url(account, "Drafts"),
        sent_folder="Sent",
    ) as office:
        SentWatch(office.parts).look()
        office.deliver(make_claim_mail())
        yield office


class MailProgram:
    """What a person's mail program does with a draft, command by command."""

    def __init__(self, dovecot: Dovecot, smtp: SmtpSink, account: str) -> None:
        self._dovecot, self._smtp, self._account = dovecot, smtp, account

    def open_draft(self) -> EmailMessage:
        (raw,) = self._dovecot.mails(self._account, "Drafts")
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    def send(self, mail: EmailMessage) -> None:
        """Hand it to the relay, save it to Sent, throw the draft away."""
        host, port = self._smtp.url.removeprefix("smtp://").split(":")
        with smtplib.SMTP(host, int(port)) as relay:
            relay.send_message(mail, from_addr=JANE)
        self._dovecot.append(self._account, mail.as_bytes(), folder="Sent")
        with self._dovecot.session(self._account) as connection:
            connection.select("Drafts")
            connection.store("1", "+FLAGS", r"(\Deleted)")
            connection.expunge()


@pytest.mark.parametrize(
    ("account", "keeps"), [("anna", "References"), ("ben", "Message-ID")]
)
def test_a_draft_that_a_person_edits_and_sends_moves_the_claim(
    tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink, account: str, keeps: str
) -> None:
    with an_office_with(dovecot, account, tmp_path / "office") as office:
        program = MailProgram(dovecot, smtp_sink, account)
        answered = len(office.relay.taken)
        (note,) = dovecot.mails(account, NOTES)
        assert b"Internal note" in note
        assert b"Internal note" not in program.open_draft().as_bytes()

        program.send(edited(program.open_draft(), keeps=(keeps,)))
        SentWatch(office.parts).look()
        office.run()

        assert alerts(office) == []
        assert office.state() is ClaimState.APPROVED_PARTIAL
        assert office.store.claims.events(1)[-1].actor == JANE
        assert office.claim.responded_at is not None
        assert len(office.relay.taken) == answered
        assert len(smtp_sink.mails()) == 1
        assert dovecot.mails(account, "Drafts") == []
        assert dovecot.mails(account, NOTES) == []
        assert dovecot.flags(account, "Sent") == [set()]


def test_a_draft_that_was_replaced_and_sent_all_the_same_is_told(
    tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink
) -> None:
    with an_office_with(dovecot, "stale", tmp_path / "office") as office:
        program = MailProgram(dovecot, smtp_sink, "stale")
        stale = edited(program.open_draft())
        office.deliver(make_claim_mail(text="One more word."))
        program.send(stale)

        SentWatch(office.parts).look()
        office.run()

        assert alerts(office) == ["stale_draft_sent"]
        assert office.state() is ClaimState.UNDER_REVIEW


# -- the folder ---------------------------------------------------------------------


def a_mail(number: int) -> bytes:
    return f"Message-ID: <{number}@x>\r\nSubject: {number}\r\n\r\nbody\r\n".encode()


def test_the_first_look_begins_at_the_end_and_the_next_ones_go_on(
    dovecot: Dovecot,
) -> None:
    dovecot.append("looked", a_mail(1), folder="Sent")
    folder = ImapSent(dovecot.url("looked", "Drafts"), "Sent")

    first = folder.look(None)
    dovecot.append("looked", a_mail(2), folder="Sent")
    cursor = SentCursor(first.uidvalidity, first.last_uid, OPENING)
    second = folder.look(cursor)
    third = folder.look(SentCursor(second.uidvalidity, second.last_uid, OPENING))

    assert first.heads == ()
    assert [head.header[:18] for head in second.heads] == [b"Message-ID: <2@x>\r"]
    assert third.heads == ()
    assert folder.fetch(second.uidvalidity, second.heads[0].uid)[0] == a_mail(2)


def test_another_uidvalidity_lists_again_what_came_since_the_last_look(
    dovecot: Dovecot,
) -> None:
    dovecot.append("renumbered", a_mail(1), OPENING.replace(year=2020), folder="Sent")
    dovecot.append("renumbered", a_mail(2), folder="Sent")
    folder = ImapSent(dovecot.url("renumbered", "Drafts"), "Sent")
    before = folder.look(None)

    dovecot.set_uidvalidity("renumbered", before.uidvalidity + 7, "Sent")
    after = folder.look(
        SentCursor(before.uidvalidity, before.last_uid, OPENING.replace(year=2021))
    )

    assert after.uidvalidity == before.uidvalidity + 7
    assert [head.header[:18] for head in after.heads] == [b"Message-ID: <2@x>\r"]
    with pytest.raises(GiveUp, match="sent_gone"):
        folder.fetch(before.uidvalidity, 1)


def test_a_mail_that_is_gone_is_a_persons_to_look_at(dovecot: Dovecot) -> None:
    folder = ImapSent(dovecot.url("gone", "Drafts"), "Sent")

    with pytest.raises(GiveUp, match="sent_gone"):
        folder.fetch(folder.look(None).uidvalidity, 99)


def test_a_folder_that_is_missing_or_away_is_asked_again(dovecot: Dovecot) -> None:
    missing = ImapSent(dovecot.url("none", "Drafts"), "Gesendet")
    away = ImapSent(f"imap://u:p@127.0.0.1:{free_port()}/Drafts", "Sent")

    with pytest.raises(RetryLater, match="sent_no_such_mailbox"):
        missing.look(None)
    with pytest.raises(RetryLater, match="sent_unreachable"):
        away.probe()


def test_a_connection_that_breaks_is_asked_again(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise imaplib.IMAP4.abort("socket error: EOF")

    folder = ImapSent(dovecot.url("broken", "Drafts"), "Sent")
    monkeypatch.setattr(imaplib.IMAP4, "uid", fail)

    with pytest.raises(RetryLater, match="sent_bye"):
        folder.probe()


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("Sent", "1 mail, read only"),
        ("Gesendet", "does not exist: CLAIMS_SENT_FOLDER"),
        (None, "not looked at"),
    ],
)
def test_doctor_looks_into_the_sent_folder(
    tmp_path: Path, dovecot: Dovecot, folder: str | None, told: str
) -> None:
    dovecot.drop("doctored")
    dovecot.append("doctored", a_mail(1), folder="Sent")
    url = dovecot.url("doctored", "Drafts")
    values = {} if folder is None else {"CLAIMS_SENT_FOLDER": folder}

    done = claims(tmp_path, "doctor", CLAIMS_DRAFTS_URL=url, **values)

    (line,) = [one for one in done.stdout.splitlines() if "Sent folder" in one]
    assert told in line
