"""Drafts in the staff mailbox: laid, replaced, taken away, and nothing else touched."""

import imaplib
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.commands import claims
from tests.services import Dovecot, free_port
from worker.adapters.imap_drafts import ImapDrafts, ImapNotes
from worker.domain.errors import GiveUp, RetryLater

ID = "<claim-7.draft@shop.example>"


def a_draft(text: str, message_id: str = ID) -> bytes:
    return f"Message-ID: {message_id}\r\nSubject: Your claim\r\n\r\n{text}\r\n".encode()


def test_a_draft_is_laid_with_its_flag(dovecot: Dovecot) -> None:
    drafts = ImapDrafts(dovecot.url("laid", "Drafts"))

    drafts.put(a_draft("first"), message_id=ID)

    assert dovecot.mails("laid", "Drafts") == [a_draft("first")]
    assert r"\Draft" in dovecot.flags("laid", "Drafts")[0]


def test_a_draft_is_replaced_by_one_with_the_same_id(dovecot: Dovecot) -> None:
    drafts = ImapDrafts(dovecot.url("replaced", "Drafts"))
    other = "<claim-77.draft@shop.example>"

    drafts.put(a_draft("first"), message_id=ID)
    drafts.put(a_draft("other", other), message_id=other)
    drafts.put(a_draft("second"), message_id=ID)

    assert dovecot.mails("replaced", "Drafts") == [
        a_draft("other", other),
        a_draft("second"),
    ]


def test_what_staff_deleted_themselves_is_not_expunged(dovecot: Dovecot) -> None:
    drafts = ImapDrafts(dovecot.url("removed", "Drafts"))
    drafts.put(a_draft("ours"), message_id=ID)
    dovecot.append("removed", a_draft("staff's", "<x@y>"), folder="Drafts")
    with dovecot.session("removed") as staff:
        staff.select("Drafts")
        staff.uid("STORE", "2", "+FLAGS", r"(\Deleted)")

        drafts.remove(message_id=ID)
        drafts.remove(message_id=ID)

        assert dovecot.mails("removed", "Drafts") == [a_draft("staff's", "<x@y>")]


def test_a_missing_folder_is_made(dovecot: Dovecot) -> None:
    url = dovecot.url("new", "Entw%C3%BCrfe")

    ImapDrafts(url).put(a_draft("first"), message_id=ID)

    assert dovecot.mails("new", "Entw&APw-rfe") == [a_draft("first")]


def doctor(folder: Path, name: str, url: str) -> str:
    """What `claims doctor` says of one part."""
    told = claims(folder, "doctor", CLAIMS_DRAFTS_URL=url).stdout.splitlines()
    (line,) = [one for one in told if one[1:].strip().startswith(name)]
    return line


@pytest.mark.parametrize("folder", ["Drafts", "Entw%C3%BCrfe"], ids=["there", "made"])
def test_doctor_lays_a_mail_among_the_drafts_and_leaves_nothing(
    tmp_path: Path, dovecot: Dovecot, folder: str
) -> None:
    dovecot.drop("doctored")
    url = dovecot.url("doctored", folder)
    ImapDrafts(url).put(a_draft("first"), message_id=ID)

    for name in ("Drafts", "Notes"):
        assert "✓" in (line := doctor(tmp_path, name, url))
        assert "laid there and taken away" in line

    name = {"Drafts": "Drafts"}.get(folder, "Entw&APw-rfe")
    assert dovecot.mails("doctored", name) == [a_draft("first")]
    assert dovecot.mails("doctored", '"Claims notes"') == []


def test_doctor_says_that_the_drafts_cannot_be_reached(tmp_path: Path) -> None:
    line = doctor(tmp_path, "Drafts", f"imap://u:p@127.0.0.1:{free_port()}/Drafts")

    assert "✗" in line
    assert line.endswith("nothing answers at that host and port: CLAIMS_DRAFTS_URL")


def test_doctor_says_that_the_login_is_refused(
    tmp_path: Path, dovecot: Dovecot
) -> None:
    url = dovecot.url("doctored", "Drafts").replace(dovecot.password, "wrong")
    line = doctor(tmp_path, "Drafts", url)

    assert "✗" in line
    assert "user or password is wrong" in line


def test_a_folder_that_takes_nothing_is_told_by_the_probe(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> tuple[str, list[bytes]]:
        return "NO", [b"[NOPERM] no"]

    monkeypatch.setattr(imaplib.IMAP4, "append", refuse)

    with pytest.raises(GiveUp, match="drafts_refused"):
        ImapDrafts(dovecot.url("refusing", "Drafts")).probe()


def test_nothing_is_laid_where_it_could_not_be_taken_away(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IMAPClient, "has_capability", lambda *_: False)

    assert ImapDrafts(dovecot.url("without", "Drafts")).probe() is False

    assert dovecot.mails("without", "Drafts") == []


def test_a_probe_whose_mail_stays_says_so_and_hangs_up(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []
    shutdown = IMAPClient.shutdown

    def end(client: IMAPClient) -> None:
        ended.append(client)
        shutdown(client)

    monkeypatch.setattr(IMAPClient, "uid_expunge", lambda *_: None)
    monkeypatch.setattr(IMAPClient, "shutdown", end)

    with pytest.raises(RetryLater, match="drafts_left"):
        ImapDrafts(dovecot.url("staying", "Drafts")).probe()

    assert len(ended) == 1


def test_a_server_that_is_away_is_asked_again() -> None:
    drafts = ImapDrafts(f"imap://u:p@127.0.0.1:{free_port()}/Drafts")

    with pytest.raises(RetryLater) as later:
        drafts.remove(message_id=ID)

    assert later.value.reason == "drafts_unreachable"


@pytest.mark.parametrize(
    ("text", "is_final"),
    [("[NOPERM] no", True), ("[OVERQUOTA] full", False), ("[UNAVAILABLE] x", False)],
)
def test_a_refusal_is_final_unless_it_says_otherwise(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, text: str, *, is_final: bool
) -> None:
    def refuse(*_: object) -> tuple[str, list[bytes]]:
        return "NO", [text.encode()]

    monkeypatch.setattr(imaplib.IMAP4, "append", refuse)
    drafts = ImapDrafts(dovecot.url("refused", "Drafts"))

    with pytest.raises(GiveUp if is_final else RetryLater):
        drafts.put(a_draft("first"), message_id=ID)


def test_a_note_lies_in_a_folder_of_its_own_and_not_among_the_drafts(
    dovecot: Dovecot,
) -> None:
    url = dovecot.url("noted", "Drafts")
    note = a_draft("for staff", "<note@shop.example>")

    ImapDrafts(url).put(a_draft("first"), message_id=ID)
    ImapNotes(url).put(note, message_id="<note@shop.example>")

    assert dovecot.mails("noted", "Drafts") == [a_draft("first")]
    assert dovecot.mails("noted", '"Claims notes"') == [note]
    assert r"\Draft" not in dovecot.flags("noted", '"Claims notes"')[0]

    ImapNotes(url).remove(message_id="<note@shop.example>")

    assert dovecot.mails("noted", '"Claims notes"') == []
    assert dovecot.mails("noted", "Drafts") == [a_draft("first")]
