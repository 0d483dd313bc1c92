"""What staff sent from their own mail program: their decision, or nothing for us."""

import dataclasses
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.builders_mail import make_claim_mail
from tests.flow.test_schedule import the_order
from tests.office import OPENING, Office, an_office
from worker import decide, sent_watch
from worker.adapters.imap_sent import SentHead, SentLook
from worker.domain.claim import ClaimState, Event
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.sent_mail import SentCursor
from worker.sent_watch import SentWatch

JANE = "jane@logistics.example"
SENT_AT = OPENING + timedelta(hours=2)
S = ClaimState


@dataclass
class SentBox:
    """A sent folder as a list."""

    name: str = "desk@host/Sent"
    uidvalidity: int = 5
    mails: list[bytes] = field(default_factory=list)

    def look(self, cursor: SentCursor | None) -> SentLook:
        begin = len(self.mails) if cursor is None else cursor.last_uid
        heads = tuple(
            SentHead(uid, raw.partition(b"\n\n")[0])
            for uid, raw in enumerate(self.mails, start=1)
            if uid > begin
        )
        return SentLook(self.uidvalidity, len(self.mails), heads, is_complete=True)

    def fetch(self, uidvalidity: int, uid: int) -> tuple[bytes, datetime | None]:
        if uidvalidity != self.uidvalidity:
            raise GiveUp("sent_gone")
        return self.mails[uid - 1], SENT_AT


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", the_order()) as opened:
        opened.parts.__dict__["sent_folder"] = SentBox()
        SentWatch(opened.parts).look()
        opened.deliver(make_claim_mail())
        opened.clock.at = OPENING + timedelta(hours=3)
        yield opened


def draft(office: Office) -> EmailMessage:
    """The draft as a mail program opens it."""
    found = office.store.outbox.draft_of(1)
    assert found is not None
    mail = message_from_bytes(found.raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def edited(
    mail: EmailMessage,
    *,
    keeps: tuple[str, ...] = ("References",),
    words: dict[str, str] | None = None,
) -> EmailMessage:
    """The mail as a person sends it: by name, other words, few of the old headers."""
    sent = EmailMessage(policy=policy.default.clone(max_line_length=200))
    for name in ("To", "Subject", "Date", "In-Reply-To", *keeps):
        if mail[name] is not None:
            sent[name] = str(mail[name])
    if "Message-ID" not in keeps:
        sent["Message-ID"] = "<new-one@program.example>"
    sent["From"] = f"Jane <{JANE}>"
    text, html = (
        mail.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    gaps = {"[amount]": "80.00 USD", "[why this amount]": "One cup is whole."}
    for old, new in (gaps | (words or {})).items():
        text, html = text.replace(old, new), html.replace(old, new)
    sent.set_content(text)
    sent.add_alternative(html, subtype="html")
    return sent


def send(office: Office, *mails: EmailMessage) -> None:
    """Save the mails into Sent, look, and run what follows."""
    office.parts.__dict__["sent_folder"].mails += [mail.as_bytes() for mail in mails]
    SentWatch(office.parts).look()
    office.run()


def alerts(office: Office) -> list[str]:
    return [one.code for one in office.store.alerts.newest(limit=10)]


def events(office: Office) -> list[Event]:
    return [one.event for one in office.store.claims.events(1)]


@pytest.mark.parametrize("keeps", ["References", "X-Claims-Draft", "Message-ID"])
def test_a_draft_that_was_edited_and_sent_moves_the_claim(
    office: Office, keeps: str
) -> None:
    send(office, edited(draft(office), keeps=(keeps,)))

    claim = office.claim
    last = office.store.claims.events(1)[-1]
    (decision,) = [one for one in office.emails if one.kind == "approved"]
    assert alerts(office) == []
    assert claim.state is S.APPROVED_PARTIAL
    assert claim.responded_at == SENT_AT
    assert office.store.claims.decided_usd(1) == 80
    assert (last.event, last.actor) == (Event.APPROVED_PARTIAL, JANE)
    assert last.data is not None
    assert last.data["source"] == "sent_folder"
    assert (decision.status, decision.recipient) == (
        "sent",
        the_order().member.addresses[0],
    )
    assert len(office.relay.taken) == 1
    assert office.store.outbox.draft_of(1) is None


def test_a_second_copy_and_a_second_look_change_nothing(office: Office) -> None:
    mail = edited(draft(office))
    send(office, mail, mail)
    before = office.store.claims.events(1)

    box = office.parts.__dict__["sent_folder"]
    box.uidvalidity = 6
    with office.store.transaction() as work:
        work.advance_sent(box.name, 6, 0)
    SentWatch(office.parts).look()
    office.run()

    assert office.store.claims.events(1) == before
    assert alerts(office) == []


def test_an_unedited_rejection_moves_the_claim_by_its_clause(tmp_path: Path) -> None:
    order = dataclasses.replace(the_order(), guarantee_fee_usd=None)
    with an_office(tmp_path / "late", order) as office:
        office.parts.__dict__["sent_folder"] = SentBox()
        SentWatch(office.parts).look()
        office.deliver(make_claim_mail())
        office.clock.at = OPENING + timedelta(hours=3)
        assert office.state() is S.INELIGIBLE_PROPOSED

        send(office, edited(draft(office)))

        assert office.state() is S.COMPLETED_REJECTED
        assert office.store.claims.events(1)[-1].clauses == ("G1",)
        assert office.kinds.count("rejected") == 1
        assert len(office.relay.taken) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"[amount]": "[amount]"}, "sent_unclear"),
        ({"[amount]": "eighty"}, "sent_unclear"),
        ({"[why this amount]": "[why this amount]"}, "sent_unclear"),
        ({"[amount]": "118.76 USD"}, "sent_refused"),
        ({"[amount]": "0.00 USD"}, "sent_refused"),
    ],
)
def test_what_is_in_doubt_or_not_allowed_moves_nothing(
    office: Office, words: dict[str, str], code: str
) -> None:
    send(office, edited(draft(office), words=words))

    assert alerts(office) == [code]
    assert office.state() is S.UNDER_REVIEW
    assert office.claim.responded_at is None


@pytest.mark.parametrize(
    ("header", "value"),
    [("To", "somebody@else.example"), ("From", "x@elsewhere.example")],
)
def test_another_recipient_or_a_stranger_moves_nothing(
    office: Office, header: str, value: str
) -> None:
    mail = edited(draft(office))
    mail.replace_header(header, value)

    send(office, mail)

    assert alerts(office) == ["sent_unclear"]
    assert office.state() is S.UNDER_REVIEW


def test_an_alternative_that_still_says_something_else_moves_nothing(
    office: Office,
) -> None:
    mail = edited(draft(office))
    html = mail.get_body(("html",))
    assert html is not None
    html.set_content(html.get_content().replace("80.00", "90.00"), subtype="html")

    send(office, mail)

    assert alerts(office) == ["sent_unclear"]


def test_what_needs_two_persons_is_not_decided_by_sending(office: Office) -> None:
    decide.set_flag(office.parts, office.claim, "X5", evidence="street", by="jo")
    office.run()

    send(office, edited(draft(office)))

    assert alerts(office) == ["sent_needs_second"]
    assert office.state() is S.UNDER_REVIEW


def test_a_stopped_claim_is_not_moved_by_sending(office: Office) -> None:
    mail = edited(draft(office))
    decide.stop(office.parts, office.claim, by="kim", reason="sanctions")

    send(office, mail)

    assert alerts(office) == ["stale_draft_sent"]
    assert office.state() is S.UNDER_REVIEW


def test_a_draft_that_was_out_of_date_is_told_once(office: Office) -> None:
    stale = edited(draft(office))
    office.deliver(make_claim_mail(text="One more photograph."))
    other = edited(draft(office))
    other.replace_header("Message-ID", "<later@program.example>")

    send(office, stale)
    send(office, stale)

    assert alerts(office) == ["stale_draft_sent"]
    assert office.state() is S.UNDER_REVIEW

    send(office, other)

    assert office.state() is S.APPROVED_PARTIAL


def test_a_mail_of_staff_in_the_thread_is_noted_once_and_stops_no_clock(
    office: Office,
) -> None:
    mail = edited(draft(office))
    mail.replace_header("References", str(draft(office)["In-Reply-To"]))
    mail.clear_content()
    mail.set_content("We are looking at it, please wait a day.")

    send(office, mail, mail)

    assert events(office).count(Event.STATUS_SENT) == 1
    assert office.store.claims.events(1)[-1].actor == JANE
    assert office.claim.responded_at is None
    assert alerts(office) == []


def test_a_decision_without_our_token_is_a_persons_to_look_at(office: Office) -> None:
    mail = edited(draft(office), keeps=())
    mail.replace_header("In-Reply-To", "<unknown@program.example>")

    send(office, mail)

    assert alerts(office) == ["sent_unclear"]
    assert office.state() is S.UNDER_REVIEW


def test_other_mail_of_staff_is_nothing_to_us(office: Office) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = JANE, "x@y.example", "Lunch?"
    mail["Message-ID"] = "<lunch@program.example>"
    mail.set_content("At noon.")
    before = office.store.stats.counts()

    send(office, mail)

    assert office.store.stats.counts() == before


def test_a_copy_that_the_relay_keeps_is_nothing_to_us(office: Office) -> None:
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )
    office.run()
    copy = message_from_bytes(office.emails[-1].raw, policy=policy.default)
    assert isinstance(copy, EmailMessage)
    before = office.store.claims.events(1)

    send(office, copy)

    assert office.store.claims.events(1) == before
    assert alerts(office) == []


# -- the watch ----------------------------------------------------------------------


@dataclass
class AwaySentBox(SentBox):
    """A sent folder that is away at the first look and stops the watch at the next."""

    stop: threading.Event = field(default_factory=threading.Event)
    looks: int = 0

    def look(self, cursor: SentCursor | None) -> SentLook:
        self.looks += 1
        if self.looks == 1:
            raise RetryLater("sent_unreachable")
        self.stop.set()
        return super().look(cursor)


def test_the_watch_waits_an_outage_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_watch, "LOOK_EVERY", timedelta(milliseconds=1))
    box = AwaySentBox()
    office.parts.__dict__["sent_folder"] = box

    SentWatch(office.parts).run(box.stop)

    assert box.looks == 2


def test_without_a_setting_nothing_is_looked_at(office: Office) -> None:
    del office.parts.__dict__["sent_folder"]

    assert office.parts.sent_folder is None
    assert SentWatch(office.parts).look() == 0
